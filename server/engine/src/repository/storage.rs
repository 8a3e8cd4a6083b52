//! The bucket as the repository library's storage.

use std::{
    collections::HashSet,
    future::Future,
    ops::Range,
    path::Path,
    sync::{Mutex, OnceLock},
};

use bytes::{Bytes, BytesMut};
use rustic_core::{BytesList, FileType, Id, ReadBackend, RusticResult, WriteBackend, repofile::BlobType};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{
    Inner, SnapshotId,
    cache::Cache,
    fault::Fault,
    inflate,
    location::Location,
    seal::{Sealer, hash},
    types::Permit,
    uploads::Uploads,
    windows::{Packs, Windows},
};
use crate::S3Error;

/// Storage for one run: it ends with its `stop`, which makes every call fail.
///
/// The library is synchronous. It runs on blocking threads and threads of its own, and each call waits here
/// for the asynchronous client.
pub(super) struct Storage {
    location: Location,
    runtime: Handle,
    stop: CancellationToken,
    pub(super) uploads: Uploads,
    windows: Windows,
    packs: Packs,
    cache: OnceLock<Cache>,
    /// When set, this is the repository's config, whatever the bucket has: what opened the repository goes on opening it.
    config: Option<Bytes>,
    /// Opens what the library reads, where anybody may have written it.
    sealer: Option<Sealer>,
    /// Files that the repository seems not to have.
    pub(super) hidden: HashSet<Id>,
    /// The key files written.
    pub(super) written_keys: Mutex<Vec<Id>>,
    /// Whether anything may be changed that others rely on.
    pub(super) permit: Permit,
    /// The snapshot written last.
    written_snapshot: Mutex<Option<Id>>,
}

impl Storage {
    /// Must be called inside a tokio runtime.
    pub(super) fn new(location: Location, stop: CancellationToken) -> Self {
        let runtime = Handle::current();
        Self {
            uploads: Uploads::new(location.clone(), runtime.clone(), stop.clone()),
            location,
            runtime,
            stop,
            windows: Windows::default(),
            packs: Packs::default(),
            cache: OnceLock::new(),
            config: None,
            sealer: None,
            hidden: HashSet::new(),
            written_keys: Mutex::default(),
            permit: Permit::default(),
            written_snapshot: Mutex::default(),
        }
    }

    /// For an opened repository. Must be called inside a tokio runtime.
    pub(super) fn of(repository: &Inner, stop: CancellationToken) -> super::Result<Self> {
        let config = Some(repository.opening.config.clone());
        let sealer = Some(Sealer::new(&repository.key)?);
        Ok(Self { config, sealer, ..Self::new(repository.location.clone(), stop) })
    }

    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    /// The snapshot written last.
    pub(super) fn last_snapshot(&self) -> super::Result<SnapshotId> {
        let written = self.written_snapshot.lock().ok().and_then(|written| *written);
        let id = written.map(|id| SnapshotId::from(rustic_core::repofile::SnapshotId::from(id)));
        id.ok_or_else(|| super::RepositoryError::Internal { detail: "the snapshot was not written".into() })
    }

    /// Keeps copies of indexes, snapshots and folders in `folder`.
    pub(super) fn keep_copies(&self, folder: &Path) {
        self.cache.get_or_init(|| Cache::new(folder));
    }

    /// Writes a key file, and remembers it.
    pub(super) fn write_key(&self, content: Bytes) -> Result<(), Fault> {
        let id = hash(&content);
        if let Ok(mut keys) = self.written_keys.lock() {
            keys.push(id);
        }
        self.write(FileType::Key, &id, content)
    }

    /// Starts to write a pack of folders, and keeps a copy.
    pub(super) fn write_trees(&self, id: &Id, content: Bytes) -> Result<(), Fault> {
        if let Some(cache) = self.cache.get() {
            cache.put(FileType::Pack, id, &content);
        }
        self.uploads.start(*id, content, BlobType::Tree)
    }

