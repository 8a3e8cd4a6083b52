//! What the snapshot before had at the same place.

use std::{cmp::Ordering, ffi::OsStr};

use rustic_core::{TreeId, repofile::Node};

use super::{
    super::{RepositoryError, nodes::Reading},
    Archive,
    known::Known,
};

/// A folder of the snapshot before, looked through in the order of its names.
pub(super) struct Before {
    id: TreeId,
    nodes: Reading<Node>,
    next: Option<Node>,
    /// Whether it is the same as the new one, as far as both were looked through.
    same: bool,
}

/// A folder of the snapshot before that was looked through.
pub(super) struct Passed {
    pub(super) id: TreeId,
    /// Whether all that is in it is as it is in the new one; of the folders in it that is not known here.
    pub(super) same: bool,
}

/// How something compares to the snapshot before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New,
    Changed,
    None,
}

impl Before {
    /// What had the name `name`. Names have to be asked for in their order.
    fn find(&mut self, name: &OsStr) -> Option<Node> {
        loop {
            let order = self.peek().map(|next| (*next.name()).cmp(name));
            if order == Some(Ordering::Equal) {
                return self.next.take();
            }
            // The old folder or the new one has something that the other one has not.
            self.same = false;
            if order != Some(Ordering::Less) {
                return None;
            }
            self.next = None;
        }
    }

    fn peek(&mut self) -> Option<&Node> {
        if self.next.is_none() {
            self.next = match self.nodes.next()? {
                Ok(node) => Some(node),
                Err(error) => {
                    warn(&error);
                    self.same = false;
                    None
                }
            };
        }
        self.next.as_ref()
    }

    /// Compares a folder's entry. The folder that it was, and the id that it has to have to be the same.
    pub(super) fn folder(&mut self, node: &Node) -> Option<(TreeId, Option<TreeId>)> {
        let old = self.find(&node.name())?;
        let is_same = old.node_type == node.node_type && old.meta == node.meta;
        self.same &= is_same;
        let id = old.subtree?;
        Some((id, is_same.then_some(id)))
    }

    /// Compares `node`, and gives a file that has not changed the content it had.
    pub(super) fn leaf(&mut self, node: &mut Node, known: &Known) -> Change {
        let Some(old) = self.find(&node.name()) else { return Change::New };
        let has_all = || old.content.iter().flatten().all(|id| known.has_data(id));
        if !is_same(&old, node) || !has_all() {
            self.same = false;
            return Change::Changed;
        }
        self.same &= old.meta == node.meta;
        node.content = old.content;
        Change::None
    }

    /// After the last name.
    pub(super) fn pass(mut self) -> Passed {
        let ended = self.peek().is_none();
        Passed { id: self.id, same: self.same && ended }
    }
}

impl Archive<'_> {
    /// A folder of the snapshot before. One that cannot be read costs time alone: its files are read again.
    pub(super) fn before(&self, id: &TreeId) -> Option<Before> {
        match self.known.tree(id, &self.run.storage, self.sealer) {
            Ok(nodes) => Some(Before { id: *id, nodes, next: None, same: true }),
            Err(error) => {
                warn(&error);
                None
            }
        }
    }
}

fn warn(error: &RepositoryError) {
    if !matches!(error, RepositoryError::Cancelled) {
        tracing::warn!(%error, "a folder of the last snapshot could not be read");
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
