//! Archiving: from a source to packs, folders and their index.
//!
//! The library's own archiver makes its tables for cutting anew for each file, which is a quarter of the time of a
//! backup of small files, and hands packs on through stages that each hold some. Here one thread goes through the source
//! and compares it with the snapshot before, a few workers read, cut, compress and seal, and one thread builds the
//! folders in the source's order. A file below the least size of a piece is one piece and is never cut.

mod compare;
mod cut;
pub(super) mod encode;
pub(super) mod index;
mod known;
mod list;
pub(super) mod pack;
mod queue;
mod save;
mod trees;
mod walk;

use std::{
    io::Read,
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::Ordering,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use rustic_core::{
    Id, OpenStatus, TreeId,
    repofile::{BlobType, MasterKey, Node, SnapshotSummary},
};
use tokio::sync::oneshot;

use self::{
    cut::Cutter,
    encode::Encoder,
    index::Index,
    known::Known,
    list::ListWriter,
    pack::Packer,
    save::{Added, Claimed, Jobs},
    trees::Builder,
    walk::{SourceWalk, WAITING},
};
use super::{
    RepositoryError, Result, fault::repository_error, open::Library, seal::Sealer, snapshot::Run, storage::Storage,
};
use crate::source::DirectoryReader;

/// Bytes of a full pack. Some are in memory at a time, whatever is backed up.
const DATA_PACK: usize = 8 << 20;
const TREE_PACK: usize = 4 << 20;
/// How hard folders and indexes are compressed where the repository leaves it open. They are small beside what is in the
/// files, and read again with every backup.
const FOLDER_LEVEL: i32 = 8;
/// More read beside each other than there are processors, since files may come from a slow disk.
const LEAST_WORKERS: usize = 3;
const MOST_WORKERS: usize = 8;
/// The source is counted beforehand only for runs that last longer.
const COUNT_AFTER: Duration = Duration::from_secs(2);

/// What is archived: its root folder and what it consists of.
pub(super) struct Archived {
    pub(super) root: TreeId,
    pub(super) summary: SnapshotSummary,
}

/// What all threads of one run share.
struct Archive<'a> {
    run: &'a Run,
    sealer: &'a Sealer,
    level: Option<i32>,
    folder_level: Option<i32>,
    known: &'a Known,
    cutter: Cutter,
    index: &'a Index<'a>,
    data: Packer<'a>,
    trees: Packer<'a>,
    claimed_data: Claimed,
    claimed_trees: Claimed,
    added_data: Added,
    added_trees: Added,
    /// The piece that holes are made of, once it is stored.
    zeros: Mutex<Option<Id>>,
    failure: Mutex<Option<RepositoryError>>,
}

/// The parts that an [`Archive`] borrows.
pub(super) struct Ground {
    sealer: Sealer,
    level: Option<i32>,
    known: Known,
    cutter: Cutter,
}

impl Ground {
    /// Reads the repository's index.
    pub(super) fn prepare(library: &Library<OpenStatus>, key: &MasterKey) -> Result<Self> {
        let level = library.config().zstd().map_err(|error| repository_error(&error))?;
        Ok(Self {
            sealer: Sealer::new(key)?,
            level,
            known: Known::load(library)?,
            cutter: Cutter::new(library.config())?,
        })
    }

    /// Archives a directory; what has not changed since `parent` is not read.
    pub(super) fn directory(self, run: &Run, source: &DirectoryReader, parent: Option<TreeId>) -> Result<Archived> {
        let built = self.archive(run, |archive, jobs| archive.build(jobs, source, parent))?;
        run.progress.total(built.summary.total_files_processed, built.summary.total_bytes_processed);
        Ok(built)
    }

    /// Archives what `reader` gives as the file `node` in a folder of its own, and `beside` it a small file, whose name
    /// comes after its own. The stream's size counts, not what `node` says. The summary is of the stream alone.
    pub(super) fn stream(
        self,
        run: &Run,
        reader: impl Read + Send,
        node: Node,
        beside: Option<(Node, Vec<u8>)>,
    ) -> Result<Archived> {
        self.archive(run, |archive, jobs| archive.build_stream(jobs, reader, node, beside))
    }

