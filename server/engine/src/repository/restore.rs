//! Restoring files into a directory.
//!
//! The library's own restore holds what twenty threads read and knows no conflicts. This one walks the
//! snapshot's folders, decides about each entry, and collects files into batches; a batch's blobs are read
//! in the order in which they lie in their packs, by a few threads, and written where they belong, while the next
//! batch is collected.

mod batch;
mod folder;
mod links;
mod metadata;
mod pending;
mod selection;
mod space;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use rustic_core::{IndexedFullStatus, TreeId};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use self::{batch::Batch, folder::Folder, selection::Selection, walk::Walk};
use super::{
    Inner, OnConflict, Property, RepositoryError, RestoreReport, RestoreRequest, RestoreWarning, Result, Unset,
    blocking::blocking, location::Location, open::Library, reader::Reader, seal::Sealer,
};
use crate::{
    Owners, Progress,
    source::{Barriers, OwnerNumbers, TreePath},
};

/// More warnings than this help nobody.
const MOST_WARNINGS: usize = 10_000;
/// Files that are named which lack a property for one cause.
const MOST_EXAMPLES: usize = 10;

pub(super) async fn restore(
    repository: Arc<Inner>,
    request: RestoreRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<RestoreReport> {
    // A child, so that the work also ends when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let repository = repository.for_run(&stop, &progress);
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
    space::check(&reader, request, (snapshot.tree, snapshot.summary.as_ref()), &selection, &stop)?;
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
        owners: (request.target.owners == Owners::ByName).then(OwnerNumbers::default),
        barriers: request.target.barriers.clone(),
        target,
        report: Mutex::default(),
        unset: Mutex::default(),
    };
    restore_all(&job, &reader, snapshot.tree, selection)?;
    let unset = job.unset.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect();
    Ok(RestoreReport { unset, ..job.report.into_inner().unwrap_or_else(PoisonError::into_inner) })
}

fn restore_all(job: &Job<'_>, reader: &Reader, root: TreeId, selection: Selection) -> Result<()> {
    thread::scope(|scope| {
        // Without room: one batch is worked on, and one is collected.
        let (batches, collected) = mpsc::sync_channel::<Batch>(0);
        let work = scope.spawn(|| collected.into_iter().try_for_each(|batch| batch.run(job)));
        let walked = Walk::new((job, reader), selection, batches).and_then(|walk| walk.run(root));
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
    /// Where owners are restored by name.
    owners: Option<OwnerNumbers>,
    barriers: Arc<Barriers>,
    target: Folder,
    report: Mutex<RestoreReport>,
    unset: Mutex<BTreeMap<(Property, String), Unset>>,
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

    /// A file lacks properties, each for a cause.
    fn unset(&self, path: &TreePath, lacking: BTreeSet<(Property, String)>) {
        if lacking.is_empty() {
            return;
        }
        let mut all = self.unset.lock().unwrap_or_else(PoisonError::into_inner);
        for (property, cause) in lacking {
            let none = || Unset { property, cause: cause.clone(), files: 0, examples: Vec::new() };
            let unset = all.entry((property, cause.clone())).or_insert_with(none);
            unset.files += 1;
            if unset.examples.len() < MOST_EXAMPLES {
                unset.examples.push(path.shown());
            }
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

    /// A file has one more name.
    fn linked(&self, size: u64) {
        self.restored(size);
        self.progress.advance(0, size);
    }

    fn check(&self) -> Result<()> {
        if self.stop.is_cancelled() { Err(RepositoryError::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
