//! Taking a snapshot.

use std::{path::PathBuf, sync::Arc};

use chrono::Utc;
use rustic_core::{
    OpenStatus, SnapshotOptions, TreeId,
    jiff::{Unit, Zoned},
    repofile::SnapshotFile,
};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    DatabaseDump, FileTotals, Inner, RepositoryError, Result, SnapshotReport, SnapshotRequest, SnapshotSource,
    backup::{Archived, Ground},
    blocking::blocking,
    fault::repository_error,
    open::{self, Library},
    opening,
    remarks::Remarks,
    storage::Storage,
};
use crate::{
    DirectorySource, Patterns, Progress,
    postgres::{DumpReader, Stop},
    source::DirectoryReader,
};

pub(super) async fn snapshot(
    repository: Arc<Inner>,
    request: SnapshotRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<SnapshotReport> {
    // A child, so that the source and the uploads also end when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let repository = repository.for_run(&stop, &progress);
    let mut storage = Storage::of(&repository, stop.clone())?;
    storage.permit = request.permit.clone();
    let storage = Arc::new(storage);
    let run = Run { progress, stop, storage };
    tokio::select! {
        () = run.stop.cancelled() => return Err(RepositoryError::Cancelled),
        checked = opening::check(&repository) => checked?,
    }
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
pub(super) struct Run {
    pub(super) progress: Arc<dyn Progress>,
    pub(super) stop: CancellationToken,
    pub(super) storage: Arc<Storage>,
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
        open::open(self.storage.clone(), &repository.key, repository.cache())
    }
}

fn directory_snapshot(
    repository: &Inner,
    request: &SnapshotRequest,
    directory: &DirectorySource,
    patterns: Patterns,
    run: &Run,
) -> Result<SnapshotReport> {
    let source = DirectoryReader::new(directory, patterns, run.progress.clone(), run.stop.clone())
        .map_err(RepositoryError::Source)?;
    let library = run.library(repository)?;
    // The tree holds paths relative to the source, the snapshot its absolute path: as `restic backup .` does.
    let mut draft = Draft::new(request, directory.path().to_string_lossy().into_owned())?;
    let parent = draft.find_parent(&library)?;
    let archived = Ground::prepare(&library, &repository.key)?.directory(run, &source, parent)?;
    opening::check_in(&run.storage, repository)?;
    let remarks = Remarks::of(source.report().take());
    draft.file.description = remarks.to_text();
    Ok(remarks.report(draft.save(&library, run, archived)?))
}

async fn start_dump(dump: &DatabaseDump, request: &SnapshotRequest, stop: &CancellationToken) -> Result<DumpReader> {
    let ended = Stop { token: stop.clone(), runtime: Handle::current() };
    tokio::select! {
        () = stop.cancelled() => Err(RepositoryError::Cancelled),
        started = DumpReader::start(&dump.database, &dump.tools, (&request.include, &request.exclude), &ended) => started,
    }
}

/// The snapshot is written only after `pg_dump` has ended well.
fn database_snapshot(
    repository: &Inner,
    request: &SnapshotRequest,
    dump: &DumpReader,
    run: &Run,
) -> Result<SnapshotReport> {
    let library = run.library(repository)?;
    let draft = Draft::new(request, PathBuf::from("/").join(dump.name()).to_string_lossy().into_owned())?;
    let internal = |detail: String| RepositoryError::Internal { detail };
    let output = dump.output().ok_or_else(|| internal("the dump was read already".into()))?;
    let archived = Ground::prepare(&library, &repository.key)?.stream(run, output, dump.node(), dump.properties());
    // What became of `pg_dump` says more than that its output was not saved.
    let archived = match (archived, dump.size()) {
        (Err(RepositoryError::Internal { .. }), Err(error)) => return Err(error.into()),
        (archived, _) => archived?,
    };
    if archived.summary.total_bytes_processed != dump.size()? {
        return Err(internal(tr!("the dump was not saved whole")));
    }
    opening::check_in(&run.storage, repository)?;
    let mut report = draft.save(&library, run, archived)?;
    (report.unreadable, report.unmatched_exclude) = (dump.missing(), dump.unmatched_exclude());
    run.progress.advance(1, 0);
    Ok(report)
}

/// A snapshot that is being made.
struct Draft {
    file: SnapshotFile,
    started: chrono::DateTime<Utc>,
}

impl Draft {
    fn new(request: &SnapshotRequest, path: String) -> Result<Self> {
        let started = Utc::now();
        let mut options = SnapshotOptions::default();
        options.label = Some(request.label.clone());
        options.host = Some(request.host.clone());
        // By default the library records the whole command line, which may hold secrets.
        options.command = Some("holdfast".into());
        for tag in &request.tags {
            options = options.add_tags(tag).map_err(|error| repository_error(&error))?;
        }
        let mut file = options.to_snapshot().map_err(|error| repository_error(&error))?;
        file.program_version = concat!("holdfast ", env!("CARGO_PKG_VERSION")).into();
        file.paths.add(path);
        Ok(Self { file, started })
    }

    /// Snapshots of the same host and directory build on each other, whatever their labels and tags: the newest one
    /// is this one's parent. Gives its root.
    fn find_parent(&mut self, library: &Library<OpenStatus>) -> Result<Option<TreeId>> {
        let snapshots = library.get_all_snapshots().map_err(|error| repository_error(&error))?;
        let alike = |other: &SnapshotFile| other.hostname == self.file.hostname && other.paths == self.file.paths;
        let Some(parent) = snapshots.into_iter().filter(alike).max() else { return Ok(None) };
        self.file.parent = Some(parent.id);
        self.file.parents = vec![parent.id];
        Ok(Some(parent.tree))
    }

    /// Writes the snapshot, after all that is in it.
    fn save(self, library: &Library<OpenStatus>, run: &Run, archived: Archived) -> Result<SnapshotReport> {
        let Self { mut file, started } = self;
        let Archived { root, mut summary } = archived;
        summary.command = "holdfast".into();
        summary.backup_start = file.time.clone();
        summary.backup_end = Zoned::now();
        let span = summary.backup_end.since(&summary.backup_start).and_then(|span| span.total(Unit::Second));
        summary.backup_duration = span.unwrap_or_default();
        summary.total_duration = summary.backup_duration;
        let (files, bytes) = (summary.total_files_processed, summary.total_bytes_processed);
        let added_bytes = summary.data_added_packed;
        file.tree = root;
        file.summary = Some(summary);
        library.save_snapshots(vec![file]).map_err(|error| repository_error(&error))?;
        Ok(SnapshotReport {
            snapshot: run.storage.last_snapshot()?,
            files,
            bytes,
            added_bytes,
            unreadable: Vec::new(),
            changed: Vec::new(),
            changed_files: 0,
            unmatched: Vec::new(),
            too_large: FileTotals::default(),
            left_out: Vec::new(),
            unmatched_exclude: Vec::new(),
            started,
            finished: Utc::now(),
        })
    }
}
