//! Looking whether a repository is as it was written.

mod packs;
mod trees;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rustic_core::{
    FileType, Id, OpenStatus, ReadBackend, RusticError, TreeId,
    repofile::{IndexFile, IndexPack, RepoFile, SnapshotFile},
};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{
    Inner, RepositoryError, Result, SnapshotId,
    blocking::blocking,
    fault::{Fault, fault, repository_error},
    open::{self, Library},
    opening,
    storage::Storage,
};
use crate::{Progress, S3Error};
pub(super) use packs::flaw;

/// Which packs a verification reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// One of several parts of about the same size: `number` is below `of`. Verifications of all the numbers have read
    /// every pack.
    OneOf {
        /// Which part.
        number: u32,
        /// How many there are.
        of: u32,
    },
}

impl Part {
    fn contains(self, pack: &Id) -> bool {
        match self {
            Self::Whole => true,
            Self::OneOf { number, of } => pack.as_u32() % of.max(1) == number % of.max(1),
        }
    }
}

/// What kind of file is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamagedKind {
    /// A pack: data or folders.
    Pack,
    /// An index, which says what is in packs.
    Index,
    /// A snapshot.
    Snapshot,
    /// A key file, which opens the repository with a password.
    Key,
    /// The configuration, without which nothing opens the repository.
    Config,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Damage {
    /// It is not there.
    #[error("{}", tr!("is missing"))]
    Missing,
    /// It has another size than when it was written.
    #[error("{}", tr!("has another size than when it was written"))]
    Size,
    /// It has the right size, if any, but not the content that was written.
    #[error("{}", tr!("is not as it was written"))]
    Content,
}

/// A damaged file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedFile {
    /// What kind of file.
    pub kind: DamagedKind,
    /// Its name: 64 hexadecimal digits. The configuration has none, and this is empty.
    pub id: String,
    /// What is wrong with it.
    pub damage: Damage,
}

impl DamagedFile {
    pub(super) fn new(kind: DamagedKind, id: &Id, damage: Damage) -> Self {
        Self { kind, id: id.to_hex().as_str().into(), damage }
    }

    pub(super) fn config(damage: Damage) -> Self {
        Self { kind: DamagedKind::Config, id: String::new(), damage }
    }

    /// Its place in the repository.
    pub(super) fn path(&self) -> String {
        let id = &self.id;
        match self.kind {
            DamagedKind::Pack => format!("data/{}/{id}", id.get(..2).unwrap_or_default()),
            DamagedKind::Index => format!("index/{id}"),
            DamagedKind::Snapshot => format!("snapshots/{id}"),
            DamagedKind::Key => format!("keys/{id}"),
            DamagedKind::Config => "config".into(),
        }
    }

    /// Its id; `None` where the name is none.
    pub(super) fn id(&self) -> Option<Id> {
        self.id.parse().ok()
    }
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Bytes of all packs in use.
    pub stored_bytes: u64,
    /// Packs that were read.
    pub read_packs: u64,
    /// Their bytes.
    pub read_bytes: u64,
    /// What is damaged.
    pub damaged: Vec<DamagedFile>,
    /// The snapshots that could be read.
    pub snapshots: Vec<SnapshotId>,
    /// Those of them that cannot be restored whole.
    pub incomplete: Vec<SnapshotId>,
}

