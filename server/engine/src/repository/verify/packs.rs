//! Reading packs and everything in them.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rustic_core::repofile::{BlobType, IndexPack, MasterKey};
use tokio_util::sync::CancellationToken;

use super::{Damage, DamagedFile, DamagedKind};
use crate::{
    Progress, S3Error,
    repository::{
        Inner, RepositoryError, Result,
        blocking::blocking,
        fault::Fault,
        inflate::plain_hash,
        seal::{Sealer, hash},
        segments::plain_length,
    },
};

/// Packs in memory at the same time.
const AT_ONCE: usize = 3;

/// Reads these packs and tells which are damaged.
pub(super) async fn read(
    repository: &Arc<Inner>,
    packs: Vec<IndexPack>,
    progress: Arc<dyn Progress>,
    stop: &CancellationToken,
) -> Result<Vec<DamagedFile>> {
    let looked = stream::iter(packs).map(|pack| {
        let progress = progress.clone();
        async move {
            let (id, size) = (pack.id, u64::from(pack.pack_size()));
            let damage = look(repository, pack, stop).await?;
            progress.advance(1, size);
            Ok::<_, RepositoryError>(damage.map(|damage| DamagedFile::new(DamagedKind::Pack, &id, damage)))
        }
    });
    let found: Vec<_> = looked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn look(repository: &Arc<Inner>, pack: IndexPack, stop: &CancellationToken) -> Result<Option<Damage>> {
    let content = tokio::select! {
        () = stop.cancelled() => return Err(RepositoryError::Cancelled),
        content = repository.location.get_pack(&pack.id, pack.pack_size()) => content,
    };
    let content = match content {
        Err(S3Error::NoSuchObject { .. }) => return Ok(Some(Damage::Missing)),
        Err(S3Error::WrongAnswer { .. }) => return Ok(Some(Damage::Size)),
        content => content.map_err(Fault::from)?,
    };
    let repository = repository.clone();
    blocking(move || flaw(&repository.key, &pack, &content)).await
}

/// What is wrong with a pack, if anything. Its name is the hash of its content, and each blob is sealed; both are
/// looked at, and the hash of what each blob holds. A piece of a file that is larger than any is damaged.
pub(in crate::repository) fn flaw(key: &MasterKey, pack: &IndexPack, content: &Bytes) -> Result<Option<Damage>> {
    if content.len() as u64 != u64::from(pack.pack_size()) {
        return Ok(Some(Damage::Size));
    }
    if hash(content) != *pack.id {
        return Ok(Some(Damage::Content));
    }
    let (sealer, mut opened) = (Sealer::new(key)?, Vec::new());
    for blob in &pack.blobs {
        let (from, length) = (blob.location.offset as usize, blob.location.length as usize);
        let sealed = content.get(from..from.saturating_add(length)).unwrap_or_default();
        if sealer.open(sealed, &mut opened).is_err() {
            return Ok(Some(Damage::Content));
        }
        let length = plain_length(blob.location.length, blob.location.uncompressed_length);
        if blob.tpe == BlobType::Data && length.is_none() {
            return Ok(Some(Damage::Content));
        }
        if plain_hash(&opened, blob.location.uncompressed_length) != Some(*blob.id) {
            return Ok(Some(Damage::Content));
        }
    }
    Ok(None)
}
