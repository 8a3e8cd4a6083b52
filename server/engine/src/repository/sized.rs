//! The size of a file that nobody knew before it was read.
//!
//! The library writes a file's properties down before it reads the file. For the output of a program that leaves a size
//! of 0, and `restic` restores a file of size 0 as an empty one. So the root folder is written once more, with the size
//! as it turned out, and only then the snapshot.
//!
//! The library has no call that writes a folder alone.

use rustic_core::{
    FileType,
    repofile::{BlobType, MasterKey, SnapshotFile, Tree},
};

use super::{
    RepositoryError, Result,
    crypt::seal,
    pack_file::{PackedBlob, pack},
    storage::Storage,
};

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
    let sealed = seal(key, &content)?.into();
    let pack = pack(key, &[PackedBlob { kind: BlobType::Tree, id: *id, sealed, uncompressed: None }])?;
    storage.write(FileType::Pack, &pack.id, pack.content)?;
    storage.write(FileType::Index, &pack.index_id, pack.index)?;
    snapshot.tree = id;
    Ok(snapshot)
}
