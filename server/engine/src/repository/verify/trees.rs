//! Which snapshots still have everything they need.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rustic_core::{DataId, Id, TreeId, repofile::Node};
use tokio_util::sync::CancellationToken;

use super::{DamagedKind, Found, VerifyReport};
use crate::repository::{Inner, RepositoryError, Result, reader::Reader, storage::Storage};

/// Walks through all folders of all snapshots, each once, and names the snapshots that lack something. Blocks.
pub(super) fn incomplete(repository: &Inner, found: Found, stop: CancellationToken) -> Result<VerifyReport> {
    let mut storage = Storage::of(repository, stop)?;
    storage.hidden = found.damaged(DamagedKind::Index);
    let reader = Reader::of(Arc::new(storage), &repository.key, None)?;
    let bad_packs = found.damaged(DamagedKind::Pack);
    let mut walk = Walk { reader: &reader, bad_packs: &bad_packs, above: HashMap::new(), bad: Vec::new() };
    walk.down(found.snapshots.iter().map(|(_, root)| *root).collect())?;
    let bad = walk.spread();
    let mut report = found.report;
    let lacking = found.snapshots.into_iter().filter(|(_, root)| bad.contains(root));
    report.incomplete = lacking.map(|(snapshot, _)| snapshot).collect();
    Ok(report)
}

struct Walk<'a> {
    reader: &'a Reader,
    bad_packs: &'a HashSet<Id>,
    /// The folders that hold a folder. Every folder that was seen is a key.
    above: HashMap<TreeId, Vec<TreeId>>,
    /// Folders that cannot be read, or hold a file that cannot.
    bad: Vec<TreeId>,
}

/// What a folder holds.
#[derive(Default)]
struct Looked {
    folders: Vec<TreeId>,
    /// Whether parts of its files are missing.
    lacks_data: bool,
}

impl Walk<'_> {
    fn down(&mut self, roots: Vec<TreeId>) -> Result<()> {
        let mut next = Vec::new();
        for root in roots {
            if self.above.insert(root, Vec::new()).is_none() {
                next.push(root);
            }
        }
        while let Some(folder) = next.pop() {
            let Some(found) = self.look(&folder)? else {
                self.bad.push(folder);
                continue;
            };
            if found.lacks_data {
                self.bad.push(folder);
            }
            for below in found.folders {
                let above = self.above.entry(below).or_insert_with(|| {
                    next.push(below);
                    Vec::new()
                });
                above.push(folder);
            }
        }
        Ok(())
    }

    /// Looks into a folder; `None` where it is damaged.
    fn look(&self, folder: &TreeId) -> Result<Option<Looked>> {
        if !self.reader.library.get_index_entry(folder).is_ok_and(|entry| !self.bad_packs.contains(&entry.pack)) {
            return Ok(None);
        }
        let looked = self.reader.nodes(folder).and_then(|nodes| {
            let mut looked = Looked::default();
            for node in nodes.read::<Node>()? {
                let node = node?;
                looked.folders.extend(node.subtree);
                looked.lacks_data |= node.content.iter().flatten().any(|blob| self.lacks(blob));
            }
            Ok(looked)
        });
        match looked {
            Ok(looked) => Ok(Some(looked)),
            Err(RepositoryError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn lacks(&self, blob: &DataId) -> bool {
        !self.reader.library.get_index_entry(blob).is_ok_and(|entry| !self.bad_packs.contains(&entry.pack))
    }

    /// All folders that are bad or have a bad one somewhere below.
    fn spread(mut self) -> HashSet<TreeId> {
        let mut bad = HashSet::new();
        while let Some(folder) = self.bad.pop() {
            if bad.insert(folder) {
                self.bad.extend(self.above.remove(&folder).unwrap_or_default());
            }
        }
        bad
    }
}
