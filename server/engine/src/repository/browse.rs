//! Looking into a snapshot.

use chrono::{DateTime, Utc};
use rustic_core::{
    TreeId,
    jiff::Timestamp,
    repofile::{Node, NodeType},
};
use tokio_util::sync::CancellationToken;

use super::{
    Entry, EntryKind, RepositoryError, Result,
    reader::{Reader, joined, names, shown_name},
};
use crate::source::shown;

/// Folders inside folders that are searched. Deeper ones do not exist outside of hostile backups.
const DEEPEST: usize = 1000;

pub(super) fn entries(reader: &Reader, root: TreeId, path: &str) -> Result<Vec<Entry>> {
    let folder = names(path).collect::<Vec<_>>().join("/");
    let tree = reader.folder(root, &folder)?;
    Ok(tree.nodes.iter().map(|node| entry(node, &folder)).collect())
}

/// Entries whose names contain `needle`, whatever its letter case; at most `limit`, by path.
pub(super) fn search(
    reader: &Reader,
    root: TreeId,
    needle: &str,
    limit: usize,
    stop: &CancellationToken,
) -> Result<Vec<Entry>> {
    let needle = needle.to_lowercase();
    let mut found = Vec::new();
    let mut levels = vec![(String::new(), reader.tree(&root)?.nodes.into_iter())];
    while let Some((path, nodes)) = levels.last_mut() {
        if stop.is_cancelled() {
            return Err(RepositoryError::Cancelled);
        }
        if found.len() == limit {
            break;
        }
        let Some(node) = nodes.next() else {
            levels.pop();
            continue;
        };
        let entry = entry(&node, path);
        let inside = entry.path.clone();
        if entry.name.to_lowercase().contains(&needle) {
            found.push(entry);
        }
        if let Some(subtree) = node.subtree.filter(|_| levels.len() < DEEPEST) {
            levels.push((inside, reader.tree(&subtree)?.nodes.into_iter()));
        }
    }
    Ok(found)
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
