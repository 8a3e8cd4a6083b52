//! A repository with its index in memory, for looking into snapshots.

use std::{
    collections::HashMap,
    ffi::OsStr,
    ops::ControlFlow,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rustic_core::{
    Id, IndexedFullStatus, TreeId,
    repofile::{MasterKey, Node, SnapshotFile},
};
use tokio_util::sync::CancellationToken;

use super::{
    Inner, RepositoryError, Result, SnapshotId,
    browse::{Order, Orders},
    fault::{Fault, fault, repository_error},
    nodes::Nodes,
    open::{self, Library},
    seal::Sealer,
    storage::Storage,
};
use crate::{S3Error, source::shown};

/// Snapshots whose root is remembered.
const REMEMBERED: usize = 1000;

/// An indexed repository. It sees every snapshot that was complete when its index was read.
pub(super) struct Reader {
    pub(super) library: Library<IndexedFullStatus>,
    pub(super) sealer: Arc<Sealer>,
    pub(super) storage: Arc<Storage>,
    roots: Mutex<HashMap<SnapshotId, TreeId>>,
    orders: Orders,
}

impl Reader {
    /// Reads the index. Blocks.
    pub(super) fn new(repository: &Inner, stop: CancellationToken) -> Result<Self> {
        let storage = Arc::new(Storage::of(repository, stop)?);
        Self::of(storage, &repository.key, repository.cache())
    }

    /// Reads the index that `storage` has. Blocks.
    pub(super) fn of(storage: Arc<Storage>, key: &MasterKey, cache: Option<&Path>) -> Result<Self> {
        let library = open::open(storage.clone(), key, cache)?;
        let library = library.to_indexed().map_err(|error| repository_error(&error))?;
        let sealer = Arc::new(Sealer::new(key)?);
        Ok(Self { library, sealer, storage, roots: Mutex::default(), orders: Orders::default() })
    }

    /// The snapshot's file, as it is in the repository.
    pub(super) fn snapshot(&self, id: &SnapshotId) -> Result<SnapshotFile> {
        let missing = || RepositoryError::NoSuchSnapshot { id: id.clone() };
        let library_id: Id = id.as_str().parse().map_err(|_| missing())?;
        self.library.get_file(&library_id.into()).map_err(|error| match fault(&error) {
            Some(Fault::Storage(S3Error::NoSuchObject { .. })) => missing(),
            _ => repository_error(&error),
        })
    }

    /// The snapshot's root tree, or none when this reader's index is older than the snapshot.
    pub(super) fn root(&self, id: &SnapshotId) -> Result<Option<TreeId>> {
        let known = self.roots.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied();
        let root = match known {
            Some(root) => root,
            None => self.snapshot(id)?.tree,
        };
        if self.library.get_index_entry(&root).is_err() {
            return Ok(None);
        }
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if roots.len() < REMEMBERED {
            roots.insert(id.clone(), root);
        }
        Ok(Some(root))
    }

    /// The folder at `path` below `root`.
    pub(super) fn folder(&self, root: TreeId, path: &str) -> Result<TreeId> {
        if names(path).next().is_none() {
            return Ok(root);
        }
        let node = self.node(root, path)?;
        let subtree = node.subtree.filter(|_| node.is_dir());
        subtree.ok_or_else(|| RepositoryError::NotAFolder { path: path.into() })
    }

    /// The node at `path` below `root`; the root itself has none.
    pub(super) fn node(&self, root: TreeId, path: &str) -> Result<Node> {
        let missing = || RepositoryError::NoSuchPath { path: path.into() };
        let mut found: Option<Node> = None;
        for name in names(path) {
            let tree = match found {
                None => root,
                Some(node) => node.subtree.ok_or_else(missing)?,
            };
            found = Some(self.child(&tree, name)?.ok_or_else(missing)?);
        }
        found.ok_or_else(missing)
    }

    fn child(&self, tree: &TreeId, name: &str) -> Result<Option<Node>> {
        let (nodes, mut found) = (self.nodes(tree)?, None);
        nodes.each_name(|place, named| {
            if named.shown_name() != name {
                return ControlFlow::Continue(());
            }
            found = Some(place);
            ControlFlow::Break(())
        })?;
        Ok(nodes.at(found)?.pop())
    }

    /// In which order people see the folder `id`, whose list is `nodes`.
    pub(super) fn order(&self, id: &TreeId, nodes: &Nodes) -> Result<Arc<Order>> {
        self.orders.get(id, nodes)
    }
}

/// The names in a path inside a snapshot. Slashes at its ends and doubled ones do not matter.
pub(super) fn names(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

/// A node's name for people; see [`Entry`](super::Entry).
pub(super) fn shown_name(node: &Node) -> String {
    shown(&node.name())
}

/// `name` in the folder `path`.
pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}/{name}") }
}

/// Whether `name` can be one file's name in a folder.
pub(super) fn is_plain(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/') && !bytes.contains(&0)
}
