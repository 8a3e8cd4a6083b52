//! What the repository holds already.

use std::collections::HashMap;

use rustic_core::{
    Id, OpenStatus, TreeId,
    repofile::{BlobType, IndexFile, Tree},
};

use super::super::{
    RepositoryError, Result,
    fault::repository_error,
    open::Library,
    seal::{Sealer, hash},
    storage::Storage,
};

/// The blobs in the repository's indexes. A file's piece takes 32 bytes here.
pub(super) struct Known {
    /// In order.
    data: Vec<Id>,
    trees: HashMap<Id, Place>,
}

/// Where a folder is.
struct Place {
    pack: Id,
    offset: u32,
    length: u32,
    /// Where it is compressed.
    plain: Option<u32>,
}

impl Known {
    /// Reads all indexes. Packs that are marked for deletion do not count.
    pub(super) fn load(library: &Library<OpenStatus>) -> Result<Self> {
        let mut known = Self { data: Vec::new(), trees: HashMap::new() };
        for file in library.stream_files::<IndexFile>().map_err(|error| repository_error(&error))? {
            let (_, file) = file.map_err(|error| repository_error(&error))?;
            for pack in file.packs {
                for blob in pack.blobs {
                    if blob.tpe == BlobType::Data {
                        known.data.push(*blob.id);
                        continue;
                    }
                    let place = Place {
                        pack: *pack.id,
                        offset: blob.location.offset,
                        length: blob.location.length,
                        plain: blob.location.uncompressed_length.map(Into::into),
                    };
                    known.trees.insert(*blob.id, place);
                }
            }
        }
        known.data.sort_unstable();
        known.data.dedup();
        Ok(known)
    }

    pub(super) fn has_data(&self, id: &Id) -> bool {
        self.data.binary_search(id).is_ok()
    }

    pub(super) fn has_tree(&self, id: &Id) -> bool {
        self.trees.contains_key(id)
    }

    /// A folder of an earlier snapshot.
    pub(super) fn tree(&self, id: &TreeId, storage: &Storage, sealer: &Sealer) -> Result<Tree> {
        let damaged =
            |what: &str| RepositoryError::Damaged { detail: format!("the folder {} {what}", id.to_hex().as_str()) };
        let place = self.trees.get(&**id).ok_or_else(|| damaged("is in no index"))?;
        let sealed = storage.read_tree(&place.pack, place.offset, place.length)?;
        let mut content = Vec::new();
        sealer.open(&sealed, &mut content).map_err(|_| damaged("is not genuine"))?;
        if let Some(plain) = place.plain {
            let plain = usize::try_from(plain).unwrap_or(usize::MAX);
            content = zstd::bulk::decompress(&content, plain).map_err(|_| damaged("cannot be decompressed"))?;
        }
        if hash(&content) != **id {
            return Err(damaged("has other content than it should"));
        }
        serde_json::from_slice(&content).map_err(|_| damaged("cannot be understood"))
    }
}
