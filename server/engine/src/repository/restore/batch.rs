//! Files that are restored together.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustic_core::repofile::Metadata;

use super::{
    super::{
        RepositoryError, Result,
        segments::{Decoder, Segment, Segments, Wanted, fetch},
    },
    Job,
    folder::Folder,
    links::Link,
    metadata,
    pending::PendingFile,
    walk::repository_is_damaged,
};
use crate::source::TreePath;

/// Threads that read and write. Each holds a segment of some MiB, read and decoded.
const WORKERS: usize = 6;
/// A batch is full with this many blobs, bytes, open folders, or files of several blobs, which stay open. There are two
/// at a time.
const MOST_BLOBS: usize = 8192;
pub(super) const MOST_BYTES: u64 = 256 << 20;
const MOST_FOLDERS: usize = 96;
const MOST_OPEN_FILES: usize = 96;

/// Where a blob goes.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) file: Arc<PendingFile>,
    pub(super) offset: u64,
}

/// A folder all of whose entries are in this batch or an earlier one.
pub(super) struct FinishedFolder {
    pub(super) folder: Folder,
    pub(super) path: TreePath,
    pub(super) metadata: Metadata,
}

/// Work that is collected until there is enough of it to be done in a good order.
#[derive(Default)]
pub(super) struct Batch {
    blobs: Vec<Wanted<Place>>,
    bytes: u64,
    /// Further names of files in this batch or an earlier one.
    links: Vec<Link>,
    finished: Vec<FinishedFolder>,
    pub(super) folders: usize,
    pub(super) open_files: usize,
}

impl Batch {
    pub(super) fn add(&mut self, blob: Wanted<Place>) {
        // A hole of a sparse file is one blob again and again, which is read once.
        let again = self.blobs.last().is_some_and(|last| last.id == blob.id);
        self.bytes += if again { 0 } else { blob.length };
        self.blobs.push(blob);
    }

    /// It is made when the batch's files are complete.
    pub(super) fn link(&mut self, link: Link) {
        self.links.push(link);
    }

    /// Its mode and times are set when the batch is done.
    pub(super) fn finish(&mut self, folder: FinishedFolder) {
        // It stays open until then.
        self.folders += 1;
        self.finished.push(folder);
    }

    pub(super) fn is_full(&self) -> bool {
        self.blobs.len() >= MOST_BLOBS
            || self.bytes >= MOST_BYTES
            || self.links.len() >= MOST_BLOBS
            || self.folders >= MOST_FOLDERS
            || self.open_files >= MOST_OPEN_FILES
    }

    /// Writes all files of the batch, then gives them their further names and completes its folders.
    pub(super) fn run(self, job: &Job<'_>) -> Result<()> {
        let mut blobs = self.blobs;
        blobs.sort_by_key(|blob| (blob.pack, blob.range.start));
        let segments = Segments::new(blobs.into_iter());
        work(job, segments)?;
        for link in self.links {
            job.check()?;
            link.run(job)?;
        }
        for folder in self.finished {
            metadata::apply(job, &folder.folder, &folder.path, &folder.metadata);
        }
        Ok(())
    }
}

/// Lets the workers share `segments`. The first failure ends them all.
fn work(job: &Job<'_>, segments: impl Iterator<Item = Segment<Place>> + Send) -> Result<()> {
    let queue = Mutex::new(segments);
    let failure: Mutex<Option<RepositoryError>> = Mutex::new(None);
    let next = || {
        let failed = failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if failed { None } else { queue.lock().unwrap_or_else(PoisonError::into_inner).next() }
    };
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let restored = Decoder::new(job.sealer.clone()).and_then(|mut decoder| {
                    while let Some(segment) = next() {
                        restore_segment(job, &mut decoder, segment)?;
                    }
                    Ok(())
                });
                if let Err(error) = restored {
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            });
        }
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

fn restore_segment(job: &Job<'_>, decoder: &mut Decoder, segment: Segment<Place>) -> Result<()> {
    job.check()?;
    let read = job.runtime.block_on(async {
        tokio::select! {
            biased;
            () = job.stop.cancelled() => Err(RepositoryError::Cancelled),
            read = fetch(job.location, &segment.pack, segment.range) => read,
        }
    });
    let piece = match read {
        Ok(piece) => piece,
        Err(RepositoryError::Damaged { detail }) => {
            let (files, cause) = (segment.blobs.iter().map(|blob| &blob.purpose.file), repository_is_damaged(&detail));
            files.for_each(|file| file.fail(job, &cause));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for blob in segment.blobs {
        let content = match decoder.decode(&piece, &blob) {
            Ok(content) => content,
            Err(RepositoryError::Damaged { detail }) => {
                blob.purpose.file.fail(job, &repository_is_damaged(&detail));
                continue;
            }
            Err(error) => return Err(error),
        };
        let length = content.len() as u64;
        // A hole of a sparse file is one blob again and again, which is looked at once.
        let content = if decoder.is_zero() { None } else { Some(decoder.content()) };
        blob.purpose.file.write(job, content, blob.purpose.offset)?;
        job.progress.advance(0, length);
    }
    Ok(())
}