    /// Waits for `work`, but not longer than until the run is stopped.
    fn wait<T>(&self, work: impl Future<Output = Result<T, S3Error>>) -> Result<T, Fault> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => Err(Fault::Cancelled),
                done = work => done.map_err(Fault::from),
            }
        })
    }

    /// Waits for work of ours in the same way.
    pub(super) fn wait_for<T>(&self, work: impl Future<Output = super::Result<T>>) -> super::Result<T> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => Err(super::RepositoryError::Cancelled),
                done = work => done,
            }
        })
    }

    /// Whether this run still has the right to change the repository. One that was paused for days and went on would
    /// otherwise write an index of packs that a later prune has removed.
    pub(super) fn may_change(&self) -> Result<(), Fault> {
        if self.stop.is_cancelled() || !self.permit.is_given() { Err(Fault::Cancelled) } else { Ok(()) }
    }

    /// Reads a range of a pack, cut at the pack's end.
    pub(super) fn read_range(&self, pack: &Id, range: Range<u64>) -> Result<Bytes, Fault> {
        self.wait(self.location.get_range(FileType::Pack, pack, range))
    }

    pub(super) fn delete(&self, kind: FileType, id: &Id) -> Result<(), Fault> {
        self.may_change()?;
        if let Some(cache) = self.cache.get() {
            cache.remove(kind, id);
        }
        self.wait(self.location.delete(kind, id))
    }

    /// Reads a file whole, from its copy where there is one.
    fn read_cached(&self, kind: FileType, id: &Id) -> Result<Bytes, Fault> {
        let Some(cache) = self.cache.get() else { return self.wait(self.location.get(kind, id)) };
        if let Some(content) = cache.get(kind, id) {
            return Ok(content);
        }
        let content = self.wait(self.location.get(kind, id))?;
        cache.put(kind, id, &content);
        Ok(content)
    }

    /// Refuses what is compressed and becomes larger than anything of its kind: the library decompresses whatever it
    /// reads, however large that becomes. What does not open is left for it to judge.
    fn small_enough(&self, kind: FileType, id: &Id, sealed: Bytes, fits: fn(&[u8]) -> bool) -> Result<Bytes, Fault> {
        let mut opened = Vec::new();
        let opens = self.sealer.as_ref().is_some_and(|sealer| sealer.open(&sealed, &mut opened).is_ok());
        if opens && !fits(&opened) {
            let detail = tr!("something in {} {} is larger than anything of its kind", kind.dirname(), id);
            return Err(Fault::Damaged(detail));
        }
        Ok(sealed)
    }

    /// Reads a folder's blob: with its whole pack, which is kept, or with what is around it.
    pub(super) fn read_tree(&self, pack: &Id, offset: u32, length: u32) -> Result<Bytes, Fault> {
        let range = u64::from(offset)..u64::from(offset) + u64::from(length);
        let around = || self.windows.read(pack, &range, |wider| self.read_range(pack, wider));
        let read = match self.cache.get() {
            Some(_) => match self.packs.read(pack, &range, || self.read_cached(FileType::Pack, pack)) {
                // Too large to be read whole; somebody else's programs may make such packs.
                Err(Fault::Storage(S3Error::WrongAnswer { .. })) => around()?,
                read => read?,
            },
            None => around()?,
        };
        whole(read, FileType::Pack, pack, length)
    }

    /// Writes a pack of data, an index and the like; a pack of folders with [`Self::write_trees`].
    pub(super) fn write(&self, kind: FileType, id: &Id, content: Bytes) -> Result<(), Fault> {
        if let Some(cache) = self.cache.get()
            && matches!(kind, FileType::Index | FileType::Snapshot)
        {
            cache.put(kind, id, &content);
        }
        match kind {
            FileType::Pack => self.uploads.start(*id, content, BlobType::Data),
            FileType::Config => {
                self.uploads.barrier()?;
                let created = self.wait(self.location.create_config(content))?;
                if created { Ok(()) } else { Err(Fault::AlreadyCreated) }
            }
            FileType::Snapshot => {
                self.uploads.barrier()?;
                self.may_change()?;
                // Not given up half-way: whether the snapshot is there must be known. Between two tries it may be.
                let put = self.runtime.block_on(self.location.put(kind, id, content));
                put.map_err(|error| if self.stop.is_cancelled() { Fault::Cancelled } else { error.into() })?;
                if let Ok(mut written) = self.written_snapshot.lock() {
                    *written = Some(*id);
                }
                Ok(())
            }
            FileType::Index | FileType::Key => {
                self.uploads.barrier()?;
                self.may_change()?;
                self.wait(self.location.put(kind, id, content))
            }
        }
    }
}

/// `read`, if it is all of what was wanted.
fn whole(read: Option<Bytes>, kind: FileType, id: &Id, length: u32) -> Result<Bytes, Fault> {
    let whole = read.filter(|content| content.len() == length as usize);
    whole.ok_or_else(|| Fault::Damaged(tr!("{} {} is shorter than its index says", kind.dirname(), id)))
}

impl ReadBackend for Storage {
    fn location(&self) -> String {
        format!("s3:{}/{}", self.location.bucket, self.location.prefix)
    }

    fn list_with_size(&self, kind: FileType) -> RusticResult<Vec<(Id, u32)>> {
        if let (FileType::Config, Some(config)) = (kind, &self.config) {
            return Ok(vec![(Id::default(), u32::try_from(config.len()).unwrap_or_default())]);
        }
        let mut files = self.wait(self.location.list(kind))?;
        files.retain(|(id, _)| !self.hidden.contains(id));
        Ok(files)
    }

    fn read_full(&self, kind: FileType, id: &Id) -> RusticResult<Bytes> {
        if let (FileType::Config, Some(config)) = (kind, &self.config) {
            return Ok(config.clone());
        }
        match kind {
            FileType::Index | FileType::Snapshot => {
                Ok(self.small_enough(kind, id, self.read_cached(kind, id)?, inflate::file_fits)?)
            }
            _ => Ok(self.wait(self.location.get(kind, id))?),
        }
    }

    fn read_partial(&self, kind: FileType, id: &Id, cacheable: bool, offset: u32, length: u32) -> RusticResult<Bytes> {
        let range = u64::from(offset)..u64::from(offset) + u64::from(length);
        let is_tree = kind == FileType::Pack && cacheable;
        if is_tree {
            let folder = self.read_tree(id, offset, length)?;
            return Ok(self.small_enough(kind, id, folder, inflate::folder_fits)?);
        }
        let read = self.wait(self.location.get_range(kind, id, range))?;
        Ok(whole(Some(read), kind, id, length)?)
    }

    fn warmup_path(&self, kind: FileType, id: &Id) -> String {
        self.location.key(kind, id)
    }
}

impl WriteBackend for Storage {
    fn write_bytes(&self, kind: FileType, id: &Id, cacheable: bool, content: BytesList) -> RusticResult<()> {
        let written = match kind {
            FileType::Pack if cacheable => self.write_trees(id, joined(&content)),
            _ => self.write(kind, id, joined(&content)),
        };
        Ok(written.map_err(|fault| self.uploads.fail(fault))?)
    }

    fn remove(&self, kind: FileType, id: &Id, _cacheable: bool) -> RusticResult<()> {
        Ok(self.delete(kind, id)?)
    }
}

fn joined(content: &BytesList) -> Bytes {
    if let [single] = content.slice() {
        return single.clone();
    }
    let mut whole = BytesMut::with_capacity(content.size());
    for part in content.slice() {
        whole.extend_from_slice(part);
    }
    whole.freeze()
}
