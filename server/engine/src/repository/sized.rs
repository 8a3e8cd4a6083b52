//! The size of a file that nobody knew before it was read.
//!
//! The library writes a file's properties down before it reads the file. For the output of a program that leaves a size
//! of 0, and `restic` restores a file of size 0 as an empty one. So the root folder is written once more, with the size
//! as it turned out, and only then the snapshot.
//!
//! The library has no call that writes a folder alone, so the pack and its index are put together here, as restic's
//! design document says (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Pack Format", "Indexing").

use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, Key, Nonce, aead::Aead};
use bytes::Bytes;
use rustic_core::{
    FileType, Id,
    repofile::{MasterKey, SnapshotFile, Tree},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{RepositoryError, Result, fault::repository_error, storage::Storage};

/// A header's mark of a folder that is not compressed.
const PLAIN_TREE: u8 = 1;

/// Puts `size` into the only file of the snapshot's root folder. The snapshot itself is not written.
pub(super) fn set_size(
    storage: &Storage,
    key: &MasterKey,
    mut root: Tree,
    mut snapshot: SnapshotFile,
    size: u64,
) -> Result<SnapshotFile> {
    for node in &mut root.nodes {
        node.meta.size = size;
    }
    let internal = |error: String| RepositoryError::Internal { detail: error };
    let (content, id) = root.serialize().map_err(|error| internal(error.to_string()))?;
    let sealed = seal(key, &content)?;
    let (pack_id, pack) = pack(key, &sealed, &content)?;
    let index = json!({ "packs": [{
        "id": pack_id.to_hex().as_str(),
        "blobs": [{ "id": id.to_hex().as_str(), "type": "tree", "offset": 0, "length": sealed.len() }],
    }]});
    storage.write(FileType::Pack, &pack_id, pack)?;
    let index = seal(key, index.to_string().as_bytes())?;
    storage.write(FileType::Index, &hash(&index)?, index.into())?;
    snapshot.tree = id;
    Ok(snapshot)
}

/// A pack of one folder: the sealed folder, the sealed header, and the header's length.
fn pack(key: &MasterKey, sealed: &[u8], content: &[u8]) -> Result<(Id, Bytes)> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map(u32::to_le_bytes).map_err(|_| too_large());
    let digest = Sha256::digest(content);
    let header = [&[PLAIN_TREE][..], &length(sealed)?, &digest].concat();
    let header = seal(key, &header)?;
    let pack = [sealed, &header, &length(&header)?].concat();
    Ok((hash(&pack)?, pack.into()))
}

fn too_large() -> RepositoryError {
    RepositoryError::Internal { detail: "a folder is too large".into() }
}

/// Nonce, then ciphertext and its code.
fn seal(key: &MasterKey, content: &[u8]) -> Result<Vec<u8>> {
    let whole = [key.encrypt.as_slice(), &key.mac.k, &key.mac.r].concat();
    let fault =
        || RepositoryError::Internal { detail: "the repository's key has another length than it should".into() };
    if whole.len() != 64 {
        return Err(fault());
    }
    let nonce: [u8; 16] = rand::random();
    let nonce = Nonce::from(nonce);
    let sealed = Aes256CtrPoly1305Aes::new(Key::from_slice(&whole)).encrypt(&nonce, content).map_err(|_| fault())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn hash(content: &[u8]) -> Result<Id> {
    format!("{:x}", Sha256::digest(content))
        .parse()
        .map_err(|error: Box<rustic_core::RusticError>| repository_error(&error))
}
