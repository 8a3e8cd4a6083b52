//! From a folder of the snapshot into an archive.

use std::{
    collections::HashSet,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    vec,
};

use rustic_core::{
    TreeId,
    repofile::{Metadata, Node, NodeType},
};
use tokio::runtime::Handle;

use super::{
    super::{
        Inner, Result,
        reader::{Reader, is_plain},
    },
    Archive,
    content::Content,
    ours,
};

/// Folders inside folders that are packed. Deeper ones do not exist outside of hostile backups.
const DEEPEST: usize = 1000;
/// The top folder's name where what was asked for is none.
const TOP: &str = "backup";

/// What is needed to read a folder.
pub(super) struct Walk<'a> {
    repository: &'a Inner,
    reader: &'a Reader,
    runtime: Handle,
}

/// A folder that is being packed.
struct Level {
    path: PathBuf,
    nodes: vec::IntoIter<Node>,
    /// Names in it that are taken.
    names: HashSet<OsString>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(repository: &'a Inner, reader: &'a Reader, runtime: Handle) -> Self {
        Self { repository, reader, runtime }
    }

    /// Packs all that is in `tree`, below a folder `top`. Sockets, FIFOs and devices are left out.
    pub(super) fn run(&self, tree: TreeId, top: &str, mut archive: impl Archive) -> Result<()> {
        let top = archive.name(OsStr::new(top));
        let top = PathBuf::from(if is_plain(&top) { top } else { TOP.into() });
        archive.folder(&top, &Metadata::default()).map_err(ours)?;
        let mut levels = vec![self.level(top, tree)?];
        while let Some(level) = levels.last_mut() {
            let Some(node) = level.nodes.next() else {
                levels.pop();
                continue;
            };
            let name = archive.name(&node.name());
            // A name that leads elsewhere is not one that a backup of files can hold.
            if !is_plain(&name) {
                continue;
            }
            let name = level.free(name);
            let path = level.path.join(name);
            self.add(&mut archive, &path, &node).map_err(ours)?;
            if let Some(subtree) = node.subtree.filter(|_| node.is_dir() && levels.len() < DEEPEST) {
                levels.push(self.level(path, subtree)?);
            }
        }
        archive.finish().map_err(ours)
    }

    fn level(&self, path: PathBuf, tree: TreeId) -> Result<Level> {
        Ok(Level { path, nodes: self.reader.tree(&tree)?.nodes.into_iter(), names: HashSet::new() })
    }

    fn add(&self, archive: &mut impl Archive, path: &Path, node: &Node) -> io::Result<()> {
        match &node.node_type {
            NodeType::Dir => archive.folder(path, &node.meta),
            NodeType::File => {
                let content = node.content.as_deref().unwrap_or_default();
                let parts = (self.repository, self.reader, &self.runtime);
                archive.file(path, &node.meta, Content::new(parts, content).map_err(io::Error::other)?)
            }
            link @ NodeType::Symlink { .. } => archive.link(path, &node.meta, link.to_link()),
            _ => Ok(()),
        }
    }
}

impl Level {
    /// The name, or one like it where it is taken: two names that differ only in what a format cannot write become the
    /// same, and no entry may be written through a link of its own name.
    fn free(&mut self, name: OsString) -> OsString {
        let mut free = name.clone();
        let mut number = 2;
        while !self.names.insert(free.clone()) {
            free.clone_from(&name);
            free.push(format!(" ({number})"));
            number += 1;
        }
        free
    }
}
