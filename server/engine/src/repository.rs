//! A repository in the restic format (version 2) inside an S3 bucket.

mod archive;
mod backup;
mod blocking;
mod browse;
mod cache;
mod database;
mod download;
mod error;
mod fault;
mod growth;
mod inflate;
mod key;
mod links;
mod location;
mod nodes;
mod open;
mod opening;
mod prune;
mod reader;
mod remarks;
mod remove;
mod repair;
mod restore;
mod seal;
mod segments;
mod snapshot;
mod storage;
mod types;
mod uploads;
mod verify;
mod watched;
mod windows;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rustic_core::{
    FileType, TreeId,
    repofile::{MasterKey, SnapshotFile},
};
use tokio_util::sync::CancellationToken;

pub use self::{
    archive::{ArchiveFormat, FolderDownload},
    download::{FileDownload, FileStream},
    error::RepositoryError,
    growth::Grown,
    location::prefixes_collide,
    opening::{InvalidOpeningFiles, OpeningFiles},
    prune::{PruneReport, PruneRequest},
    remarks::Remarks,
    remove::RemoveRequest,
    repair::{RepairReport, RepairRequest},
    types::{
        DatabaseDump, DatabaseRestore, Entry, EntryKind, FileTotals, InvalidSnapshotId, Listing, OnConflict, Opened,
        Permit, Property, RepositoryConfig, RestoreReport, RestoreRequest, RestoreWarning, SnapshotId, SnapshotInfo,
        SnapshotReport, SnapshotRequest, SnapshotSource, Unreadable, Unset,
    },
    verify::{Damage, DamagedFile, DamagedKind, Part, VerifyReport},
};
use self::{
    blocking::blocking,
    fault::repository_error,
    location::Location,
    opening::{Opening, Unlocked},
    reader::Reader,
    storage::Storage,
};
use crate::{Progress, s3::Patience};

type Result<T> = std::result::Result<T, RepositoryError>;

/// An opened repository. Cheap to clone; clones share the index that browsing keeps in memory. No
/// connection or lock is held between calls, so other processes may use the repository at the same time.
#[derive(Clone)]
pub struct Repository(Arc<Inner>);

struct Inner {
    config: RepositoryConfig,
    location: Location,
    key: MasterKey,
    opening: Opening,
    reader: Mutex<Option<Arc<Reader>>>,
}

impl Inner {
    fn cache(&self) -> Option<&Path> {
        self.config.cache_dir.as_deref()
    }

    /// The same repository for one run, whose calls outlast a service that is away. It keeps no reader.
    fn for_run(&self, stop: &CancellationToken, progress: &Arc<dyn Progress>) -> Arc<Self> {
        let patience = Patience::new(self.config.longest_outage, stop.clone(), progress.clone());
        Arc::new(Self {
            config: self.config.clone(),
            location: self.location.patient(patience),
            key: self.key.clone(),
            opening: self.opening.clone(),
            reader: Mutex::default(),
        })
    }

    fn kept_reader(&self) -> std::sync::MutexGuard<'_, Option<Arc<Reader>>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader that knows `snapshot`, and its root. Blocks.
    fn reader(&self, snapshot: &SnapshotId) -> Result<(Arc<Reader>, TreeId)> {
        let kept = self.kept_reader().clone();
        if let Some(reader) = kept
            && let Some(root) = reader.root(snapshot)?
        {
            return Ok((reader, root));
        }
        let reader = Arc::new(Reader::new(self, CancellationToken::new())?);
        *self.kept_reader() = Some(reader.clone());
        let root = reader.root(snapshot)?.ok_or_else(|| no_root(snapshot))?;
        Ok((reader, root))
    }
}

/// What failed after a run was cancelled failed for that: its calls are given up where they are.
fn ended<T>(cancel: &CancellationToken, outcome: Result<T>) -> Result<T> {
    if outcome.is_err() && cancel.is_cancelled() { Err(RepositoryError::Cancelled) } else { outcome }
}

