//! Looking into a snapshot.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rustic_core::{
    TreeId,
    jiff::Timestamp,
    repofile::{Node, NodeType},
};
use tokio_util::sync::CancellationToken;

use super::{
    Entry, EntryKind, Listing, RepositoryError, Result,
    nodes::Nodes,
    reader::{Reader, joined, names, shown_name},
};
use crate::source::{DEEPEST, TreePath, shown};

/// Most names that are in memory while entries are passed over. For more, the folder is gone through again.
const MOST_NAMES: usize = 50_000;
/// Most bytes of the paths that a search finds.
const MOST_FOUND: usize = 4 << 20;

/// Where an entry stands: folders first, then by name whatever its letter case; the last part makes it unique.
type Place = (bool, String, usize);

pub(super) fn entries(reader: &Reader, root: TreeId, path: &str, (skip, take): (usize, usize)) -> Result<Listing> {
    let folder = names(path).collect::<Vec<_>>().join("/");
    let nodes = reader.nodes(&reader.folder(root, &folder)?)?;
    let mut left = skip;
    let mut after = None;
    while left > 0 {
        let (mut passed, total) = first(&nodes, after.as_ref(), left.min(MOST_NAMES), |_| ())?;
        left -= passed.len();
        match passed.pop_last() {
            Some((last, ())) => after = Some(last),
            None => return Ok(Listing { entries: Vec::new(), total }),
        }
    }
    let (found, total) = first(&nodes, after.as_ref(), take, |node| entry(node, &folder))?;
    Ok(Listing { entries: found.into_values().collect(), total })
}

/// The first `most` nodes after a place, and how many there are in all.
fn first<T>(
    nodes: &Nodes,
    after: Option<&Place>,
    most: usize,
    make: impl Fn(&Node) -> T,
) -> Result<(BTreeMap<Place, T>, u64)> {
    let (mut found, mut total) = (BTreeMap::new(), 0);
    nodes.each_listed(|node| {
        let place = (!node.is_dir(), shown_name(&node).to_lowercase(), total);
        total += 1;
        let is_full = found.len() >= most;
        let too_late = is_full && found.last_key_value().is_none_or(|(last, _)| place > *last);
        if too_late || after.is_some_and(|after| place <= *after) {
            return;
        }
        found.insert(place, make(&node));
        if is_full {
            found.pop_last();
        }
    })?;
    Ok((found, total as u64))
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
