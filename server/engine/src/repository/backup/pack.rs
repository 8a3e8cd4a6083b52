//! Blobs together in packs: restic's design document
//! (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Pack Format").

use std::sync::{Mutex, PoisonError};

use chrono::{SecondsFormat, Utc};
use rustic_core::{FileType, Id, repofile::BlobType};

use super::{
    super::{
        RepositoryError, Result,
        seal::{Sealer, hash},
        storage::Storage,
    },
    encode::{Encoded, length},
    index::{Index, IndexedBlob, IndexedPack},
};

/// Keeps headers small where files are tiny.
const MOST_BLOBS: usize = 10_000;

/// Fills packs with blobs of one kind.
pub(in crate::repository) struct Packer<'a> {
    kind: BlobType,
    /// Bytes with which a pack is full.
    size: usize,
    storage: &'a Storage,
    sealer: &'a Sealer,
    index: &'a Index<'a>,
    open: Mutex<OpenPack>,
}

#[derive(Default)]
struct OpenPack {
    content: Vec<u8>,
    blobs: Vec<IndexedBlob>,
}

impl<'a> Packer<'a> {
    pub(in crate::repository) fn new(
        kind: BlobType,
        size: usize,
        storage: &'a Storage,
        sealer: &'a Sealer,
        index: &'a Index<'a>,
    ) -> Self {
        Self { kind, size, storage, sealer, index, open: Mutex::default() }
    }

    /// Puts a blob in. Waits where too many full packs are on their way already.
    pub(in crate::repository) fn add(&self, id: Id, blob: &Encoded) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.content.capacity() == 0 {
            // With room for the blob that fills it, and the header.
            open.content.reserve_exact(self.size + self.size / 4);
        }
        let offset = length(&open.content)?;
        open.blobs.push(IndexedBlob {
            id,
            kind: self.kind,
            offset,
            length: length(&blob.sealed)?,
            uncompressed_length: blob.plain,
        });
        open.content.extend_from_slice(&blob.sealed);
        if open.content.len() < self.size && open.blobs.len() < MOST_BLOBS {
            return Ok(());
        }
        let full = std::mem::take(&mut *open);
        drop(open);
        self.send(full)
    }

    /// Sends what is left.
    pub(in crate::repository) fn finish(&self) -> Result<()> {
        let rest = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        if rest.blobs.is_empty() { Ok(()) } else { self.send(rest) }
    }

    fn send(&self, pack: OpenPack) -> Result<()> {
        let OpenPack { mut content, blobs } = pack;
        let header = self.sealer.seal(&self.header(&blobs)?)?;
        // No more room than that, since a pack of one large folder is large.
        content.reserve_exact(header.len() + size_of::<u32>());
        content.extend_from_slice(&header);
        content.extend_from_slice(&length(&header)?.to_le_bytes());
        let id = hash(&content);
        match self.kind {
            BlobType::Data => self.storage.write(FileType::Pack, &id, content.into())?,
            BlobType::Tree => self.storage.write_trees(&id, content.into())?,
        }
        self.index.add(IndexedPack { id, blobs, time: Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true) })
    }

    fn header(&self, blobs: &[IndexedBlob]) -> Result<Vec<u8>> {
        let mut header = Vec::new();
        for blob in blobs {
            let kind = match self.kind {
                BlobType::Data => 0,
                BlobType::Tree => 1,
            };
            header.push(if blob.uncompressed_length.is_some() { kind + 2 } else { kind });
            header.extend_from_slice(&blob.length.to_le_bytes());
            if let Some(plain) = blob.uncompressed_length {
                header.extend_from_slice(&plain.to_le_bytes());
            }
            header.extend_from_slice(&bytes_of(&blob.id)?);
        }
        Ok(header)
    }
}

fn bytes_of(id: &Id) -> Result<[u8; 32]> {
    let hex = id.to_hex();
    let digit = |at: usize| u8::from_str_radix(&hex.as_str()[at..at + 2], 16);
    let mut bytes = [0; 32];
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = digit(2 * number).map_err(|_| RepositoryError::Internal { detail: "an id is malformed".into() })?;
    }
    Ok(bytes)
}
