//! What the repository holds already.

use std::collections::HashMap;

use rustic_core::{
    Id, OpenStatus, TreeId,
    repofile::{BlobType, IndexFile, Node},
};

use super::super::{
    RepositoryError, Result,
    fault::repository_error,
    nodes::{Nodes, Place, Reading},
    open::Library,
    seal::Sealer,
    storage::Storage,
};

/// The blobs in the repository's indexes. A file's piece takes 32 bytes here.
pub(super) struct Known {
    /// In order.
    data: Vec<Id>,
    trees: HashMap<Id, Place>,
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
    pub(super) fn tree(&self, id: &TreeId, storage: &Storage, sealer: &Sealer) -> Result<Reading<Node>> {
        let missing = || RepositoryError::Damaged { detail: tr!("the folder {} is in no index", id.to_hex().as_str()) };
        Nodes::fetch(id, self.trees.get(&**id).ok_or_else(missing)?, storage, sealer)?.read_checked()
    }
}
