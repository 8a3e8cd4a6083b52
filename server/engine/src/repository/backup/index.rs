//! The index of what a run stores.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustic_core::{FileType, Id, repofile::BlobType};
use serde::Serialize;

use super::super::{
    RepositoryError, Result,
    seal::{Sealer, hash},
    storage::Storage,
};

/// An index file is written after so many blobs or so much time, so that a run that is killed, or fails for good, has not
/// stored all in vain: the next one finds what is in an index.
const MOST_BLOBS: usize = 50_000;
const LONGEST: Duration = Duration::from_mins(1);
/// Marks a compressed file.
const COMPRESSED: u8 = 2;

/// A pack's entry in an index file.
#[derive(Serialize)]
pub(in crate::repository) struct IndexedPack {
    pub(in crate::repository) id: Id,
    pub(in crate::repository) blobs: Vec<IndexedBlob>,
    /// When it was written, for those who prune.
    pub(in crate::repository) time: String,
}

#[derive(Serialize)]
pub(in crate::repository) struct IndexedBlob {
    pub(in crate::repository) id: Id,
    #[serde(rename = "type")]
    pub(in crate::repository) kind: BlobType,
    pub(in crate::repository) offset: u32,
    pub(in crate::repository) length: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::repository) uncompressed_length: Option<u32>,
}

#[derive(Serialize)]
struct IndexFile {
    packs: Vec<IndexedPack>,
}

/// Collects what was stored.
pub(in crate::repository) struct Index<'a> {
    storage: &'a Storage,
    sealer: &'a Sealer,
    /// zstd's, or none where files are not compressed.
    level: Option<i32>,
    pending: Mutex<Pending>,
}

struct Pending {
    packs: Vec<IndexedPack>,
    blobs: usize,
    since: Instant,
}

impl Pending {
    fn new() -> Self {
        Self { packs: Vec::new(), blobs: 0, since: Instant::now() }
    }
}

impl<'a> Index<'a> {
    pub(in crate::repository) fn new(storage: &'a Storage, sealer: &'a Sealer, level: Option<i32>) -> Self {
        Self { storage, sealer, level, pending: Mutex::new(Pending::new()) }
    }

    /// Takes in a pack that is on its way.
    pub(in crate::repository) fn add(&self, pack: IndexedPack) -> Result<()> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.blobs += pack.blobs.len();
        pending.packs.push(pack);
        if pending.blobs < MOST_BLOBS && pending.since.elapsed() < LONGEST {
            return Ok(());
        }
        let full = std::mem::replace(&mut *pending, Pending::new());
        drop(pending);
        self.write(full.packs)
    }

    /// Writes an index of nothing. The library marks packs for deletion only in indexes that it writes anew, and of a
    /// single one it makes nothing new.
    pub(in crate::repository) fn write_empty(&self) -> Result<()> {
        self.write(Vec::new())
    }

    /// Writes what is left, when all packs are durable.
    pub(in crate::repository) fn finish(&self) -> Result<()> {
        let rest = std::mem::replace(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner), Pending::new());
        if rest.packs.is_empty() { Ok(()) } else { self.write(rest.packs) }
    }

    fn write(&self, packs: Vec<IndexedPack>) -> Result<()> {
        let internal = |detail: String| RepositoryError::Internal { detail };
        let mut content = serde_json::to_vec(&IndexFile { packs }).map_err(|error| internal(error.to_string()))?;
        if let Some(level) = self.level {
            let compressed = zstd::bulk::compress(&content, level).map_err(|error| internal(error.to_string()))?;
            content = [&[COMPRESSED], compressed.as_slice()].concat();
        }
        let sealed = self.sealer.seal(&content)?;
        // The storage lets an index only follow the packs that were handed to it before.
        self.storage.write(FileType::Index, &hash(&sealed), sealed.into())?;
        Ok(())
    }
}
