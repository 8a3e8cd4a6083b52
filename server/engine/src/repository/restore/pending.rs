//! A file whose content is on its way.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustic_core::repofile::Metadata;
use rustix::fs::fstat;

use super::{super::segments::is_zero, Job, folder::Folder, links::First, metadata};
use crate::{
    RepositoryError,
    source::{Identity, TreePath, words},
};

/// A file that is being restored. It has a temporary name until its last blob is written; dropped before,
/// it leaves nothing behind.
pub(super) struct PendingFile {
    folder: Folder,
    /// Its path in the snapshot.
    path: TreePath,
    metadata: Metadata,
    size: u64,
    /// Where it has further names: who wants to know where it is.
    first: Option<Arc<First>>,
    state: Mutex<State>,
}

struct State {
    /// Made with the first blob.
    file: Option<(OsString, Arc<File>)>,
    blobs_left: usize,
    failed: bool,
}

impl PendingFile {
    pub(super) fn new(
        folder: Folder,
        path: TreePath,
        metadata: Metadata,
        (size, blobs): (u64, usize),
        first: Option<Arc<First>>,
    ) -> Self {
        let state = Mutex::new(State { file: None, blobs_left: blobs, failed: false });
        Self { folder, path, metadata, size, first, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no use in writing more.
    pub(super) fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// Gives the file up, with a warning the first time.
    pub(super) fn fail(&self, job: &Job<'_>, message: &str) {
        if !std::mem::replace(&mut self.state().failed, true) {
            job.warn(&self.path, message);
        }
    }

    /// Writes one blob, or none where it holds nothing but zeros; the last one completes the file.
    pub(super) fn write(&self, job: &Job<'_>, content: Option<&[u8]>, offset: u64) -> Result<(), RepositoryError> {
        if self.has_failed() {
            return Ok(());
        }
        let written = self.opened().and_then(|file| {
            // The file has its full size already: what is not written of it is a hole that reads as zeros.
            content.map_or(Ok(()), |content| write_data(&file, content, offset))
        });
        if let Err(error) = written {
            return self.could_not(job, error);
        }
        let mut state = self.state();
        state.blobs_left -= 1;
        let complete = state.blobs_left == 0;
        drop(state);
        if complete { self.complete(job) } else { Ok(()) }
    }

    fn opened(&self) -> io::Result<Arc<File>> {
        let mut state = self.state();
        if let Some((_, file)) = &state.file {
            return Ok(file.clone());
        }
        let (name, file) = self.folder.temporary_file()?;
        let file = Arc::new(file);
        state.file = Some((name, file.clone()));
        file.set_len(self.size)?;
        Ok(file)
    }

    /// Gives the file its properties and its name.
    pub(super) fn complete(&self, job: &Job<'_>) -> Result<(), RepositoryError> {
        let placed = self.opened().and_then(|file| {
            metadata::apply(job, &*file, &self.path, &self.metadata);
            let mut state = self.state();
            let Some((temporary, _)) = &state.file else { return Ok(false) };
            let placed = self.folder.place(temporary, self.path.name(), job.on_conflict)?;
            if let Some(name) = &placed {
                state.file = None;
                if let Some(first) = &self.first {
                    first.place(name.clone(), Identity::from(&fstat(&*file)?));
                }
            }
            Ok(placed.is_some())
        });
        match placed {
            Ok(true) => job.restored(self.size),
            Ok(false) => job.skip(0),
            Err(error) => return self.could_not(job, error),
        }
        Ok(())
    }

    /// An error of this file alone is a warning; one that every further file would meet too ends the restore.
    fn could_not(&self, job: &Job<'_>, error: io::Error) -> Result<(), RepositoryError> {
        if is_about_the_target(&error) {
            return Err(RepositoryError::Target(error));
        }
        self.fail(job, &could_not_be_written(&error));
        Ok(())
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Some((temporary, _)) = self.state().file.take()
            && let Err(error) = self.folder.remove(&temporary)
        {
            tracing::warn!(path = self.path.shown(), %error, "an incomplete restored file could not be removed");
        }
    }
}

/// Bytes of zeros, at a multiple of them, in whose place a hole is made. Smaller ones would scatter files over the disk.
const HOLE: usize = 64 << 10;

/// Writes all of `content` that is to be no hole.
fn write_data(file: &File, content: &[u8], offset: u64) -> io::Result<()> {
    let before_first = usize::try_from(offset.next_multiple_of(HOLE as u64) - offset).unwrap_or_default();
    let (first, rest) = content.split_at(before_first.min(content.len()));
    let (mut begin, mut end) = (0, first.len());
    for block in rest.chunks(HOLE) {
        if block.len() == HOLE && is_zero(block) {
            file.write_all_at(&content[begin..end], offset + begin as u64)?;
            begin = end + HOLE;
        }
        end += block.len();
    }
    file.write_all_at(&content[begin..], offset + begin as u64)
}

/// Whether the whole target has this trouble: it is full, broken or read-only.
pub(super) fn is_about_the_target(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let broken = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    broken || matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
}

pub(super) fn could_not_be_written(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => tr!("a folder of this name is in the way"),
        _ => tr!("it could not be written: {}", words(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::{HOLE, write_data};

    #[test]
    fn stretches_of_zeros_become_holes_wherever_a_piece_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for offset in [0, 1, HOLE - 1, HOLE, HOLE + 77] {
            let file = std::fs::File::create(&path).unwrap();
            let mut content = vec![0; 20 * HOLE + 5];
            for at in [0, 3 * HOLE + 100, 20 * HOLE + 4] {
                content[at] = 1;
            }
            file.set_len((offset + content.len()) as u64).unwrap();
            write_data(&file, &content, offset as u64).unwrap();
            let read = std::fs::read(&path).unwrap();
            assert!(read[..offset].iter().all(|byte| *byte == 0) && read[offset..] == content, "{offset}");
            let taken = path.metadata().unwrap().blocks() * 512;
            assert!(taken <= 5 * HOLE as u64, "{offset}: {taken} bytes");
        }
    }
}
