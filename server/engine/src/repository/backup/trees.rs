//! Building a snapshot's folders.

use std::sync::mpsc::Receiver;

use rustic_core::{
    TreeId,
    repofile::{Node, SnapshotSummary},
};

use super::{
    super::{RepositoryError, Result},
    Archive, Archived,
    compare::{Change, Passed},
    encode::Encoder,
    list::ListWriter,
    walk::{Content, Step, Steps},
};

struct Level {
    /// The folder's own entry; the root has none.
    node: Option<Node>,
    /// The id that it has if nothing in it has changed and its own entry has not either.
    had: Option<TreeId>,
    list: ListWriter,
    /// Whether all that was found is in it, and the folders in it are those that were there before.
    same: bool,
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
        let mut builder = Self { archive, encoder, levels: Vec::new(), summary: SnapshotSummary::default() };
        builder.enter(None, None);
        Ok(builder)
    }

    fn enter(&mut self, node: Option<Node>, had: Option<TreeId>) {
        let list = ListWriter::new(self.archive.folder_level.is_some());
        self.levels.push(Level { node, had, list, same: true });
    }

    /// Takes all steps. None when they end before the root is complete: the run was stopped.
    pub(super) fn build(mut self, steps: Receiver<Steps>) -> Result<Option<Archived>> {
        for mut together in steps {
            for step in together.steps.drain(..) {
                match step {
                    Step::Enter { node, had } => self.enter(Some(node), had),
                    Step::Leaf { node, change, content } => {
                        if !self.leaf(node, change, content)? {
                            return Ok(None);
                        }
                    }
                    Step::Leave(passed) => {
                        if let Some(root) = self.leave(passed)? {
                            return Ok(Some(Archived { root, summary: self.summary }));
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// False when the run was stopped.
    fn leaf(&mut self, mut node: Node, change: Change, content: Content) -> Result<bool> {
        let Some(level) = self.levels.last_mut() else { return Ok(true) };
        if let Content::Coming(coming) = content {
            let Ok(answer) = coming.blocking_recv() else { return Ok(false) };
            let Some(saved) = answer else {
                // It cannot be read, which is in the source's report.
                level.same = false;
                return Ok(true);
            };
            node.meta.size = saved.bytes;
            node.content = Some(saved.content.whole());
        }
        let count = match change {
            Change::New => &mut self.summary.files_new,
            Change::Changed => &mut self.summary.files_changed,
            Change::None => &mut self.summary.files_unmodified,
        };
        *count += 1;
        self.summary.total_files_processed += 1;
        self.summary.total_bytes_processed += node.meta.size;
        level.list.push(node)?;
        Ok(true)
    }

    /// Completes the innermost folder. The root's id, when it was that.
    fn leave(&mut self, passed: Option<Passed>) -> Result<Option<TreeId>> {
        let level = self.levels.pop().ok_or_else(|| internal("a folder ended twice"))?;
        let (id, change) = match passed {
            Some(passed) if passed.same && level.same => (passed.id, Change::None),
            passed => {
                let (id, length) = self.archive.save_list(&mut self.encoder, level.list.finish()?)?;
                self.summary.total_dirsize_processed += length;
                let unchanged = passed.as_ref().is_some_and(|passed| passed.id == id);
                (id, if unchanged { Change::None } else { passed.map_or(Change::New, |_| Change::Changed) })
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
        above.same &= level.had == Some(id);
        above.list.push(node)?;
        Ok(None)
    }
}

fn internal(detail: &str) -> RepositoryError {
    RepositoryError::Internal { detail: detail.into() }
}
