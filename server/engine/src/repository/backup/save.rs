//! Saving what files contain.

use std::{
    collections::HashSet,
    io::Read,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use rustic_core::{DataId, Id, TreeId};
use tokio::sync::oneshot;

use super::{
    super::{RepositoryError, Result, seal::hash},
    Archive,
    encode::Encoder,
    list::List,
    queue::{Queue, Work},
};
use crate::source::{Part, SourceFile};

/// A file's content as it is in the repository now.
pub(super) struct Saved {
    pub(super) content: Pieces,
    pub(super) bytes: u64,
}

/// The pieces of a file in their order. A piece of zeros that is repeated, for a hole, is kept once: a file of 8 TiB that
/// takes nothing on the disk has a million of them, and many such files may wait to be listed.
#[derive(Default)]
pub(super) struct Pieces {
    ids: Vec<DataId>,
    /// Before which of `ids` which piece is repeated, and how often. In ascending order.
    repeated: Vec<(usize, DataId, usize)>,
}

impl Pieces {
    fn one(id: DataId) -> Self {
        Self { ids: vec![id], repeated: Vec::new() }
    }

    /// The ids of all pieces, each as often as it is in the file.
    pub(super) fn whole(self) -> Vec<DataId> {
        if self.repeated.is_empty() {
            return self.ids;
        }
        let repeats: usize = self.repeated.iter().map(|(.., count)| count).sum();
        let mut whole = Vec::with_capacity(self.ids.len() + repeats);
        let mut done = 0;
        for (before, id, count) in self.repeated {
            whole.extend_from_slice(&self.ids[done..before]);
            whole.resize(whole.len() + count, id);
            done = before;
        }
        whole.extend_from_slice(&self.ids[done..]);
        whole
    }
}

/// A file that a worker shall read. One that could not be read is answered with none; it is in the source's report.
pub(super) struct FileJob {
    pub(super) file: SourceFile,
    pub(super) done: oneshot::Sender<Option<Saved>>,
}

/// A piece of a file that another worker is reading.
pub(super) struct Piece {
    file: Arc<CutFile>,
    number: usize,
    content: Vec<u8>,
}

pub(super) type Jobs = Queue<FileJob, Piece>;

/// A file in pieces.
struct CutFile {
    state: Mutex<CutState>,
    /// Pieces that are not saved, and one for the reading itself.
    left: AtomicUsize,
}

struct CutState {
    content: Pieces,
    bytes: u64,
    whole: bool,
    done: Option<oneshot::Sender<Option<Saved>>>,
}

impl CutFile {
    fn new(done: oneshot::Sender<Option<Saved>>) -> Arc<Self> {
        let state = CutState { content: Pieces::default(), bytes: 0, whole: false, done: Some(done) };
        Arc::new(Self { state: Mutex::new(state), left: AtomicUsize::new(1) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, CutState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, bytes: u64) -> usize {
        self.left.fetch_add(1, Ordering::AcqRel);
        let mut state = self.state();
        state.content.ids.push(DataId::default());
        state.bytes += bytes;
        state.content.ids.len() - 1
    }

    /// `count` times a piece that is saved already.
    fn repeat(&self, id: DataId, count: usize, bytes: u64) {
        let mut state = self.state();
        let before = state.content.ids.len();
        state.content.repeated.push((before, id, count));
        state.bytes += bytes;
    }

    fn saved(&self, number: usize, id: DataId) {
        self.state().content.ids[number] = id;
        self.less();
    }

    fn less(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return;
        }
        let mut state = self.state();
        let saved = Saved { content: std::mem::take(&mut state.content), bytes: state.bytes };
        let answer = state.whole.then_some(saved);
        if let Some(done) = state.done.take() {
            let _ = done.send(answer);
        }
    }
}

/// What a run has stored so far.
#[derive(Default)]
pub(super) struct Added {
    pub(super) blobs: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) packed: AtomicU64,
}

impl Added {
    fn count(&self, bytes: u64, packed: usize) {
        self.blobs.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.packed.fetch_add(packed as u64, Ordering::Relaxed);
    }
}

/// Blobs that this run stores. Who claims one first has to do it.
#[derive(Default)]
pub(super) struct Claimed(Mutex<HashSet<Id>>);

impl Claimed {
    fn claim(&self, id: Id) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }
}

