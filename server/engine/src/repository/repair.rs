//! Making the best of a damaged repository.

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use rustic_core::{
    FileType, Id, RepairIndexOptions,
    repofile::{IndexFile, IndexPack, MasterKey},
};
use tokio_util::sync::CancellationToken;

use super::{
    DamagedFile, DamagedKind, Inner, Permit, RepositoryError, Result,
    backup::{encode::Encoded, index::Index, pack::Packer},
    blocking::blocking,
    fault::{Fault, repository_error},
    open, opening,
    seal::Sealer,
    storage::Storage,
    verify,
};
use crate::{Progress, S3Error};

/// What to repair.
#[derive(Clone, Debug)]
pub struct RepairRequest {
    /// What a verification found. What is intact after all is left alone.
    pub damaged: Vec<DamagedFile>,
    /// Whether the repository may still be changed.
    pub permit: Permit,
}

/// What a repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Configuration and key files that were written back.
    pub opening_files: u64,
    /// Pieces of data that were intact inside damaged packs, and are kept.
    pub rescued: u64,
    /// Pieces of data that are lost, unless the source still has them.
    pub lost: u64,
}

pub(super) async fn repair(
    repository: Arc<Inner>,
    request: RepairRequest,
    cancel: CancellationToken,
) -> Result<RepairReport> {
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    // Nobody watches it.
    let progress: Arc<dyn Progress> = Arc::new(());
    let (kept, repository) = (repository.clone(), repository.for_run(&stop, &progress));
    let repaired = blocking(move || {
        run(&repository, &request, &stop).map_err(|error| match error {
            _ if stop.is_cancelled() => RepositoryError::Cancelled,
            error => error,
        })
    })
    .await;
    // Its memory of where things lie is outdated.
    *kept.kept_reader() = None;
    repaired
}

/// First what is intact in damaged packs is stored anew, then the indexes are written without the damaged files, and
/// last those are removed: whatever interrupts this, nothing intact is lost.
fn run(repository: &Inner, request: &RepairRequest, stop: &CancellationToken) -> Result<RepairReport> {
    let storage = |hidden: HashSet<Id>| {
        let mut storage = Storage::of(repository, stop.clone())?;
        storage.permit = request.permit.clone();
        storage.hidden = hidden;
        Ok::<_, RepositoryError>(Arc::new(storage))
    };
    let all = storage(HashSet::new())?;
    // Before anything else: without them all is lost with this process.
    let opening_files = opening::write_back(&all, repository)?;
    let library = open::open(all.clone(), &repository.key, None)?;
    let mut unreadable = Vec::new();
    let indexes = verify::files::<IndexFile>(&library, DamagedKind::Index, &mut unreadable)?;
    verify::files::<rustic_core::repofile::SnapshotFile>(&library, DamagedKind::Snapshot, &mut unreadable)?;
    let mut report = RepairReport { opening_files, ..RepairReport::default() };
    let mut gone: Vec<(FileType, Id)> = unreadable.iter().filter_map(file).collect();
    let packs = verify::in_use(indexes.into_iter().map(|(_, index)| index));
    for id in request.damaged.iter().filter_map(file).filter(|(kind, _)| *kind == FileType::Pack).map(|(_, id)| id) {
        let Some(pack) = packs.iter().find(|pack| *pack.id == id) else { continue };
        match content(&all, pack)? {
            None => report.lost += pack.blobs.len() as u64,
            Some(content) if verify::flaw(&repository.key, pack, &content)?.is_none() => continue,
            Some(content) => {
                let rescued = rescue(&all, &repository.key, pack, &content)?;
                report.rescued += rescued;
                report.lost += pack.blobs.len() as u64 - rescued;
            }
        }
        gone.push((FileType::Pack, id));
    }
    let without = storage(gone.iter().map(|(_, id)| *id).collect())?;
    let library = open::open(without.clone(), &repository.key, None)?;
    library.repair_index(&RepairIndexOptions::default(), false).map_err(|error| repository_error(&error))?;
    for (kind, id) in gone {
        all.delete(kind, &id)?;
    }
    Ok(report)
}

fn file(damaged: &DamagedFile) -> Option<(FileType, Id)> {
    let kind = match damaged.kind {
        DamagedKind::Pack => FileType::Pack,
        DamagedKind::Index => FileType::Index,
        DamagedKind::Snapshot => FileType::Snapshot,
        // Written back already, whatever the request says of them.
        DamagedKind::Key | DamagedKind::Config => return None,
    };
    Some((kind, damaged.id()?))
}

/// What is stored under a pack's name, and of one that is too long the part that should be there and one byte more;
/// `None` where it is missing.
fn content(storage: &Storage, pack: &IndexPack) -> Result<Option<Bytes>> {
    match storage.read_range(&pack.id, 0..u64::from(pack.pack_size()) + 1) {
        Ok(content) => Ok(Some(content)),
        Err(Fault::Storage(S3Error::NoSuchObject { .. })) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// Stores what is intact in a damaged pack in a new one. Returns how many pieces there were. They stay as they are:
/// what opens is what was sealed.
fn rescue(storage: &Storage, key: &MasterKey, damaged: &IndexPack, content: &Bytes) -> Result<u64> {
    let sealer = Sealer::new(key)?;
    let index = Index::new(storage, &sealer, None);
    let packer = Packer::new(damaged.blob_type(), content.len(), storage, &sealer, &index);
    let (mut rescued, mut opened) = (0, Vec::new());
    for blob in &damaged.blobs {
        let (from, length) = (blob.location.offset as usize, blob.location.length as usize);
        let sealed = content.get(from..from.saturating_add(length)).unwrap_or_default();
        if sealer.open(sealed, &mut opened).is_ok() {
            let plain = blob.location.uncompressed_length.map(std::num::NonZeroU32::get);
            packer.add(*blob.id, &Encoded { sealed: sealed.to_vec(), plain })?;
            rescued += 1;
        }
    }
    packer.finish()?;
    index.finish()?;
    Ok(rescued)
}