fn no_root(snapshot: &SnapshotId) -> RepositoryError {
    RepositoryError::Damaged { detail: tr!("the root folder of the snapshot {} is missing", snapshot) }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({}/{})", self.0.location.bucket, self.0.location.prefix)
    }
}

impl Repository {
    /// Opens a repository that exists.
    pub async fn open(config: RepositoryConfig) -> Result<Self> {
        let location = open::location(&config);
        let unlocked = opening::unlock(&location, &config).await?;
        Ok(Self::new(config, location, unlocked))
    }

    /// Opens a repository that exists, also where its bucket has lost the configuration or the keys: then with the `copy`
    /// of them. So opened, it can be looked into, restored from, verified and repaired; the repair writes them back.
    ///
    /// # Errors
    /// As [`Self::open`], where the copy does not help: it needs this password, or is another repository's than the one
    /// that is stored in this place.
    pub async fn open_with_copy(config: RepositoryConfig, copy: &OpeningFiles) -> Result<Self> {
        let location = open::location(&config);
        let unlocked = opening::unlock_with_copy(&location, &config, copy).await?;
        Ok(Self::new(config, location, unlocked))
    }

    /// Opens the repository, or makes one where there is none.
    pub async fn open_or_create(config: RepositoryConfig) -> Result<(Self, Opened)> {
        let location = open::location(&config);
        let (unlocked, opened) = match opening::unlock(&location, &config).await {
            Ok(unlocked) => (unlocked, Opened::Existing),
            Err(RepositoryError::NotFound { .. }) => open::create(&location, &config).await?,
            Err(error) => return Err(error),
        };
        Ok((Self::new(config, location, unlocked), opened))
    }

    fn new(config: RepositoryConfig, location: Location, unlocked: Unlocked) -> Self {
        let Unlocked { master: key, opening } = unlocked;
        Self(Arc::new(Inner { config, location, key, opening, reader: Mutex::default() }))
    }

    /// A copy of the configuration and the key files, as they are in the bucket now, to be kept elsewhere for
    /// [`Self::open_with_copy`].
    ///
    /// # Errors
    /// [`RepositoryError::OpeningFile`] where one of them is missing or damaged.
    pub async fn opening_files(&self) -> Result<OpeningFiles> {
        opening::copy(&self.0).await
    }

    /// Takes a snapshot. When this returns a report, the snapshot and all it needs are durable, and the configuration and
    /// the key that open the repository were in the bucket.
    ///
    /// Files that cannot be read do not end it; they are in the report. A dump that does not end well ends it. After `cancel`, or after any error,
    /// the repository holds the snapshots it held before, and at most some packs that no snapshot needs.
    /// A cancellation that comes when the snapshot is just being written is too late.
    pub async fn snapshot(
        &self,
        request: SnapshotRequest,
        progress: Arc<dyn Progress>,
        cancel: CancellationToken,
    ) -> Result<SnapshotReport> {
        // A connection to a database is large.
        ended(&cancel, Box::pin(snapshot::snapshot(self.0.clone(), request, progress, cancel.clone())).await)
    }

    /// All snapshots, the oldest first.
    pub async fn snapshots(&self) -> Result<Vec<SnapshotInfo>> {
        let repository = self.0.clone();
        blocking(move || {
            let storage = Arc::new(Storage::of(&repository, CancellationToken::new())?);
            let library = open::open(storage, &repository.key, repository.cache())?;
            let files = library.get_all_snapshots().map_err(|error| repository_error(&error))?;
            let mut snapshots: Vec<_> = files.into_iter().map(info).collect();
            snapshots.sort_by_key(|snapshot| snapshot.time);
            Ok(snapshots)
        })
        .await
    }

