//! Looking into a snapshot.

mod order;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rustic_core::{
    TreeId,
    jiff::Timestamp,
    repofile::{Node, NodeType},
};
use tokio_util::sync::CancellationToken;

pub(super) use self::order::{Order, Orders};
use super::{
    Entry, EntryKind, Listing, RepositoryError, Result,
    nodes::Listed,
    reader::{Reader, joined, names, shown_name},
};
use crate::source::{DEEPEST, TreePath, shown};

/// Most bytes of the paths that a search finds.
const MOST_FOUND: usize = 4 << 20;

pub(super) fn entries(reader: &Reader, root: TreeId, path: &str, (skip, take): (usize, usize)) -> Result<Listing> {
    let folder = names(path).collect::<Vec<_>>().join("/");
    let id = reader.folder(root, &folder)?;
    let nodes = reader.nodes(&id)?;
    let order = reader.order(&id, &nodes)?;
    let page = order.page(skip, take);
    // They are read as they stand in the text, and given as they stand in the order.
    let mut places = page.to_vec();
    places.sort_unstable();
    let read: Vec<Listed> = nodes.at(places.iter().copied())?;
    let mut read: HashMap<u32, Node> = places.into_iter().zip(read.into_iter().map(Node::from)).collect();
    let entries = page.iter().filter_map(|place| read.remove(place)).map(|node| entry(&node, &folder)).collect();
    Ok(Listing { entries, total: order.total() })
}

/// Entries whose names contain `needle`, whatever its letter case; at most `limit`, by path.
pub(super) fn search(
    reader: &Reader,
    root: TreeId,
    needle: &str,
    limit: usize,
    stop: &CancellationToken,
) -> Result<Vec<Entry>> {
    let mut search = Search { reader, needle: needle.to_lowercase(), limit, room: MOST_FOUND, found: Vec::new() };
    let mut levels = vec![(TreePath::default(), search.folder(&TreePath::default(), &root)?.into_iter())];
    while let Some((path, folders)) = levels.last_mut() {
        if stop.is_cancelled() {
            return Err(RepositoryError::Cancelled);
        }
        if search.found.len() == limit || search.room == 0 {
            break;
        }
        let Some((name, folder)) = folders.next() else {
            levels.pop();
            continue;
        };
        let path = path.join(name);
        if path.depth() <= DEEPEST {
            let folders = search.folder(&path, &folder)?.into_iter();
            levels.push((path, folders));
        }
    }
    search.found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(search.found)
}

struct Search<'a> {
    reader: &'a Reader,
    needle: String,
    limit: usize,
    /// For the paths of what is found.
    room: usize,
    found: Vec<Entry>,
}

impl Search<'_> {
    /// Finds what is in the folder itself, and gives the folders in it.
    fn folder(&mut self, path: &TreePath, tree: &TreeId) -> Result<Vec<(String, TreeId)>> {
        let mut folders = Vec::new();
        self.reader.nodes(tree)?.each_listed(|node| {
            let name = shown_name(&node);
            if self.found.len() < self.limit && self.room > 0 && name.to_lowercase().contains(&self.needle) {
                let entry = entry(&node, &path.whole());
                self.room = self.room.saturating_sub(entry.path.len());
                self.found.push(entry);
            }
            if let Some(subtree) = node.subtree {
                folders.push((name, subtree));
            }
        })?;
        Ok(folders)
    }
}

pub(super) fn entry(node: &Node, folder: &str) -> Entry {
    let name = shown_name(node);
    Entry {
        path: joined(folder, &name),
        name,
        kind: kind(node),
        size: if node.is_file() { node.meta.size } else { 0 },
        modified: node.meta.mtime.and_then(time),
    }
}

fn kind(node: &Node) -> EntryKind {
    match &node.node_type {
        NodeType::File => EntryKind::File,
        NodeType::Dir => EntryKind::Directory,
        link @ NodeType::Symlink { .. } => EntryKind::Symlink { target: shown(link.to_link().as_os_str()) },
        NodeType::Dev { .. } | NodeType::Chardev { .. } | NodeType::Fifo | NodeType::Socket => EntryKind::Other,
    }
}

pub(super) fn time(time: Timestamp) -> Option<DateTime<Utc>> {
    let nanoseconds = time.as_nanosecond();
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).ok()?;
    let rest = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).ok()?;
    DateTime::from_timestamp(seconds, rest)
}
