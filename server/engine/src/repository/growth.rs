//! What takes more room in one snapshot than in an earlier one.

use std::{cmp::Reverse, collections::HashMap, vec};

use rustic_core::TreeId;
use tokio_util::sync::CancellationToken;

use super::{
    RepositoryError, Result,
    reader::{Reader, shown_name},
};
use crate::source::{DEEPEST, TreePath};

/// Most names of a folder that are looked at one by one. Of a larger one only the sum of its files is compared.
const MOST_NAMES: usize = 200_000;

/// A folder is named by what grew in it where that is at least so many quarters of its own growth.
const MOST_OF_FOLDER: i128 = 3;

/// What takes more room than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    /// From the top of the snapshot, with `/` between names.
    pub path: String,
    pub is_folder: bool,
    /// How many bytes it takes more: of files their size, of folders that of all files below it.
    pub bytes: u64,
}

/// Compares two snapshots and gives what grew most, the most first; at most `limit`, none of which lies in another. Folders
/// that are the same in both are not read. Sizes are those of the source, before compression and deduplication.
pub(super) fn between(
    reader: &Reader,
    old: TreeId,
    new: TreeId,
    limit: usize,
    stop: &CancellationToken,
) -> Result<Vec<Grown>> {
    let growth = Growth { reader, limit };
    let mut levels = vec![growth.level(TreePath::default(), Pair { old: Some(old), new: Some(new) })?];
    loop {
        if stop.is_cancelled() {
            return Err(RepositoryError::Cancelled);
        }
        let Some(level) = levels.last_mut() else { return Ok(Vec::new()) };
        if let Some((name, pair)) = level.folders.next() {
            let path = level.path.join(name);
            if path.depth() <= DEEPEST {
                levels.push(growth.level(path, pair)?);
            }
            continue;
        }
        let Some(done) = levels.pop() else { return Ok(Vec::new()) };
        let Some(above) = levels.last_mut() else { return Ok(done.grown) };
        above.total += done.total;
        for grown in done.told() {
            above.add(grown, limit);
        }
    }
}

struct Growth<'a> {
    reader: &'a Reader,
    limit: usize,
}

/// One folder in both snapshots, where it is there.
struct Pair {
    old: Option<TreeId>,
    new: Option<TreeId>,
}

/// A folder that is being compared.
struct Level {
    path: TreePath,
    /// The folders in it that differ.
    folders: vec::IntoIter<(String, Pair)>,
    /// By how many bytes its files and the compared folders grew.
    total: i128,
    /// What grew most in it, the most first.
    grown: Vec<Grown>,
}

impl Level {
    fn add(&mut self, grown: Grown, limit: usize) {
        let place = self.grown.partition_point(|other| other.bytes >= grown.bytes);
        if place < limit {
            self.grown.insert(place, grown);
            self.grown.truncate(limit);
        }
    }

    /// What is told of it: itself, or what makes most of its growth.
    fn told(self) -> Vec<Grown> {
        let Ok(bytes) = u64::try_from(self.total) else { return Vec::new() };
        let most = self.grown.first().map_or(0, |most| i128::from(most.bytes));
        if bytes == 0 {
            Vec::new()
        } else if most * 4 >= self.total * MOST_OF_FOLDER {
            self.grown
        } else {
            vec![Grown { path: self.path.whole(), is_folder: true, bytes }]
        }
    }
}

/// What an earlier folder has under a name.
enum Before {
    File(u64),
    Folder(TreeId),
}

impl Growth<'_> {
    /// Compares what is in the folder itself.
    fn level(&self, path: TreePath, pair: Pair) -> Result<Level> {
        let mut level = Level { path, folders: Vec::new().into_iter(), total: 0, grown: Vec::new() };
        let Some(mut before) = self.before(pair.old)? else {
            level.total = self.sum(pair.new)? - self.sum(pair.old)?;
            return Ok(level);
        };
        let mut folders = Vec::new();
        self.each(pair.new, |name, now| match (before.remove(&name), now) {
            (Some(Before::Folder(old)), Before::Folder(new)) => {
                if old != new {
                    folders.push((name, Pair { old: Some(old), new: Some(new) }));
                }
            }
            (was, Before::Folder(new)) => {
                level.total -= size_of(was.as_ref());
                folders.push((name, Pair { old: None, new: Some(new) }));
            }
            (was, Before::File(size)) => {
                let growth = i128::from(size) - size_of(was.as_ref());
                if let Some(Before::Folder(old)) = was {
                    folders.push((name.clone(), Pair { old: Some(old), new: None }));
                }
                level.total += growth;
                if let Ok(bytes @ 1..) = u64::try_from(growth) {
                    level.add(Grown { path: level.path.join(name).whole(), is_folder: false, bytes }, self.limit);
                }
            }
        })?;
        for (name, gone) in before {
            match gone {
                Before::File(size) => level.total -= i128::from(size),
                Before::Folder(old) => folders.push((name, Pair { old: Some(old), new: None })),
            }
        }
        folders.sort_by_cached_key(|(name, _)| Reverse(name.clone()));
        level.folders = folders.into_iter();
        Ok(level)
    }

    /// What an earlier folder holds; `None` where that is too much to look at one by one.
    fn before(&self, folder: Option<TreeId>) -> Result<Option<HashMap<String, Before>>> {
        let (mut names, mut too_many) = (HashMap::new(), false);
        self.each(folder, |name, what| {
            too_many |= names.len() == MOST_NAMES;
            if !too_many {
                names.insert(name, what);
            }
        })?;
        Ok((!too_many).then_some(names))
    }

    /// The bytes of the files in a folder itself.
    fn sum(&self, folder: Option<TreeId>) -> Result<i128> {
        let mut sum = 0;
        self.each(folder, |_, what| sum += size_of(Some(&what)))?;
        Ok(sum)
    }

    /// Looks at the files and folders of a folder.
    fn each(&self, folder: Option<TreeId>, mut look: impl FnMut(String, Before)) -> Result<()> {
        let Some(id) = folder else { return Ok(()) };
        self.reader.nodes(&id)?.each_listed(|node| match node.subtree {
            Some(subtree) if node.is_dir() => look(shown_name(&node), Before::Folder(subtree)),
            _ if node.is_file() => look(shown_name(&node), Before::File(node.meta.size)),
            _ => {}
        })
    }
}

fn size_of(what: Option<&Before>) -> i128 {
    match what {
        Some(Before::File(size)) => i128::from(*size),
        Some(Before::Folder(_)) | None => 0,
    }
}
