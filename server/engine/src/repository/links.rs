//! Files with several names.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use rustic_core::repofile::Node;

/// The files of a snapshot that have several names, as long as some of these are to come. Of each, `T` says where the
/// first one is.
pub(super) struct Links<T>(HashMap<(u64, u64), Known<T>>);

struct Known<T> {
    first: T,
    content: u64,
    left: u64,
}

/// What a node is among the names of its file.
pub(super) enum Name<T> {
    /// The only one.
    Only,
    /// The first one of several.
    First(T),
    /// One more name of the file whose first one is there.
    Further(T),
    /// It says that it is one with a file that has another content: it is a file of its own.
    Other,
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Links<T> {
    /// Looks at `node`, which is at `here` if it is a file's first name.
    pub(super) fn name(&mut self, node: &Node, here: impl FnOnce() -> T) -> Name<T> {
        if node.meta.links < 2 || node.is_dir() {
            return Name::Only;
        }
        let (key, content) = ((node.meta.device_id, node.meta.inode), content_of(node));
        let Some(known) = self.0.get_mut(&key) else {
            let first = here();
            self.0.insert(key, Known { first: first.clone(), content, left: node.meta.links - 1 });
            return Name::First(first);
        };
        if known.content != content {
            return Name::Other;
        }
        let first = known.first.clone();
        known.left -= 1;
        if known.left == 0 {
            self.0.remove(&key);
        }
        Name::Further(first)
    }
}

/// A file that was removed while the backup ran may have left its number to another one.
fn content_of(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    (node.meta.size, node.content.as_deref()).hash(&mut hasher);
    node.node_type.to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use rustic_core::repofile::{Metadata, Node, NodeType};

    use super::{Links, Name};
    use crate::repository::seal::hash;

    fn node(inode: u64, links: u64, content: &[u8]) -> Node {
        let meta = Metadata { inode, links, device_id: 1, ..Metadata::default() };
        let mut node = Node::new_node(OsStr::new("x"), NodeType::File, meta);
        node.content = Some(vec![hash(content).into()]);
        node
    }

    #[test]
    fn names_of_one_file_are_found_and_forgotten_after_the_last() {
        let mut links = Links::default();
        assert!(matches!(links.name(&node(1, 1, b"a"), || 0), Name::Only));
        assert!(matches!(links.name(&node(2, 3, b"a"), || 1), Name::First(1)));
        assert!(matches!(links.name(&node(3, 2, b"a"), || 2), Name::First(2)));
        assert!(matches!(links.name(&node(2, 3, b"a"), || 3), Name::Further(1)));
        assert!(matches!(links.name(&node(3, 2, b"other"), || 3), Name::Other));
        assert!(matches!(links.name(&node(2, 3, b"a"), || 4), Name::Further(1)));
        assert!(matches!(links.name(&node(2, 3, b"a"), || 5), Name::First(5)));
    }
}
