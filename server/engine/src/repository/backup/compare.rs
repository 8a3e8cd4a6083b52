//! What the snapshot before had at the same place.

use std::ffi::OsStr;

use rustic_core::{
    TreeId,
    repofile::{Node, Tree},
};

use super::{super::RepositoryError, Archive};

/// A folder of the snapshot before, looked through in the order of its names.
pub(super) struct Before {
    pub(super) id: TreeId,
    pub(super) tree: Tree,
    at: usize,
}

impl Before {
    fn find(&mut self, name: &OsStr) -> Option<&Node> {
        while self.tree.nodes.get(self.at).is_some_and(|node| *node.name() < *name) {
            self.at += 1;
        }
        self.tree.nodes.get(self.at).filter(|node| *node.name() == *name)
    }
}

/// How something compares to the snapshot before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New,
    Changed,
    None,
}

impl Archive<'_> {
    /// A folder of the snapshot before. One that cannot be read costs time alone: its files are read again.
    pub(super) fn before(&self, id: &TreeId) -> Option<Before> {
        match self.known.tree(id, &self.run.storage, self.sealer) {
            Ok(tree) => Some(Before { id: *id, tree, at: 0 }),
            Err(RepositoryError::Cancelled) => None,
            Err(error) => {
                tracing::warn!(%error, "a folder of the last snapshot could not be read");
                None
            }
        }
    }

    /// The folder `name` in `before`.
    pub(super) fn folder_before(&self, before: Option<&mut Before>, name: &OsStr) -> Option<Before> {
        self.before(&before?.find(name)?.subtree?)
    }

    /// Compares `node`, and gives a file that has not changed the content it had.
    pub(super) fn compare(&self, before: Option<&mut Before>, node: &mut Node) -> Change {
        let Some(old) = before.and_then(|before| before.find(&node.name())) else { return Change::New };
        if !is_same(old, node) {
            return Change::Changed;
        }
        let has_all = old.content.iter().flatten().all(|id| self.known.has_data(id));
        if !has_all {
            return Change::Changed;
        }
        node.content.clone_from(&old.content);
        Change::None
    }
}

/// Size and times tell whether a file has changed: the change time cannot be set back.
fn is_same(old: &Node, new: &Node) -> bool {
    let (before, now) = (&old.meta, &new.meta);
    let same_inode = before.inode == 0 || now.inode == 0 || before.inode == now.inode;
    let same_change_time = before.ctime.zip(now.ctime).is_none_or(|(before, now)| before == now);
    old.node_type == new.node_type
        && before.size == now.size
        && before.mtime == now.mtime
        && same_change_time
        && same_inode
}
