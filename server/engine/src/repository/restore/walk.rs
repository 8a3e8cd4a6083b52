//! Walking a snapshot and deciding about each entry.

use std::{
    ffi::{OsStr, OsString},
    io,
    sync::{Arc, mpsc::SyncSender},
    vec,
};

use rustic_core::{
    DataId, TreeId,
    repofile::{Node, NodeType},
};
use rustix::fs::{FileType, Mode, mknodat, symlinkat};

use super::{
    super::{
        OnConflict, RepositoryError, Result,
        reader::{Reader, is_plain, shown_name},
        segments::Wanted,
    },
    Job,
    batch::{Batch, FinishedFolder, Place},
    folder::{Entered, Folder},
    metadata,
    pending::{PendingFile, could_not_be_written, is_about_the_target},
    selection::{Fit, Selection},
};
use crate::source::{DEEPEST, Descent, TreePath, words};

pub(super) struct Walk<'a> {
    job: &'a Job<'a>,
    reader: &'a Reader,
    selection: Selection,
    descent: Descent,
    levels: Vec<Level>,
    batch: Batch,
    /// Takes full batches, one while another is worked on.
    batches: SyncSender<Batch>,
}

struct Level {
    path: TreePath,
    nodes: vec::IntoIter<Node>,
    fit: Fit,
    /// Its path for the selection, where only something inside it is chosen.
    written: String,
    /// The snapshot's folder, when its properties are to be set.
    node: Option<Node>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        (job, reader): (&'a Job<'a>, &'a Reader),
        selection: Selection,
        target: &Folder,
        batches: SyncSender<Batch>,
    ) -> Result<Self> {
        let descent = target.descent().map_err(RepositoryError::Target)?;
        Ok(Self { job, reader, selection, descent, levels: Vec::new(), batch: Batch::default(), batches })
    }

    pub(super) fn run(mut self, root: TreeId, target: &Folder) -> Result<()> {
        let nodes = self.reader.tree(&root)?.nodes.into_iter();
        let (path, fit) = (TreePath::default(), self.selection.top());
        remove_abandoned(target, &path);
        self.levels.push(Level { path, nodes, fit, written: String::new(), node: None });
        while let Some(level) = self.levels.last_mut() {
            self.job.check()?;
            match level.nodes.next() {
                Some(node) => self.visit(node)?,
                None => self.leave(),
            }
            self.flush_when_full()?;
        }
        self.hand_over()
    }

    fn flush_when_full(&mut self) -> Result<()> {
        if self.batch.is_full() { self.hand_over() } else { Ok(()) }
    }

    /// Fails when the work has ended, which tells why itself.
    fn hand_over(&mut self) -> Result<()> {
        self.batches.send(std::mem::take(&mut self.batch)).map_err(|_| RepositoryError::Cancelled)
    }

    /// Goes back into the folder above.
    fn leave(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        if let (Some(folder), Some(node)) = (Folder::of(&self.descent), level.node) {
            self.batch.finish(FinishedFolder { folder, path: level.path, metadata: node.meta });
        }
        let Err(error) = self.descent.leave() else { return };
        if let Some(level) = self.levels.last_mut() {
            // What is left of it has no place any more.
            level.nodes = Vec::new().into_iter();
            level.node = None;
            self.job.warn(&level.path, format!("it could not be restored whole: {}", words(&error)));
        }
    }

    fn visit(&mut self, node: Node) -> Result<()> {
        let (Some(level), Some(folder)) = (self.levels.last(), Folder::of(&self.descent)) else { return Ok(()) };
        let (fit, written) = self.selection.inside(&level.written, || shown_name(&node), level.fit);
        if fit == Fit::Outside {
            return Ok(());
        }
        let name = node.name().into_owned();
        let path = level.path.join(name.clone());
        if !is_plain(&name) {
            self.job.warn(&path, "its name is not a file's name, so it was not restored");
            return Ok(());
        }
        if let Some(barrier) = folder.bars(&name, &self.job.barriers) {
            self.job.warn(&path, format!("what is in its place was left alone: {}", barrier.cause()));
            return Ok(());
        }
        let done = match &node.node_type {
            NodeType::Dir => return self.enter(&folder, path, node, (fit, written)),
            NodeType::File => return self.file(folder, name, path, node),
            NodeType::Symlink { .. } => self.link(&folder, &name, &node),
            NodeType::Fifo => self.fifo(&folder, &name, &node),
            // A socket is nothing without the program that made it, which makes a new one.
            NodeType::Socket => Ok(None),
            NodeType::Dev { .. } | NodeType::Chardev { .. } => {
                self.job.warn(&path, "devices are not restored");
                Ok(None)
            }
        };
        match done {
            Ok(Some(true)) => self.job.restored(0),
            Ok(Some(false)) => self.job.skip(0),
            Ok(None) => {}
            Err(error) => self.could_not(&path, error)?,
        }
        Ok(())
    }

