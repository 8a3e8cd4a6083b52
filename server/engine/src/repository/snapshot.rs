//! Taking a snapshot.

use std::{fmt, path::PathBuf, sync::Arc};

use chrono::Utc;
use rustic_core::{
    BackupOptions, ProgressBars, ProgressType, RusticError, RusticProgress, SnapshotOptions, repofile::SnapshotFile,
};
use tokio_util::sync::CancellationToken;

use super::{
    Inner, RepositoryError, Result, SnapshotReport, SnapshotRequest, Unreadable,
    blocking::blocking,
    fault::repository_error,
    open::{self, Library},
    storage::Storage,
    types::SnapshotId,
};
use crate::{Patterns, Progress, source::DirectoryReader};

/// Snapshots of the same host and directory build on each other, whatever their labels and tags.
const PARENT: &str = "host,paths";

pub(super) async fn snapshot(
    repository: Arc<Inner>,
    request: SnapshotRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<SnapshotReport> {
    let patterns = Patterns::new(&request.include, &request.exclude)?;
    // A child, so that the walk and the uploads also end when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let mut storage = Storage::new(repository.location.clone(), stop.clone());
    storage.permit = request.permit.clone();
    let storage = Arc::new(storage);
    blocking(move || {
        let taken = take(&repository, &request, patterns, progress, storage.clone(), stop);
        // The library's own threads may still be at work after a failure: let nothing of theirs out.
        storage.uploads.close();
        match (storage.uploads.failure(), taken) {
            (Some(fault), Err(_)) => Err(fault.into()),
            (_, taken) => taken,
        }
    })
    .await
}

fn take(
    repository: &Inner,
    request: &SnapshotRequest,
    patterns: Patterns,
    progress: Arc<dyn Progress>,
    storage: Arc<Storage>,
    stop: CancellationToken,
) -> Result<SnapshotReport> {
    let started = Utc::now();
    let source = DirectoryReader::new(&request.source, patterns, progress.clone(), stop.clone())
        .map_err(RepositoryError::Source)?;
    let library = open::open_watched(storage, &repository.key, repository.cache(), BytesRead(progress))?
        .to_indexed_ids()
        .map_err(|error| repository_error(&error))?;
    let taken = archive(&library, request, &source);
    if stop.is_cancelled() && taken.is_err() {
        return Err(RepositoryError::Cancelled);
    }
    let file = taken.map_err(|error| repository_error(&error))?;
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

fn archive<S: rustic_core::IndexedIds>(
    library: &Library<S>,
    request: &SnapshotRequest,
    source: &DirectoryReader,
) -> std::result::Result<SnapshotFile, Box<RusticError>> {
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
    // The tree holds paths relative to the source, the snapshot its absolute path: as `restic backup .` does.
    let path = PathBuf::from(request.source.path().to_string_lossy().into_owned());
    library.archive(&backup, source, file, &[path])
}

/// The library's progress bars, of which one counts the bytes read.
pub(super) struct BytesRead(Arc<dyn Progress>);

impl fmt::Debug for BytesRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BytesRead")
    }
}

impl ProgressBars for BytesRead {
    fn progress(&self, kind: ProgressType, _title: &str) -> rustic_core::Progress {
        match kind {
            ProgressType::Bytes => rustic_core::Progress::new(Self(self.0.clone())),
            ProgressType::Spinner | ProgressType::Counter => rustic_core::Progress::hidden(),
        }
    }
}

impl RusticProgress for BytesRead {
    fn is_hidden(&self) -> bool {
        false
    }
    fn set_length(&self, _bytes: u64) {}
    fn set_title(&self, _title: &str) {}
    fn inc(&self, bytes: u64) {
        self.0.advance(0, bytes);
    }
    fn finish(&self) {}
}
