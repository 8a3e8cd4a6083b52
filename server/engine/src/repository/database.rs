//! From a snapshot's dump into a database.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{
    DatabaseRestore, EntryKind, FileDownload, Repository, RepositoryError, RestoreReport, RestoreWarning, Result,
    SnapshotId, blocking::blocking,
};
use crate::{
    DatabaseTarget, Progress,
    postgres::{Properties, Restored, Restoring, SUFFIX, Stop, file_name, properties_name, restore_from},
};

/// Bytes of a file with a database's properties.
const MOST_OF_PROPERTIES: u64 = 1 << 20;

pub(super) async fn restore(
    repository: &Repository,
    request: DatabaseRestore,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<RestoreReport> {
    // A child, so that the program also ends when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let DatabaseRestore { snapshot, database, target, tools } = request;
    let repository = Repository(repository.0.for_run(&stop, &progress));
    let opened = async {
        let dump = open_dump(&repository, &snapshot, &database.database).await?;
        let properties = properties(&repository, &snapshot, &dump.name).await?;
        Ok::<_, RepositoryError>((dump, properties))
    };
    let (dump, properties) = tokio::select! {
        () = stop.cancelled() => return Err(RepositoryError::Cancelled),
        opened = opened => opened?,
    };
    progress.total(1, dump.size);
    let name = match &target {
        DatabaseTarget::New { name, .. } => name.clone(),
        DatabaseTarget::Original => database.database.clone(),
    };
    let ended = Stop { token: stop.clone(), runtime: Handle::current() };
    let restoring = tokio::select! {
        () = stop.cancelled() => return Err(RepositoryError::Cancelled),
        restoring = restore_from(&database, (target, properties), &tools, &ended) => restoring?,
    };
    let size = dump.size;
    let (restoring, fed) = feed(restoring, dump, progress.clone(), stop.clone()).await?;
    let completed = match fed {
        _ if stop.is_cancelled() => Err(RepositoryError::Cancelled),
        Ok(restored) => restoring.complete().await.map(|more| (restored, more)).map_err(RepositoryError::from),
        Err(error) => Err(error),
    };
    let (Restored { warnings, ignored_errors }, more) = match completed {
        Ok(completed) => completed,
        Err(error) => {
            restoring.abandon().await;
            return Err(error);
        }
    };
    progress.advance(1, 0);
    let warnings = more.into_iter().chain(warnings).map(|message| RestoreWarning { path: name.clone(), message });
    Ok(RestoreReport {
        files: 1,
        bytes: size,
        warnings: warnings.collect(),
        ignored_errors,
        ..RestoreReport::default()
    })
}

/// The dump of the database, or else the only one in the snapshot: the database may have had another name.
async fn open_dump(repository: &Repository, snapshot: &SnapshotId, database: &str) -> Result<FileDownload> {
    let entries = repository.entries(snapshot, "", 0, 3).await?.entries;
    let mut dumps = entries.iter().filter(|entry| entry.kind == EntryKind::File && entry.name.ends_with(SUFFIX));
    if let (..=2, Some(only), None) = (entries.len(), dumps.next(), dumps.next()) {
        return repository.open_file(snapshot, &only.path).await;
    }
    repository.open_file(snapshot, &file_name(database)).await.map_err(|error| match error {
        RepositoryError::NoSuchPath { .. } | RepositoryError::NotAFile { .. } => RepositoryError::NoDump,
        error => error,
    })
}

/// What the snapshot tells of the database beside its dump. Those of earlier versions tell nothing.
async fn properties(repository: &Repository, snapshot: &SnapshotId, dump: &str) -> Result<Option<Properties>> {
    let mut file = match repository.open_file(snapshot, &properties_name(dump)).await {
        Ok(file) if file.size <= MOST_OF_PROPERTIES => file,
        Ok(_) | Err(RepositoryError::NoSuchPath { .. } | RepositoryError::NotAFile { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut json = Vec::new();
    while let Some(part) = file.stream.next().await {
        json.extend_from_slice(&part?);
    }
    Ok(Properties::from_json(&json))
}

/// Feeds the dump into the program and waits for its end: what could not be restored as it was.
async fn feed(
    mut restoring: Restoring,
    dump: FileDownload,
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
) -> Result<(Restoring, Result<Restored>)> {
    let runtime = Handle::current();
    blocking(move || {
        let mut stream = dump.stream;
        let mut feeder = restoring.feeder();
        let next = || {
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => Some(Err(RepositoryError::Cancelled)),
                    part = stream.next() => part,
                }
            })
        };
        for part in std::iter::from_fn(next) {
            match part {
                Ok(part) if feeder(&part) => progress.advance(0, part.len() as u64),
                // It has ended before it had all; why it did it says itself.
                Ok(_) => break,
                // It must not take what it has for the whole.
                Err(error) => return Ok((restoring, Err(error))),
            }
        }
        drop(feeder);
        let ended = restoring.wait().map_err(RepositoryError::from);
        Ok((restoring, ended))
    })
    .await
}
