//! Which snapshots still have everything they need.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use rustic_core::{Id, IndexedFullStatus, TreeId, repofile::Tree};
use tokio_util::sync::CancellationToken;

use super::{DamagedKind, Found, VerifyReport, unreadable};
use crate::repository::{
    Inner, Result,
    fault::repository_error,
    open::{self, Library},
    storage::Storage,
};

/// Walks through all folders of all snapshots, each once, and names the snapshots that lack something. Blocks.
pub(super) fn incomplete(repository: &Inner, found: Found, stop: CancellationToken) -> Result<VerifyReport> {
    let mut storage = Storage::of(repository, stop);
    storage.hidden = found.damaged(DamagedKind::Index);
    let library = open::open(Arc::new(storage), &repository.key, None)?;
    let library = library.to_indexed().map_err(|error| repository_error(&error))?;
    let bad_packs = found.damaged(DamagedKind::Pack);
    let mut walk = Walk { library: &library, bad_packs: &bad_packs, above: HashMap::new(), bad: Vec::new() };
    walk.down(found.snapshots.iter().map(|(_, root)| *root).collect())?;
    let bad = walk.spread();
    let mut report = found.report;
    let lacking = found.snapshots.into_iter().filter(|(_, root)| bad.contains(root));
    report.incomplete = lacking.map(|(snapshot, _)| snapshot).collect();
    Ok(report)
}

struct Walk<'a> {
    library: &'a Library<IndexedFullStatus>,
    bad_packs: &'a HashSet<Id>,
    /// The folders that hold a folder. Every folder that was seen is a key.
    above: HashMap<TreeId, Vec<TreeId>>,
    /// Folders that cannot be read, or hold a file that cannot.
    bad: Vec<TreeId>,
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
            let Some(tree) = self.read(&folder)? else {
                self.bad.push(folder);
                continue;
            };
            if self.lacks_data(&tree) {
                self.bad.push(folder);
            }
            for below in tree.nodes.iter().filter_map(|node| node.subtree) {
                let above = self.above.entry(below).or_insert_with(|| {
                    next.push(below);
                    Vec::new()
                });
                above.push(folder);
            }
        }
        Ok(())
    }

    /// The folder; `None` where it is damaged.
    fn read(&self, folder: &TreeId) -> Result<Option<Tree>> {
        if !self.library.get_index_entry(folder).is_ok_and(|entry| !self.bad_packs.contains(&entry.pack)) {
            return Ok(None);
        }
        match self.library.get_tree(folder) {
            Ok(tree) => Ok(Some(tree)),
            Err(error) => unreadable(&error).map_or(Ok(None), Err),
        }
    }

    fn lacks_data(&self, tree: &Tree) -> bool {
        tree.nodes
            .iter()
            .filter_map(|node| node.content.as_ref())
            .flatten()
            .any(|blob| !self.library.get_index_entry(blob).is_ok_and(|entry| !self.bad_packs.contains(&entry.pack)))
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
