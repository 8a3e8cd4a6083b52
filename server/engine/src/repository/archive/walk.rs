//! From a folder of the snapshot into an archive.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use rustic_core::{
    TreeId,
    repofile::{Metadata, Node, NodeType},
};
use tokio::runtime::Handle;

use super::{
    super::{
        Inner, Result,
        links::{Links, Name},
        nodes::Reading,
        reader::{Reader, is_plain},
    },
    Archive,
    content::Content,
    names::Taken,
    ours,
};
use crate::source::{DEEPEST, TreePath};

/// The top folder's name where what was asked for is none.
const TOP: &str = "backup";
/// The file that says what is missing.
const NOTE: &str = "NOT IN THIS ARCHIVE.txt";
/// More lines than this help nobody.
const MOST_LISTED: usize = 1000;

/// What is needed to read a folder.
pub(super) struct Walk<'a> {
    repository: &'a Inner,
    reader: &'a Reader,
    runtime: Handle,
}

/// A folder that is being packed.
struct Level {
    path: TreePath,
    nodes: Reading<Node>,
    names: Taken,
}

impl<'a> Walk<'a> {
    pub(super) fn new(repository: &'a Inner, reader: &'a Reader, runtime: Handle) -> Self {
        Self { repository, reader, runtime }
    }

    /// Packs all that is in `tree`, below a folder `top`. Sockets, FIFOs and devices are left out.
    pub(super) fn run<A: Archive>(&self, tree: TreeId, top: &str, mut archive: A) -> Result<()> {
        let top = archive.name(OsStr::new(top));
        let mut path = PathBuf::from(if is_plain(&top) { top } else { TOP.into() });
        archive.folder(&path, &Metadata::default()).map_err(ours)?;
        let (mut missing, mut links) = (Missing::default(), Links::default());
        let mut levels = vec![self.level::<A>(TreePath::default(), tree)?];
        while let Some(level) = levels.last_mut() {
            let Some(node) = level.nodes.next() else {
                if levels.len() > 1 {
                    path.pop();
                    levels.pop();
                    continue;
                }
                break;
            };
            let node = node?;
            let name = archive.name(&node.name());
            // A name that leads elsewhere is not one that a backup of files can hold.
            if !is_plain(&name) {
                continue;
            }
            let name = level.names.free(name);
            let inside = level.path.join(name.clone());
            path.push(name);
            if inside.depth() > DEEPEST && node.is_dir() {
                missing.add(&inside, &tr!("its folders are nested too deeply"));
            } else if let Some(cause) = archive.refuses(&path) {
                missing.add(&inside, &cause);
            } else {
                self.add(&mut archive, &mut links, (&path, &inside), &node).map_err(ours)?;
                if let Some(subtree) = node.subtree.filter(|_| node.is_dir()) {
                    levels.push(self.level::<A>(inside, subtree)?);
                    continue;
                }
            }
            path.pop();
        }
        if let (Some(text), Some(level)) = (missing.text(), levels.last_mut()) {
            path.push(level.names.free(NOTE.into()));
            archive.note(&path, &text).map_err(ours)?;
        }
        archive.finish().map_err(ours)
    }

    fn level<A: Archive>(&self, path: TreePath, tree: TreeId) -> Result<Level> {
        Ok(Level { path, nodes: self.reader.nodes(&tree)?.read()?, names: Taken::new(A::CASE_COUNTS) })
    }

    /// Adds what is at `path` in the archive, which is `inside` of the top folder.
    fn add<A: Archive>(
        &self,
        archive: &mut A,
        links: &mut Links<TreePath>,
        (path, inside): (&Path, &TreePath),
        node: &Node,
    ) -> io::Result<()> {
        match &node.node_type {
            NodeType::Dir => archive.folder(path, &node.meta),
            NodeType::File => {
                if A::HARD_LINKS
                    && let Name::Further(first) = links.name(node, || inside.clone())
                {
                    let top = path.iter().take(1);
                    let target = top.chain(first.names()).collect::<PathBuf>();
                    return archive.hard_link(path, &node.meta, &target);
                }
                let content = node.content.as_deref().unwrap_or_default();
                let parts = (self.repository, self.reader, &self.runtime);
                archive.file(path, &node.meta, Content::new(parts, content).map_err(io::Error::other)?)
            }
            link @ NodeType::Symlink { .. } => archive.link(path, &node.meta, link.to_link()),
            _ => Ok(()),
        }
    }
}

/// What is not in the archive though it is in the backup.
#[derive(Default)]
struct Missing {
    lines: Vec<String>,
    more: usize,
}

impl Missing {
    fn add(&mut self, path: &TreePath, cause: &str) {
        if self.lines.len() < MOST_LISTED {
            self.lines.push(format!("{}: {cause}\n", path.shown()));
        } else {
            self.more += 1;
        }
    }

    /// None where nothing is missing.
    fn text(self) -> Option<String> {
        if self.lines.is_empty() {
            return None;
        }
        let more = if self.more > 0 { tr!("and {n} more" | "and {n} more" % self.more) + "\n" } else { String::new() };
        let begin = tr!("These are in the backup, but not in this archive. Restore them, or download them one by one.");
        Some(format!("{begin}\n\n{}{more}", self.lines.concat()))
    }
}
