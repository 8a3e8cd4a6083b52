//! Which part of a snapshot is restored.

use std::collections::BTreeSet;

use rustic_core::{TreeId, repofile::Node};
use tokio_util::sync::CancellationToken;

use super::super::{
    RepositoryError, Result,
    nodes::Listed,
    reader::{Reader, joined, names, shown_name},
};

/// The chosen paths.
pub(super) struct Selection {
    /// None: everything.
    paths: Option<BTreeSet<String>>,
}

/// How a path relates to a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is chosen, with all that is in it.
    Chosen,
    /// Something inside it is chosen.
    OnTheWay,
    /// Nothing of it is chosen.
    Outside,
}

impl Selection {
    /// Everything when `paths` is empty; otherwise each path must be in the snapshot.
    pub(super) fn new(reader: &Reader, root: TreeId, paths: &[String]) -> Result<Self> {
        let mut chosen = BTreeSet::new();
        for path in paths {
            let path = names(path).collect::<Vec<_>>().join("/");
            if path.is_empty() {
                return Ok(Self { paths: None });
            }
            reader.node(root, &path)?;
            chosen.insert(path);
        }
        Ok(Self { paths: (!chosen.is_empty()).then_some(chosen) })
    }

    pub(super) fn is_everything(&self) -> bool {
        self.paths.is_none()
    }

    /// How the top folder relates.
    pub(super) fn top(&self) -> Fit {
        if self.paths.is_none() { Fit::Chosen } else { Fit::OnTheWay }
    }

    /// How `name` relates in the folder `above`, which relates as `folder`, and its path where something inside it may be
    /// chosen. What is in a chosen folder is chosen too, whatever its path.
    pub(super) fn inside(&self, above: &str, name: impl FnOnce() -> String, folder: Fit) -> (Fit, String) {
        if folder != Fit::OnTheWay {
            return (folder, String::new());
        }
        let path = joined(above, &name());
        let fit = self.fit(&path, folder);
        (fit, if fit == Fit::OnTheWay { path } else { String::new() })
    }

    /// How `path` relates, when the folder it is in relates as `folder`.
    fn fit(&self, path: &str, folder: Fit) -> Fit {
        let Some(paths) = &self.paths else { return Fit::Chosen };
        if folder == Fit::Chosen || paths.contains(path) {
            return Fit::Chosen;
        }
        let inside = format!("{path}/");
        let next = paths.range(inside.clone()..).next();
        if next.is_some_and(|chosen| chosen.starts_with(&inside)) { Fit::OnTheWay } else { Fit::Outside }
    }

    /// How many files and bytes are chosen.
    pub(super) fn count(&self, reader: &Reader, root: TreeId, stop: &CancellationToken) -> Result<(u64, u64)> {
        let (mut files, mut bytes) = (0, 0);
        let mut folders = vec![(String::new(), root, self.top())];
        while let Some((folder, tree, fit)) = folders.pop() {
            if stop.is_cancelled() {
                return Err(RepositoryError::Cancelled);
            }
            for node in reader.nodes(&tree)?.read::<Listed>()? {
                let node = Node::from(node?);
                let (inside, path) = self.inside(&folder, || shown_name(&node), fit);
                match (inside, node.subtree) {
                    (Fit::Outside, _) => {}
                    (inside, Some(subtree)) => folders.push((path, subtree, inside)),
                    (_, None) => {
                        files += 1;
                        bytes += if node.is_file() { node.meta.size } else { 0 };
                    }
                }
            }
        }
        Ok((files, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Fit, Selection};

    #[test]
    fn a_folder_stands_for_all_that_is_in_it() {
        let paths = ["a/b", "c"].map(str::to_owned).into();
        let selection = Selection { paths: Some(paths) };
        assert_eq!(selection.fit("a", Fit::OnTheWay), Fit::OnTheWay);
        assert_eq!(selection.fit("a/b", Fit::OnTheWay), Fit::Chosen);
        assert_eq!(selection.fit("a/b/x", Fit::Chosen), Fit::Chosen);
        assert_eq!(selection.fit("a/bc", Fit::OnTheWay), Fit::Outside);
        assert_eq!(selection.fit("c", Fit::OnTheWay), Fit::Chosen);
        assert_eq!(selection.fit("d", Fit::OnTheWay), Fit::Outside);
    }
}
