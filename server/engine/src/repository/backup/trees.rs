//! Building a snapshot's folders.

use std::sync::mpsc::Receiver;

use rustic_core::{
    TreeId,
    repofile::{Node, SnapshotSummary, Tree},
};

use super::{
    super::{RepositoryError, Result},
    Archive, Archived,
    compare::{Before, Change},
    encode::Encoder,
    walk::{Content, Step},
};

struct Level {
    /// The folder's own entry; the root has none.
    node: Option<Node>,
    tree: Tree,
}

/// Puts folders together from the inside out.
pub(super) struct Builder<'a> {
    archive: &'a Archive<'a>,
    encoder: Encoder<'a>,
    levels: Vec<Level>,
    summary: SnapshotSummary,
}

impl<'a> Builder<'a> {
    pub(super) fn new(archive: &'a Archive<'a>) -> Result<Self> {
        let encoder = archive.folder_encoder()?;
        let levels = vec![Level { node: None, tree: Tree::default() }];
        Ok(Self { archive, encoder, levels, summary: SnapshotSummary::default() })
    }

    /// Takes all steps. None when they end before the root is complete: the run was stopped.
    pub(super) fn build(mut self, steps: Receiver<Vec<Step>>) -> Result<Option<Archived>> {
        for step in steps.into_iter().flatten() {
            match step {
                Step::Enter(node) => self.levels.push(Level { node: Some(node), tree: Tree::default() }),
                Step::Leaf { node, change, content } => {
                    if !self.leaf(node, change, content) {
                        return Ok(None);
                    }
                }
                Step::Leave(before) => {
                    if let Some(root) = self.leave(before)? {
                        return Ok(Some(Archived { root, summary: self.summary }));
                    }
                }
            }
        }
        Ok(None)
    }

    /// False when the run was stopped.
    fn leaf(&mut self, mut node: Node, change: Change, content: Content) -> bool {
        if let Content::Coming(coming) = content {
            let Ok(answer) = coming.blocking_recv() else { return false };
            // What cannot be read is in the source's report.
            let Some(saved) = answer else { return true };
            node.meta.size = saved.bytes;
            node.content = Some(saved.content);
        }
        let count = match change {
            Change::New => &mut self.summary.files_new,
            Change::Changed => &mut self.summary.files_changed,
            Change::None => &mut self.summary.files_unmodified,
        };
        *count += 1;
        self.summary.total_files_processed += 1;
        self.summary.total_bytes_processed += node.meta.size;
        if let Some(level) = self.levels.last_mut() {
            level.tree.nodes.push(node);
        }
        true
    }

    /// Completes the innermost folder. The root's id, when it was that.
    fn leave(&mut self, before: Option<Before>) -> Result<Option<TreeId>> {
        let level = self.levels.pop().ok_or_else(|| internal("a folder ended twice"))?;
        let (id, change) = match before {
            Some(before) if before.tree.nodes == level.tree.nodes => (before.id, Change::None),
            before => {
                let (content, id) = level.tree.serialize().map_err(|error| internal(&error.to_string()))?;
                self.archive.save_tree(&mut self.encoder, *id, &content)?;
                self.summary.total_dirsize_processed += content.len() as u64;
                let unchanged = before.as_ref().is_some_and(|before| before.id == id);
                (id, if unchanged { Change::None } else { before.map_or(Change::New, |_| Change::Changed) })
            }
        };
        let Some(mut node) = level.node else { return Ok(Some(id)) };
        let count = match change {
            Change::New => &mut self.summary.dirs_new,
            Change::Changed => &mut self.summary.dirs_changed,
            Change::None => &mut self.summary.dirs_unmodified,
        };
        *count += 1;
        self.summary.total_dirs_processed += 1;
        node.subtree = Some(id);
        let above = self.levels.last_mut().ok_or_else(|| internal("a folder is nowhere"))?;
        above.tree.nodes.push(node);
        Ok(None)
    }
}

fn internal(detail: &str) -> RepositoryError {
    RepositoryError::Internal { detail: detail.into() }
}
