//! Restoring files into a directory.
//!
//! The library's own restore holds what twenty threads read and knows no conflicts. This one walks the
//! snapshot's folders, decides about each entry, and collects files into batches; a batch's blobs are read
//! in the order in which they lie in their packs, by a few threads, and written where they belong, while the next
//! batch is collected.

mod batch;
mod folder;
mod metadata;
mod pending;
mod selection;
mod walk;

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use rustic_core::{IndexedFullStatus, TreeId};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use self::{batch::Batch, folder::Folder, selection::Selection, walk::Walk};
use super::{
    Inner, OnConflict, RepositoryError, RestoreReport, RestoreRequest, RestoreWarning, Result, blocking::blocking,
    location::Location, open::Library, reader::Reader, seal::Sealer,
};
use crate::{
    Progress,
    source::{Barriers, TreePath},
};

/// More warnings than this help nobody.
const MOST_WARNINGS: usize = 10_000;

pub(super) async fn restore(
    repository: Arc<Inner>,
    request: RestoreRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<RestoreReport> {
    // A child, so that the work also ends when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    blocking(move || run(&repository, &request, progress, stop)).await
}

fn run(
    repository: &Inner,
    request: &RestoreRequest,
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
) -> Result<RestoreReport> {
    let reader = Reader::new(repository, stop.clone())?;
    let snapshot = reader.snapshot(&request.snapshot)?;
    let selection = Selection::new(&reader, snapshot.tree, &request.paths)?;
    let (files, bytes) = match snapshot.summary {
        Some(summary) if selection.is_everything() => (summary.total_files_processed, summary.total_bytes_processed),
        _ => selection.count(&reader, snapshot.tree, &stop)?,
    };
    progress.total(files, bytes);
    let target = Folder::make_all(&request.target).map_err(RepositoryError::Target)?;
    let job = Job {
        library: &reader.library,
        sealer: reader.sealer.clone(),
        location: &repository.location,
        runtime: Handle::current(),
        stop,
        progress,
        on_conflict: request.on_conflict,
        lending_bits: request.lending_bits,
        barriers: request.target.barriers.clone(),
        report: Mutex::default(),
    };
    restore_all(&job, &reader, snapshot.tree, selection, &target)?;
    Ok(job.report.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn restore_all(job: &Job<'_>, reader: &Reader, root: TreeId, selection: Selection, target: &Folder) -> Result<()> {
    thread::scope(|scope| {
        // Without room: one batch is worked on, and one is collected.
        let (batches, collected) = mpsc::sync_channel::<Batch>(0);
        let work = scope.spawn(|| collected.into_iter().try_for_each(|batch| batch.run(job)));
        let walked = Walk::new((job, reader), selection, target, batches).and_then(|walk| walk.run(root, target));
        // What stopped the work is why the walk could not go on.
        work.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        walked
    })
}

/// What all parts of one restore share.
struct Job<'a> {
    library: &'a Library<IndexedFullStatus>,
    sealer: Arc<Sealer>,
    location: &'a Location,
    runtime: Handle,
    stop: CancellationToken,
    progress: Arc<dyn Progress>,
    on_conflict: OnConflict,
    lending_bits: bool,
    barriers: Arc<Barriers>,
    report: Mutex<RestoreReport>,
}

impl Job<'_> {
    fn report(&self) -> std::sync::MutexGuard<'_, RestoreReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn warn(&self, path: &TreePath, message: impl Into<String>) {
        let mut report = self.report();
        if report.warnings.len() < MOST_WARNINGS {
            report.warnings.push(RestoreWarning { path: path.shown(), message: message.into() });
        }
    }

    /// Something was in the way and is kept.
    fn skip(&self, size: u64) {
        self.report().skipped += 1;
        self.progress.advance(1, size);
    }

    /// A file or link is in its place.
    fn restored(&self, size: u64) {
        let mut report = self.report();
        report.files += 1;
        report.bytes += size;
        drop(report);
        self.progress.advance(1, 0);
    }

    fn check(&self) -> Result<()> {
        if self.stop.is_cancelled() { Err(RepositoryError::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