pub(super) async fn verify(
    repository: Arc<Inner>,
    part: Part,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<VerifyReport> {
    // A child, so that the blocking part also ends when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let repository = repository.for_run(&stop, &progress);
    let opening = tokio::select! {
        () = stop.cancelled() => return Err(RepositoryError::Cancelled),
        damaged = opening::all_damaged(&repository) => damaged?,
    };
    let (looking, looked_at) = (repository.clone(), stop.clone());
    let (mut found, packs) = blocking(move || look(&looking, looked_at)).await?;
    found.report.damaged.extend(opening);
    let read: Vec<_> = packs.iter().filter(|pack| part.contains(&pack.id)).cloned().collect();
    let (read_packs, read_bytes) = (read.len() as u64, read.iter().map(size).sum());
    progress.total(read_packs, read_bytes);
    found.report.damaged.extend(packs::read(&repository, read, progress, &stop).await?);
    found.report.stored_bytes = packs.iter().map(size).sum();
    (found.report.read_packs, found.report.read_bytes) = (read_packs, read_bytes);
    blocking(move || trees::incomplete(&repository, found, stop)).await
}

fn size(pack: &IndexPack) -> u64 {
    u64::from(pack.pack_size())
}

/// What was found so far.
struct Found {
    report: VerifyReport,
    /// The snapshots and their roots.
    snapshots: Vec<(SnapshotId, TreeId)>,
}

impl Found {
    /// The ids of what is damaged.
    fn damaged(&self, kind: DamagedKind) -> HashSet<Id> {
        self.report.damaged.iter().filter(|file| file.kind == kind).filter_map(DamagedFile::id).collect()
    }
}

/// Reads snapshots and indexes from the bucket, past all copies, and compares them with what packs there are. Returns
/// also the packs that are there. Blocks.
///
/// Snapshots come first and the list of packs last, so that a backup that is running meanwhile does not look like damage.
fn look(repository: &Inner, stop: CancellationToken) -> Result<(Found, Vec<IndexPack>)> {
    let storage = Arc::new(Storage::of(repository, stop)?);
    let library = open::open(storage.clone(), &repository.key, None)?;
    let mut report = VerifyReport::default();
    let snapshots = files::<SnapshotFile>(&library, DamagedKind::Snapshot, &mut report.damaged)?;
    let indexes = files::<IndexFile>(&library, DamagedKind::Index, &mut report.damaged)?;
    let listed = storage.list_with_size(FileType::Pack).map_err(|error| repository_error(&error))?;
    let sizes: HashMap<Id, u32> = listed.into_iter().collect();
    let mut packs = Vec::new();
    for pack in in_use(indexes.into_iter().map(|(_, index)| index)) {
        match sizes.get(&pack.id) {
            Some(size) if *size == pack.pack_size() => packs.push(pack),
            Some(_) => report.damaged.push(DamagedFile::new(DamagedKind::Pack, &pack.id, Damage::Size)),
            None => report.damaged.push(DamagedFile::new(DamagedKind::Pack, &pack.id, Damage::Missing)),
        }
    }
    report.snapshots = snapshots.iter().map(|(id, _)| (*id).into()).collect();
    let snapshots = snapshots.into_iter().map(|(id, file)| (id.into(), file.tree)).collect();
    Ok((Found { report, snapshots }, packs))
}

/// The packs of all indexes, each once, less those that are marked for removal.
pub(super) fn in_use(indexes: impl Iterator<Item = IndexFile>) -> Vec<IndexPack> {
    let mut known = HashSet::new();
    indexes.flat_map(|index| index.packs).filter(|pack| known.insert(pack.id)).collect()
}

/// All files of one kind by their ids; the damaged ones are noted.
pub(super) fn files<F: RepoFile>(
    library: &Library<OpenStatus>,
    kind: DamagedKind,
    damaged: &mut Vec<DamagedFile>,
) -> Result<Vec<(F::Id, F)>>
where
    F::Id: std::fmt::Debug,
{
    let read = |error: Box<RusticError>| repository_error(&error);
    let all: std::result::Result<Vec<_>, _> = library.stream_files::<F>().map_err(read)?.collect();
    match all {
        Ok(files) => Ok(files),
        Err(error) if is_about_content(&error) => {
            // One by one, to learn which.
            let mut files = Vec::new();
            for id in library.list::<F::Id>().map_err(read)? {
                match library.get_file::<F>(&id) {
                    Ok(file) => files.push((id, file)),
                    Err(error) if is_about_content(&error) => {
                        damaged.push(DamagedFile::new(kind, &id, Damage::Content));
                    }
                    Err(error) => return Err(repository_error(&error)),
                }
            }
            Ok(files)
        }
        Err(error) => Err(repository_error(&error)),
    }
}

/// Whether a failure tells of damage, and not of a service that did not answer.
fn is_about_content(error: &RusticError) -> bool {
    match fault(error) {
        None | Some(Fault::Damaged(_) | Fault::Storage(S3Error::NoSuchObject { .. })) => true,
        Some(_) => false,
    }
}
