//! Taking a snapshot.

use std::{path::PathBuf, sync::Arc};

use chrono::Utc;
use rustic_core::{
    BackupOptions, IndexedIds, OpenStatus, ReadSource, RusticError, SnapshotOptions, repofile::SnapshotFile,
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    DatabaseDump, Inner, RepositoryError, Result, SnapshotReport, SnapshotRequest, SnapshotSource, Unreadable,
    blocking::blocking,
    fault::repository_error,
    open::{self, Library},
    sized,
    storage::Storage,
    types::SnapshotId,
    watched::Watched,
};
use crate::{
    DirectorySource, Patterns, Progress,
    postgres::{DumpReader, Stop},
    source::DirectoryReader,
};

/// Snapshots of the same host and directory build on each other, whatever their labels and tags.
const PARENT: &str = "host,paths";

pub(super) async fn snapshot(
    repository: Arc<Inner>,
    request: SnapshotRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<SnapshotReport> {
    // A child, so that the source and the uploads also end when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let mut storage = Storage::new(repository.location.clone(), stop.clone());
    storage.permit = request.permit.clone();
    let storage = Arc::new(storage);
    let run = Run { progress, stop, storage };
    match request.source.clone() {
        SnapshotSource::Directory(directory) => {
            let patterns = Patterns::new(&request.include, &request.exclude)?;
            run.archived(move |run| directory_snapshot(&repository, &request, &directory, patterns, run)).await
        }
        SnapshotSource::Database(dump) => {
            let dump = start_dump(&dump, &request, &run.stop).await?;
            run.archived(move |run| database_snapshot(&repository, &request, &dump, run)).await
        }
    }
}

/// What all parts of one backup share.
#[derive(Clone)]
struct Run {
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
    storage: Arc<Storage>,
}

impl Run {
    /// Does the blocking part.
    async fn archived(
        self,
        take: impl FnOnce(&Self) -> Result<SnapshotReport> + Send + 'static,
    ) -> Result<SnapshotReport> {
        blocking(move || {
            let taken = take(&self);
            // The library's own threads may still be at work after a failure: let nothing of theirs out.
            self.storage.uploads.close();
            match (self.storage.uploads.failure(), taken) {
                (Some(fault), Err(_)) => Err(fault.into()),
                (_, taken) => taken,
            }
        })
        .await
    }

    fn library(&self, repository: &Inner) -> Result<Library<OpenStatus>> {
        let progress = Watched::counting(self.progress.clone());
        open::open_watched(self.storage.clone(), &repository.key, repository.cache(), progress)
    }

    /// A cancelled run fails in many ways; what it was is what counts.
    fn outcome<T>(&self, outcome: std::result::Result<T, Box<RusticError>>) -> Result<T> {
        match outcome {
            Err(_) if self.stop.is_cancelled() => Err(RepositoryError::Cancelled),
            outcome => outcome.map_err(|error| repository_error(&error)),
        }
    }
}

fn directory_snapshot(
    repository: &Inner,
    request: &SnapshotRequest,
    directory: &DirectorySource,
    patterns: Patterns,
    run: &Run,
) -> Result<SnapshotReport> {
    let started = Utc::now();
    let source = DirectoryReader::new(directory, patterns, run.progress.clone(), run.stop.clone())
        .map_err(RepositoryError::Source)?;
    let library = run.library(repository)?.to_indexed_ids().map_err(|error| repository_error(&error))?;
    // The tree holds paths relative to the source, the snapshot its absolute path: as `restic backup .` does.
    let path = PathBuf::from(directory.path().to_string_lossy().into_owned());
    let file = run.outcome(archive(&library, request, &source, path))?;
    let summary = file.summary.unwrap_or_default();
    let (mut unreadable, changed) = source.report().take();
    // The library passes over a file's failure with a line in the log. All of them should be known to us;
    // should one not be, the backup must not look complete.
    let lost = source.handed_over().saturating_sub(summary.total_files_processed);
    if lost > 0 {
        unreadable.push(Unreadable { path: String::new(), cause: format!("{lost} more could not be saved") });
    }
    Ok(SnapshotReport {
        snapshot: SnapshotId::from(file.id),
        files: summary.total_files_processed,
        bytes: summary.total_bytes_processed,
        added_bytes: summary.data_added_packed,
        unreadable,
        changed,
        started,
        finished: Utc::now(),
    })
}

async fn start_dump(dump: &DatabaseDump, request: &SnapshotRequest, stop: &CancellationToken) -> Result<DumpReader> {
    let ended = Stop { token: stop.clone(), runtime: Handle::current() };
    tokio::select! {
        () = stop.cancelled() => Err(RepositoryError::Cancelled),
        started = DumpReader::start(&dump.database, &dump.tools, (&request.include, &request.exclude), &ended) => started,
    }
}

/// The snapshot is written only after `pg_dump` has ended well: the library would take a broken dump for a file that
/// could not be read, and go on.
fn database_snapshot(
    repository: &Inner,
    request: &SnapshotRequest,
    dump: &DumpReader,
    run: &Run,
) -> Result<SnapshotReport> {
    let started = Utc::now();
    run.storage.withhold_snapshots(true);
    let library = run.library(repository)?.to_indexed_ids().map_err(|error| repository_error(&error))?;
    let file = run.outcome(archive(&library, request, dump, PathBuf::from("/").join(dump.name())))?;
    if run.stop.is_cancelled() {
        return Err(RepositoryError::Cancelled);
    }
    let bytes = dump.size()?;
    let summary = file.summary.clone().unwrap_or_default();
    if (summary.total_files_processed, summary.total_bytes_processed) != (1, bytes) {
        return Err(RepositoryError::Internal { detail: "the dump was not saved whole".into() });
    }
    // Its folder is in the index only now.
    let library = run.outcome(library.drop_index().to_indexed_ids())?;
    let root = run.outcome(library.get_tree(&file.tree))?;
    let file = sized::set_size(&run.storage, &repository.key, root, file, bytes)?;
    run.storage.withhold_snapshots(false);
    run.outcome(library.save_snapshots(vec![file]))?;
    run.progress.advance(1, 0);
    Ok(SnapshotReport {
        snapshot: run.storage.last_snapshot()?,
        files: 1,
        bytes,
        added_bytes: summary.data_added_packed,
        unreadable: Vec::new(),
        changed: Vec::new(),
        started,
        finished: Utc::now(),
    })
}

fn archive<S: IndexedIds, R>(
    library: &Library<S>,
    request: &SnapshotRequest,
    source: &R,
    path: PathBuf,
) -> std::result::Result<SnapshotFile, Box<RusticError>>
where
    R: ReadSource<Open: Send, Iter: Send> + 'static,
{
    let mut options = SnapshotOptions::default();
    options.label = Some(request.label.clone());
    options.host = Some(request.host.clone());
    // By default the library records the whole command line, which may hold secrets.
    options.command = Some("holdfast".into());
    for tag in &request.tags {
        options = options.add_tags(tag)?;
    }
    let mut file = options.to_snapshot()?;
    file.program_version = concat!("holdfast ", env!("CARGO_PKG_VERSION")).into();

    let mut backup = BackupOptions::default();
    backup.parent_opts.group_by = PARENT.parse().ok();
    library.archive(&backup, source, file, &[path])
}
