//! Walking a snapshot and deciding about each entry.

use std::{
    io,
    sync::{Arc, mpsc::SyncSender},
};

use rustic_core::{
    DataId, TreeId,
    repofile::{Node, NodeType},
};
use rustix::fs::{FileType, Mode, mknodat, symlinkat};

use super::{
    super::{
        OnConflict, Property, RepositoryError, Result,
        links::{Links, Name},
        nodes::Reading,
        reader::{Reader, is_plain, shown_name},
        segments::Wanted,
    },
    Job,
    batch::{Batch, FinishedFolder, Place},
    folder::{Entered, Folder},
    links::{First, Link},
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
    links: Links<Arc<First>>,
    batch: Batch,
    /// Takes full batches, one while another is worked on.
    batches: SyncSender<Batch>,
}

struct Level {
    path: TreePath,
    /// Its path below the target, where it may have another name.
    placed: TreePath,
    nodes: Reading<Node>,
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
        batches: SyncSender<Batch>,
    ) -> Result<Self> {
        let descent = job.target.descent().map_err(RepositoryError::Target)?;
        let (levels, links, batch) = (Vec::new(), Links::default(), Batch::default());
        Ok(Self { job, reader, selection, descent, levels, links, batch, batches })
    }

    pub(super) fn run(mut self, root: TreeId) -> Result<()> {
        let nodes = self.reader.nodes(&root)?.read()?;
        let (path, fit) = (TreePath::default(), self.selection.top());
        remove_abandoned(&self.job.target, &path);
        self.levels.push(Level { placed: path.clone(), path, nodes, fit, written: String::new(), node: None });
        while let Some(level) = self.levels.last_mut() {
            self.job.check()?;
            match level.nodes.next() {
                Some(Ok(node)) => self.visit(node)?,
                // Its own properties are restored all the same.
                Some(Err(error)) => self.job.warn(&level.path, damaged(error)?),
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
            level.nodes = Reading::nothing();
            level.node = None;
            self.job.warn(&level.path, tr!("it could not be restored whole: {}", words(&error)));
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
            self.job.warn(&path, tr!("its name is not a file's name, so it was not restored"));
            return Ok(());
        }
        if let Some(barrier) = folder.bars(&name, &self.job.barriers) {
            self.job.warn(&path, tr!("what is in its place was left alone: {}", barrier.cause()));
            return Ok(());
        }
        match &node.node_type {
            NodeType::Dir => self.enter(&folder, path, node, (fit, written)),
            // A socket is nothing without the program that made it, which makes a new one.
            NodeType::Socket => Ok(()),
            NodeType::Dev { .. } | NodeType::Chardev { .. } => {
                self.job.warn(&path, tr!("devices are not restored"));
                Ok(())
            }
            NodeType::File | NodeType::Symlink { .. } | NodeType::Fifo => self.leaf(folder, path, node),
        }
    }

    fn leaf(&mut self, folder: Folder, path: TreePath, node: Node) -> Result<()> {
        let size = if node.is_file() { node.meta.size } else { 0 };
        if !self.is_free(&folder, &path, size)? {
            return Ok(());
        }
        let above = self.levels.last().map(|level| level.placed.clone()).unwrap_or_default();
        let first = match self.links.name(&node, || First::new(above)) {
            Name::Only => None,
            Name::First(first) => Some(first),
            Name::Further(first) => {
                let name = path.name().to_owned();
                self.batch.link(Link { first, folder, name, path, metadata: node.meta, size });
                return Ok(());
            }
            Name::Other => {
                let cause = tr!("what was one file had different contents when its names were read");
                self.job.unset(&path, [(Property::HardLink, cause)].into());
                None
            }
        };
        if node.is_file() { self.file(folder, path, node, first) } else { self.special(&folder, &path, &node, first) }
    }

    fn enter(&mut self, parent: &Folder, path: TreePath, node: Node, (fit, written): (Fit, String)) -> Result<()> {
        let Some(subtree) = node.subtree.filter(|_| path.depth() <= DEEPEST) else {
            self.job.warn(&path, tr!("its folders are nested too deeply to be restored"));
            return Ok(());
        };
        let (folder, name, created) = match parent.enter(path.name(), self.job.on_conflict, &self.job.barriers) {
            Ok(Entered::Created(folder, name)) => (folder, name, true),
            Ok(Entered::Merged(folder)) => {
                remove_abandoned(&folder, &path);
                (folder, path.name().to_owned(), false)
            }
            Ok(Entered::Skipped) => {
                self.job.warn(&path, tr!("a file is where this folder should be; the folder was skipped"));
                self.job.skip(0);
                return Ok(());
            }
            Ok(Entered::Barred(barrier)) => {
                self.job.warn(&path, tr!("what is in its place was left alone: {}", barrier.cause()));
                return Ok(());
            }
            Err(error) => return self.could_not(&path, error),
        };
        let nodes = match self.reader.nodes(&subtree).and_then(|nodes| nodes.read()) {
            Ok(nodes) => nodes,
            Err(error) => {
                self.job.warn(&path, damaged(error)?);
                return Ok(());
            }
        };
        // A folder that was there keeps its properties, unless it is to become what it was.
        let overwrite = fit == Fit::Chosen && self.job.on_conflict == OnConflict::Overwrite;
        let node = (created || overwrite).then_some(node);
        self.batch.folders += 1;
        let above = self.levels.last().map(|level| level.placed.clone()).unwrap_or_default();
        let placed = above.join(name.clone());
        folder.go_into(&mut self.descent, name);
        self.levels.push(Level { path, placed, nodes, fit, written, node });
        Ok(())
    }

    /// Whether something can have its name, as far as that can be told before it is written.
    fn is_free(&self, folder: &Folder, path: &TreePath, size: u64) -> Result<bool> {
        // Asked before anything is read; what appears later is met again when the file gets its name.
        match (folder.kind(path.name()), self.job.on_conflict) {
            (Ok(Some(_)), OnConflict::Skip) => self.job.skip(size),
            (Ok(Some(FileType::Directory)), OnConflict::Overwrite) => {
                self.job.warn(path, tr!("a folder of this name is in the way"));
            }
            (Ok(_), _) => return Ok(true),
            (Err(error), _) => self.could_not(path, error)?,
        }
        Ok(false)
    }

    fn file(&mut self, folder: Folder, path: TreePath, node: Node, first: Option<Arc<First>>) -> Result<()> {
        let content = node.content.unwrap_or_default();
        let Some(size) = self.size(&content) else {
            self.job.warn(&path, repository_is_damaged(&tr!("parts of this file are missing")));
            return Ok(());
        };
        let file = PendingFile::new(folder, path, node.meta, (size, content.len()), first);
        if content.is_empty() {
            return file.complete(self.job);
        }
        self.collect(&Arc::new(file), &content)
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

    /// Makes a link or a FIFO.
    fn special(&self, folder: &Folder, path: &TreePath, node: &Node, first: Option<Arc<First>>) -> Result<()> {
        match self.make_special(folder, path, node, first) {
            Ok(true) => self.job.restored(0),
            Ok(false) => self.job.skip(0),
            Err(error) => self.could_not(path, error)?,
        }
        Ok(())
    }

    /// False where something is in the way and is kept.
    fn make_special(
        &self,
        folder: &Folder,
        path: &TreePath,
        node: &Node,
        first: Option<Arc<First>>,
    ) -> io::Result<bool> {
        let (temporary, ()) = folder.temporary(|at, temporary| match &node.node_type {
            link @ NodeType::Symlink { .. } => symlinkat(link.to_link(), at, temporary),
            _ => mknodat(at, temporary, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0),
        })?;
        let placed = metadata::apply_to_special(self.job, (folder, &temporary), path, &node.meta)
            .and_then(|()| folder.place(&temporary, path.name(), self.job.on_conflict));
        let Ok(Some(name)) = placed else {
            folder.remove(&temporary)?;
            return placed.map(|_| false);
        };
        if let (Some(first), Some(identity)) = (first, folder.identity(&name)?) {
            first.place(name, identity);
        }
        Ok(true)
    }

    fn could_not(&self, path: &TreePath, error: io::Error) -> Result<()> {
        if is_about_the_target(&error) {
            return Err(RepositoryError::Target(error));
        }
        self.job.warn(path, could_not_be_written(&error));
        Ok(())
    }
}

/// What is said of what is damaged. Other errors end the restore.
fn damaged(error: RepositoryError) -> Result<String> {
    match error {
        RepositoryError::Damaged { detail } => Ok(repository_is_damaged(&detail)),
        error => Err(error),
    }
}

pub(super) fn repository_is_damaged(detail: &str) -> String {
    tr!("the repository is damaged: {}", detail)
}

/// An earlier restore may have been killed while it wrote. That what it left cannot be removed is no reason not to restore.
fn remove_abandoned(folder: &Folder, path: &TreePath) {
    if let Err(error) = folder.remove_abandoned() {
        tracing::warn!(path = path.shown(), %error, "what an earlier restore left unfinished could not be removed");
    }
}
