//! Whether there is room for what is restored.

use std::{
    collections::HashSet,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustic_core::{
    DataId, TreeId,
    repofile::{Node, SnapshotSummary},
};
use rustix::fs::fstatvfs;
use tokio_util::sync::CancellationToken;

use super::{
    super::{
        OnConflict, RepositoryError, RestoreRequest, Result,
        inflate::MOST_OF_PIECE,
        reader::{Reader, shown_name},
        seal::hash,
        segments::Wanted,
    },
    batch::MOST_BYTES,
    selection::{Fit, Selection},
};
use crate::source::DEEPEST;

/// Fails where the file system of the target has less room than the restore takes. A total that fits is not looked at
/// further; else holes, files that are one with others, and what is there already are found out.
pub(super) fn check(
    reader: &Reader,
    request: &RestoreRequest,
    (root, summary): (TreeId, Option<&SnapshotSummary>),
    selection: &Selection,
    stop: &CancellationToken,
) -> Result<()> {
    let stat = fstatvfs(&*request.target.folder).map_err(|error| RepositoryError::Target(error.into()))?;
    // Some file systems do not know how large they are.
    if stat.f_blocks == 0 {
        return Ok(());
    }
    let available = stat.f_bavail.saturating_mul(stat.f_frsize);
    if summary.is_some_and(|summary| summary.total_bytes_processed <= available) {
        return Ok(());
    }
    let needed = Needs::new(reader, request).count(root, selection, stop)?;
    if needed <= available {
        return Ok(());
    }
    Err(RepositoryError::NoSpace { path: request.target.path().to_owned(), needed, available })
}

struct Needs<'a> {
    reader: &'a Reader,
    target: &'a Path,
    on_conflict: OnConflict,
    /// The pieces that become holes: those of the sizes that stretches of zeros are cut into.
    zeros: Vec<DataId>,
    /// Files with several names, by device and inode.
    links: HashSet<(u64, u64)>,
    /// Bytes of files that replace others, all of them and the largest one.
    replacing: u64,
    largest: u64,
}

impl<'a> Needs<'a> {
    fn new(reader: &'a Reader, request: &'a RestoreRequest) -> Self {
        let config = reader.library.config();
        let sizes =
            [config.chunk_min_size(), config.chunk_max_size()].into_iter().filter(|size| *size <= MOST_OF_PIECE);
        let zeros = sizes.map(|size| hash(&vec![0; size]).into()).collect();
        let (target, on_conflict) = (request.target.path(), request.on_conflict);
        Self { reader, target, on_conflict, zeros, links: HashSet::new(), replacing: 0, largest: 0 }
    }

    /// The bytes that the chosen files will take.
    fn count(mut self, root: TreeId, selection: &Selection, stop: &CancellationToken) -> Result<u64> {
        let mut needed = 0_u64;
        let mut folders = vec![(PathBuf::new(), String::new(), root, selection.top())];
        while let Some((path, written, tree, fit)) = folders.pop() {
            if stop.is_cancelled() {
                return Err(RepositoryError::Cancelled);
            }
            let nodes = match self.reader.nodes(&tree).and_then(|nodes| nodes.read::<Node>()) {
                Ok(nodes) => nodes,
                // The restore itself tells what is missing.
                Err(RepositoryError::Damaged { .. }) => continue,
                Err(error) => return Err(error),
            };
            for node in nodes.map_while(Result::ok) {
                let (inside, chosen) = selection.inside(&written, || shown_name(&node), fit);
                match node.subtree {
                    _ if inside == Fit::Outside => {}
                    Some(subtree) if path.components().count() < DEEPEST => {
                        folders.push((path.join(node.name()), chosen, subtree, inside));
                    }
                    Some(_) => {}
                    None => needed = needed.saturating_add(self.file(&path.join(node.name()), &node)),
                }
            }
        }
        // A file is replaced when the new one is complete, and files are worked on together.
        let meanwhile = self.replacing.min(MOST_BYTES).max(self.largest);
        Ok(needed.saturating_add(meanwhile))
    }

    /// The bytes that a file takes beside those of what is in its place.
    fn file(&mut self, path: &Path, node: &Node) -> u64 {
        if !node.is_file() || (node.meta.links > 1 && !self.links.insert((node.meta.device_id, node.meta.inode))) {
            return 0;
        }
        let there = self.target.join(path).symlink_metadata().map(|there| there.blocks() * 512).ok();
        match (self.on_conflict, there) {
            (OnConflict::Skip, Some(_)) => 0,
            (OnConflict::Overwrite, Some(there)) => {
                let size = self.size(node.content.as_deref().unwrap_or_default());
                let replaced = size.min(there);
                self.replacing = self.replacing.saturating_add(replaced);
                self.largest = self.largest.max(replaced);
                size - replaced
            }
            _ => self.size(node.content.as_deref().unwrap_or_default()),
        }
    }

    /// The bytes of a file that are no holes.
    fn size(&self, content: &[DataId]) -> u64 {
        let runs = content.chunk_by(|one, next| one == next);
        let length = |run: &[DataId]| {
            let id = run.first().filter(|id| !self.zeros.contains(id))?;
            Some(Wanted::find(&self.reader.library, *id, ())?.length * run.len() as u64)
        };
        runs.filter_map(length).fold(0, u64::saturating_add)
    }
}
