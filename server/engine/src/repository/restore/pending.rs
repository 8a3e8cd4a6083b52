//! A file whose content is on its way.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustic_core::repofile::Metadata;

use super::{Job, folder::Folder, metadata};
use crate::{
    RepositoryError,
    source::{TreePath, words},
};

/// A file that is being restored. It has a temporary name until its last blob is written; dropped before,
/// it leaves nothing behind.
pub(super) struct PendingFile {
    pub(super) folder: Folder,
    pub(super) name: OsString,
    /// Its path in the snapshot.
    pub(super) path: TreePath,
    pub(super) metadata: Metadata,
    pub(super) size: u64,
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
        name: OsString,
        path: TreePath,
        metadata: Metadata,
        size: u64,
        blobs: usize,
    ) -> Self {
        let state = Mutex::new(State { file: None, blobs_left: blobs, failed: false });
        Self { folder, name, path, metadata, size, state }
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
            content.map_or(Ok(()), |content| file.write_all_at(content, offset))
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
            let placed = self.folder.place(temporary, &self.name, job.on_conflict)?;
            if placed {
                state.file = None;
            }
            Ok(placed)
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

/// Whether the whole target has this trouble: it is full, broken or read-only.
pub(super) fn is_about_the_target(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let broken = error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error());
    broken || matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
}

pub(super) fn could_not_be_written(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => "a folder of this name is in the way".into(),
        _ => format!("it could not be written: {}", words(error)),
    }
}