    fn enter(&mut self, parent: &Folder, path: TreePath, node: Node, (fit, written): (Fit, String)) -> Result<()> {
        let Some(subtree) = node.subtree.filter(|_| path.depth() <= DEEPEST) else {
            self.job.warn(&path, "its folders are nested too deeply to be restored");
            return Ok(());
        };
        let (folder, created) = match parent.enter(path.name(), self.job.on_conflict, &self.job.barriers) {
            Ok(Entered::Created(folder)) => (folder, true),
            Ok(Entered::Merged(folder)) => {
                remove_abandoned(&folder, &path);
                (folder, false)
            }
            Ok(Entered::Skipped) => {
                self.job.warn(&path, "a file is where this folder should be; the folder was skipped");
                self.job.skip(0);
                return Ok(());
            }
            Ok(Entered::Barred(barrier)) => {
                self.job.warn(&path, format!("what is in its place was left alone: {}", barrier.cause()));
                return Ok(());
            }
            Err(error) => return self.could_not(&path, error),
        };
        let nodes = match self.reader.tree(&subtree) {
            Ok(tree) => tree.nodes.into_iter(),
            Err(RepositoryError::Damaged { detail }) => {
                self.job.warn(&path, format!("the repository is damaged: {detail}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        // A folder that was there keeps its properties, unless it is to become what it was.
        let overwrite = fit == Fit::Chosen && self.job.on_conflict == OnConflict::Overwrite;
        let node = (created || overwrite).then_some(node);
        self.batch.folders += 1;
        folder.go_into(&mut self.descent, path.name().to_owned());
        self.levels.push(Level { path, nodes, fit, written, node });
        Ok(())
    }

    fn file(&mut self, folder: Folder, name: OsString, path: TreePath, node: Node) -> Result<()> {
        // Asked before anything is read; what appears later is met again when the file gets its name.
        match (folder.kind(&name), self.job.on_conflict) {
            (Ok(Some(_)), OnConflict::Skip) => {
                self.job.skip(node.meta.size);
                return Ok(());
            }
            (Ok(Some(FileType::Directory)), OnConflict::Overwrite) => {
                self.job.warn(&path, "a folder of this name is in the way");
                return Ok(());
            }
            (Ok(_), _) => {}
            (Err(error), _) => return self.could_not(&path, error),
        }
        let content = node.content.unwrap_or_default();
        let Some(size) = self.size(&content) else {
            self.job.warn(&path, "the repository is damaged: parts of this file are missing");
            return Ok(());
        };
        let file = Arc::new(PendingFile::new(folder, name, path, node.meta, size, content.len()));
        if content.is_empty() {
            return file.complete(self.job);
        }
        self.collect(&file, &content)
    }

    /// The size of a file; none where a part of it is missing.
    fn size(&self, content: &[DataId]) -> Option<u64> {
        // Holes are one blob again and again.
        let runs = content.chunk_by(|one, next| one == next);
        runs.map(|run| Some(Wanted::find(self.job.library, *run.first()?, ())?.length * run.len() as u64)).sum()
    }

    /// Puts a file's blobs into the batch, and into further ones when it is large.
    fn collect(&mut self, file: &Arc<PendingFile>, content: &[DataId]) -> Result<()> {
        self.batch.open_files += usize::from(content.len() > 1);
        let mut offset = 0;
        for id in content {
            let place = Place { file: file.clone(), offset };
            let missing = || RepositoryError::Internal { detail: "a blob left the index".into() };
            let blob = Wanted::find(self.job.library, *id, place).ok_or_else(missing)?;
            offset += blob.length;
            self.batch.add(blob);
            self.flush_when_full()?;
        }
        Ok(())
    }

    fn link(&self, folder: &Folder, name: &OsStr, node: &Node) -> io::Result<Option<bool>> {
        let target = node.node_type.to_link();
        let (temporary, ()) = folder.temporary(|at, temporary| symlinkat(target, at, temporary))?;
        self.place(folder, &temporary, name, node)
    }

    fn fifo(&self, folder: &Folder, name: &OsStr, node: &Node) -> io::Result<Option<bool>> {
        let mode = Mode::from_raw_mode(node.meta.mode.unwrap_or(0o600) & 0o777);
        let (temporary, ()) = folder.temporary(|at, temporary| mknodat(at, temporary, FileType::Fifo, mode, 0))?;
        self.place(folder, &temporary, name, node)
    }

    fn place(&self, folder: &Folder, temporary: &OsStr, name: &OsStr, node: &Node) -> io::Result<Option<bool>> {
        let placed = metadata::apply_to_link(folder, temporary, &node.meta)
            .and_then(|()| folder.place(temporary, name, self.job.on_conflict));
        if !matches!(placed, Ok(true)) {
            folder.remove(temporary)?;
        }
        placed.map(Some)
    }

    fn could_not(&self, path: &TreePath, error: io::Error) -> Result<()> {
        if is_about_the_target(&error) {
            return Err(RepositoryError::Target(error));
        }
        self.job.warn(path, could_not_be_written(&error));
        Ok(())
    }
}

/// An earlier restore may have been killed while it wrote. That what it left cannot be removed is no reason not to restore.
fn remove_abandoned(folder: &Folder, path: &TreePath) {
    if let Err(error) = folder.remove_abandoned() {
        tracing::warn!(path = path.shown(), %error, "what an earlier restore left unfinished could not be removed");
    }
}