    /// Removes snapshots. Those that are gone already are fine. Their data stays until the repository is
    /// pruned.
    pub async fn forget(&self, snapshots: &[SnapshotId]) -> Result<()> {
        for snapshot in snapshots {
            if let Ok(id) = snapshot.as_str().parse() {
                self.0.location.delete(FileType::Snapshot, &id).await?;
            }
        }
        // Its memory of the snapshots' roots is outdated.
        *self.0.kept_reader() = None;
        Ok(())
    }

    /// Removes what no snapshot needs any more, in two steps: see [`PruneRequest`]. No snapshot may be taken at the same
    /// time by those who share this repository's `permit`s.
    ///
    /// After `cancel`, or after any error, everything that a snapshot needs is there, and the next prune goes on.
    ///
    /// # Errors
    /// [`RepositoryError::Damaged`] where something that a snapshot needs is missing; then nothing is removed.
    pub async fn prune(
        &self,
        request: PruneRequest,
        progress: Arc<dyn Progress>,
        cancel: CancellationToken,
    ) -> Result<PruneReport> {
        ended(&cancel, prune::prune(self.0.clone(), request, progress, cancel.clone()).await)
    }

    /// Looks for what is missing or not as it was written: the configuration and the keys, all snapshots, folders and
    /// indexes, and of the packs the `part` that is read and decrypted.
    ///
    /// # Errors
    /// Where something could not be looked at. What was looked at and is damaged is in the report.
    pub async fn verify(
        &self,
        part: Part,
        progress: Arc<dyn Progress>,
        cancel: CancellationToken,
    ) -> Result<VerifyReport> {
        ended(&cancel, verify::verify(self.0.clone(), part, progress, cancel.clone()).await)
    }

    /// Makes the best of what a verification found. What is intact in a damaged pack is kept. What is lost is forgotten,
    /// so that the next snapshot stores it again where the source still has it; that also mends older snapshots. The
    /// configuration and the key that have opened the repository are written back where they are missing or damaged.
    ///
    /// May be done again after `cancel`, or after any error.
    pub async fn repair(&self, request: RepairRequest, cancel: CancellationToken) -> Result<RepairReport> {
        ended(&cancel, repair::repair(self.0.clone(), request, cancel.clone()).await)
    }

    /// Deletes a repository with all its backups. It need not be opened for that, and may be half gone already. Other
    /// objects in the bucket stay, and so does the bucket. May be done again after `cancel`, or after any error.
    pub async fn remove(request: RemoveRequest, progress: Arc<dyn Progress>, cancel: CancellationToken) -> Result<()> {
        ended(&cancel, remove::remove(request, progress, cancel.clone()).await)
    }

    /// Lets go of the index that browsing keeps in memory.
    pub fn drop_index(&self) {
        *self.0.kept_reader() = None;
    }

    /// What is in the folder at `path`; empty: the source directory itself. Folders come first, then by name whatever its
    /// letter case. Of that order `skip` entries are passed over and at most `take` are given: memory is needed for those
    /// alone, however many there are.
    pub async fn entries(&self, snapshot: &SnapshotId, path: &str, skip: usize, take: usize) -> Result<Listing> {
        let (repository, snapshot, path) = (self.0.clone(), snapshot.clone(), path.to_owned());
        blocking(move || {
            let (reader, root) = repository.reader(&snapshot)?;
            browse::entries(&reader, root, &path, (skip, take))
        })
        .await
    }

    /// Entries whose names contain `needle`, whatever its letter case; at most `limit`, by path.
    pub async fn search(&self, snapshot: &SnapshotId, needle: &str, limit: usize) -> Result<Vec<Entry>> {
        let (repository, snapshot, needle) = (self.0.clone(), snapshot.clone(), needle.to_owned());
        let stop = CancellationToken::new();
        let _stop_when_dropped = stop.clone().drop_guard();
        blocking(move || {
            let (reader, root) = repository.reader(&snapshot)?;
            browse::search(&reader, root, &needle, limit, &stop)
        })
        .await
    }