impl Archive<'_> {
    /// What a worker does until there is nothing more.
    pub(super) fn work(&self, jobs: &Jobs) -> Result<()> {
        let mut encoder = self.encoder()?;
        let mut buffer = Vec::new();
        while let Some(work) = jobs.next() {
            match work {
                Work::Piece(piece) => self.save_piece(&mut encoder, piece)?,
                Work::File(job) => self.save_file(&mut encoder, &mut buffer, job, jobs)?,
            }
        }
        Ok(())
    }

    fn save_file(&self, encoder: &mut Encoder<'_>, buffer: &mut Vec<u8>, job: FileJob, jobs: &Jobs) -> Result<()> {
        let size = job.file.size();
        let Ok(mut reader) = job.file.open() else {
            let _ = job.done.send(None);
            return Ok(());
        };
        if size >= self.cutter.least as u64 {
            let hole = self.cutter.most as u64;
            return in_pieces(job.done, jobs, |file| {
                loop {
                    let go_on = match reader.next_part(hole) {
                        Ok(Part::Data(length)) => self.cut(encoder, file, (&mut reader).take(length), jobs)?,
                        Ok(Part::Hole(length)) => self.save_hole(encoder, file, length)?,
                        Ok(Part::End) => return Ok(true),
                        Err(_) => false,
                    };
                    if !go_on {
                        return Ok(false);
                    }
                }
            });
        }
        buffer.clear();
        // One more, or reading would make room for what does not come.
        buffer.reserve(usize::try_from(size).unwrap_or_default() + 1);
        let answer = match reader.read_to_end(buffer) {
            Err(_) => None,
            Ok(0) => Some(Saved { content: Pieces::default(), bytes: 0 }),
            Ok(_) => {
                let content = Pieces::one(self.save_content(encoder, buffer)?);
                Some(Saved { content, bytes: buffer.len() as u64 })
            }
        };
        let _ = job.done.send(answer);
        Ok(())
    }

    /// Cuts what `reader` gives, and saves the pieces together with the other workers.
    pub(super) fn save_in_pieces(
        &self,
        encoder: &mut Encoder<'_>,
        reader: impl Read,
        done: oneshot::Sender<Option<Saved>>,
        jobs: &Jobs,
    ) -> Result<()> {
        in_pieces(done, jobs, |file| self.cut(encoder, file, reader, jobs))
    }

    /// False where it could not be read to its end.
    fn cut(&self, encoder: &mut Encoder<'_>, file: &Arc<CutFile>, reader: impl Read, jobs: &Jobs) -> Result<bool> {
        let mut pieces = self.cutter.pieces(reader);
        loop {
            match pieces.next() {
                Ok(Some(_)) if jobs.is_stopped() => return Ok(false),
                Ok(Some(content)) => {
                    let number = file.expect(content.len() as u64);
                    let piece = Piece { file: file.clone(), number, content };
                    if let Some(piece) = jobs.piece(piece) {
                        self.save_piece(encoder, piece)?;
                    }
                }
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }

    /// A hole is one piece of zeros again and again, which is hashed once in a run.
    fn save_hole(&self, encoder: &mut Encoder<'_>, file: &CutFile, length: u64) -> Result<bool> {
        let piece = self.cutter.most;
        let mut stored = self.zeros.lock().unwrap_or_else(PoisonError::into_inner);
        let id = if let Some(id) = *stored {
            id
        } else {
            let zeros = vec![0; piece];
            let id = hash(&zeros);
            self.store(encoder, id, &zeros)?;
            *stored.insert(id)
        };
        drop(stored);
        file.repeat(id.into(), usize::try_from(length / piece as u64).unwrap_or(usize::MAX), length);
        self.run.progress.advance(0, length);
        Ok(true)
    }

    fn save_piece(&self, encoder: &mut Encoder<'_>, piece: Piece) -> Result<()> {
        let id = self.save_content(encoder, &piece.content)?;
        piece.file.saved(piece.number, id);
        Ok(())
    }

    pub(super) fn save_content(&self, encoder: &mut Encoder<'_>, content: &[u8]) -> Result<DataId> {
        if self.run.stop.is_cancelled() {
            return Err(RepositoryError::Cancelled);
        }
        let id = hash(content);
        self.store(encoder, id, content)?;
        self.run.progress.advance(0, content.len() as u64);
        Ok(id.into())
    }

    /// Stores a piece, unless it is stored already or another worker is at it.
    fn store(&self, encoder: &mut Encoder<'_>, id: Id, content: &[u8]) -> Result<()> {
        if !self.known.has_data(&id) && self.claimed_data.claim(id) {
            let encoded = encoder.encode(content)?;
            self.added_data.count(content.len() as u64, encoded.sealed.len());
            self.data.add(id, &encoded)?;
        }
        Ok(())
    }

    /// Stores a folder's list, unless it is stored already. Gives its id, and its length as text.
    pub(super) fn save_list(&self, encoder: &mut Encoder<'_>, list: List) -> Result<(TreeId, u64)> {
        let (id, length) = match &list {
            List::Short { id, text } => (*id, text.len() as u64),
            List::Long { id, length, .. } => (*id, *length),
        };
        if !self.known.has_tree(&id) && self.claimed_trees.claim(id) {
            let encoded = match list {
                List::Short { text, .. } => encoder.encode(&text)?,
                List::Long { content, plain, .. } => encoder.seal_long(id, content, plain)?,
            };
            self.added_trees.count(length, encoded.sealed.len());
            self.trees.add(id, &encoded)?;
        }
        Ok((id.into(), length))
    }
}

/// Lets `cut` make the pieces of a file, and say whether it is whole.
fn in_pieces(
    done: oneshot::Sender<Option<Saved>>,
    jobs: &Jobs,
    cut: impl FnOnce(&Arc<CutFile>) -> Result<bool>,
) -> Result<()> {
    let file = CutFile::new(done);
    let whole = jobs.while_cutting(|| cut(&file));
    file.state().whole = whole?;
    file.less();
    Ok(())
}