    fn archive(
        self,
        run: &Run,
        build: impl FnOnce(&Archive<'_>, &Jobs) -> Result<Option<Archived>>,
    ) -> Result<Archived> {
        let Self { sealer, level, known, cutter } = self;
        let storage: &Storage = &run.storage;
        let folder_level = level.map(|level| if level == 0 { FOLDER_LEVEL } else { level });
        let index = Index::new(storage, &sealer, folder_level);
        let archive = Archive {
            run,
            sealer: &sealer,
            level,
            folder_level,
            known: &known,
            cutter,
            index: &index,
            data: Packer::new(BlobType::Data, DATA_PACK, storage, &sealer, &index),
            trees: Packer::new(BlobType::Tree, TREE_PACK, storage, &sealer, &index),
            claimed_data: Claimed::default(),
            claimed_trees: Claimed::default(),
            added_data: Added::default(),
            added_trees: Added::default(),
            zeros: Mutex::default(),
            failure: Mutex::default(),
        };
        let built = archive.with_workers(build);
        if let Some(failure) = archive.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        if run.stop.is_cancelled() {
            return Err(RepositoryError::Cancelled);
        }
        let built = built?.ok_or_else(|| RepositoryError::Internal { detail: "the root folder is missing".into() })?;
        archive.finish(built)
    }
}

impl Archive<'_> {
    fn encoder(&self) -> Result<Encoder<'_>> {
        Encoder::new(self.sealer, self.level)
    }

    fn folder_encoder(&self) -> Result<Encoder<'_>> {
        Encoder::new(self.sealer, self.folder_level)
    }

    /// Keeps the first failure, and ends the others' work.
    fn fail(&self, error: RepositoryError, jobs: &Jobs) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        jobs.stop();
    }

    fn with_workers<T>(&self, build: impl FnOnce(&Self, &Jobs) -> Result<T>) -> Result<T> {
        let workers = thread::available_parallelism().map_or(1, NonZero::get).clamp(LEAST_WORKERS, MOST_WORKERS);
        let jobs = Jobs::new(workers);
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    if let Err(error) = self.work(&jobs) {
                        self.fail(error, &jobs);
                    }
                });
            }
            let built = build(self, &jobs);
            if built.is_err() {
                jobs.stop();
            }
            jobs.end();
            built
        })
    }

    fn build(&self, jobs: &Jobs, source: &DirectoryReader, parent: Option<TreeId>) -> Result<Option<Archived>> {
        let (steps, taken) = mpsc::sync_channel(WAITING);
        let (ended, counting_ends) = mpsc::channel::<()>();
        let counting = self.run.stop.child_token();
        thread::scope(|scope| {
            let stop = &counting;
            scope.spawn(move || {
                if counting_ends.recv_timeout(COUNT_AFTER) == Err(RecvTimeoutError::Timeout) {
                    source.count(stop);
                }
            });
            let builder = scope.spawn(|| {
                let built = Builder::new(self).and_then(|builder| builder.build(taken));
                if !matches!(built, Ok(Some(_))) {
                    jobs.stop();
                }
                built
            });
            // Stopped early, the builder knows why, or who stopped it does.
            let walked = SourceWalk::new(self, jobs, steps).run(source, parent);
            if walked.is_err() {
                jobs.stop();
            }
            jobs.end();
            drop(ended);
            counting.cancel();
            builder.join().unwrap_or_else(|_| Err(RepositoryError::Internal { detail: "a thread panicked".into() }))
        })
    }

    fn build_stream(
        &self,
        jobs: &Jobs,
        reader: impl Read,
        mut node: Node,
        beside: Option<(Node, Vec<u8>)>,
    ) -> Result<Option<Archived>> {
        let mut encoder = self.encoder()?;
        let (done, coming) = oneshot::channel();
        self.save_in_pieces(&mut encoder, reader, done, jobs)?;
        jobs.end();
        let Ok(Some(saved)) = coming.blocking_recv() else { return Ok(None) };
        node.meta.size = saved.bytes;
        node.content = Some(saved.content.whole());
        let mut list = ListWriter::new(self.folder_level.is_some());
        list.push(node)?;
        if let Some((mut node, content)) = beside {
            node.content = Some(vec![self.save_content(&mut encoder, &content)?]);
            node.meta.size = content.len() as u64;
            list.push(node)?;
        }
        let (id, _) = self.save_list(&mut encoder, list.finish()?)?;
        let mut summary = SnapshotSummary::default();
        summary.files_new = 1;
        summary.total_files_processed = 1;
        summary.total_bytes_processed = saved.bytes;
        Ok(Some(Archived { root: id, summary }))
    }

    /// Makes all that was archived durable: packs, then their index.
    fn finish(&self, built: Archived) -> Result<Archived> {
        self.data.finish()?;
        self.trees.finish()?;
        self.index.finish()?;
        let Archived { root, mut summary } = built;
        let told = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let (data, trees) = (&self.added_data, &self.added_trees);
        summary.data_blobs = told(&data.blobs);
        summary.tree_blobs = told(&trees.blobs);
        summary.data_added_files = told(&data.bytes);
        summary.data_added_files_packed = told(&data.packed);
        summary.data_added_trees = told(&trees.bytes);
        summary.data_added_trees_packed = told(&trees.packed);
        summary.data_added = summary.data_added_files + summary.data_added_trees;
        summary.data_added_packed = summary.data_added_files_packed + summary.data_added_trees_packed;
        Ok(Archived { root, summary })
    }
}