    /// What takes more room in the snapshot `new` than in `old`, the most first; at most `limit`. Of things in each other
    /// one is told. The work ends when the future is dropped.
    pub async fn growth(&self, old: &SnapshotId, new: &SnapshotId, limit: usize) -> Result<Vec<Grown>> {
        let (repository, old, new) = (self.0.clone(), old.clone(), new.clone());
        let stop = CancellationToken::new();
        let _stop_when_dropped = stop.clone().drop_guard();
        blocking(move || {
            let (_, before) = repository.reader(&old)?;
            let (reader, root) = repository.reader(&new)?;
            growth::between(&reader, before, root, limit, &stop)
        })
        .await
    }

    /// Opens the file at `path` for download.
    pub async fn open_file(&self, snapshot: &SnapshotId, path: &str) -> Result<FileDownload> {
        let (repository, snapshot, path) = (self.0.clone(), snapshot.clone(), path.to_owned());
        let (reader, name, modified, content, size) = blocking(move || {
            let (reader, root) = repository.reader(&snapshot)?;
            let (name, modified, content) = download::find(&reader, root, &path)?;
            let size = download::size(&reader, &content)?;
            Ok((reader, name, modified, content, size))
        })
        .await?;
        let stream = download::start(self.0.clone(), reader, content);
        Ok(FileDownload { name, size, modified, stream })
    }

    /// Packs the folder at `path` for download; empty: the source directory itself, under the name `top`.
    pub async fn open_folder(
        &self,
        snapshot: &SnapshotId,
        path: &str,
        top: &str,
        format: ArchiveFormat,
    ) -> Result<FolderDownload> {
        let (repository, snapshot, path) = (self.0.clone(), snapshot.clone(), path.to_owned());
        let (reader, tree, name) = blocking(move || {
            let (reader, root) = repository.reader(&snapshot)?;
            let (tree, name) = archive::find(&reader, root, &path)?;
            Ok((reader, tree, name))
        })
        .await?;
        let name = name.unwrap_or_else(|| top.to_owned());
        let stream = archive::start(self.0.clone(), reader, tree, name.clone(), format);
        Ok(FolderDownload { name, stream })
    }

    /// Restores files into a directory, and never outside of it, whatever names and links the snapshot or
    /// the directory holds. Each file appears under its name only when it is complete.
    ///
    /// What cannot be restored does not end it; it is in the report's warnings. After `cancel`, or after any
    /// error, the files restored so far stay.
    pub async fn restore(
        &self,
        request: RestoreRequest,
        progress: Arc<dyn Progress>,
        cancel: CancellationToken,
    ) -> Result<RestoreReport> {
        ended(&cancel, restore::restore(self.0.clone(), request, progress, cancel.clone()).await)
    }

    /// Restores the dump in a snapshot into a database.
    ///
    /// A new database appears under its name only when it is complete; what could not be restored as it was is in the
    /// report's warnings. The original one is replaced in one transaction: after `cancel`, or after any error, it is
    /// as it was before.
    pub async fn restore_database(
        &self,
        request: DatabaseRestore,
        progress: Arc<dyn Progress>,
        cancel: CancellationToken,
    ) -> Result<RestoreReport> {
        ended(&cancel, Box::pin(database::restore(self, request, progress, cancel.clone())).await)
    }
}

fn info(file: SnapshotFile) -> SnapshotInfo {
    let time = browse::time(file.time.timestamp()).unwrap_or_default();
    let recorded = file.summary.as_ref();
    SnapshotInfo {
        id: file.id.into(),
        time,
        label: file.label,
        tags: (&file.tags).into_iter().cloned().collect(),
        host: file.hostname,
        files: recorded.map(|summary| summary.total_files_processed),
        bytes: recorded.map(|summary| summary.total_bytes_processed),
        added_bytes: recorded.map(|summary| summary.data_added_packed),
        remarks: file.description.as_deref().map(Remarks::read).unwrap_or_default(),
    }
}
