//! File contents: which pieces of which packs they are, and how those become bytes again.

use std::{num::NonZeroU32, ops::Range, sync::Arc};

use bytes::Bytes;
use rustic_core::{DataId, FileType, Id, IndexedFullStatus};
use zstd::bulk::Decompressor;

use super::{
    RepositoryError, Result,
    inflate::MOST_OF_PIECE,
    location::Location,
    open::Library,
    seal::{OVERHEAD, Sealer, hash},
};
use crate::{S3Error, translation::msgid};

/// Most bytes read with one request, unless one blob alone is larger.
const MOST: u64 = 4 << 20;
/// Bytes of other blobs that are read along to save a request.
const GAP: u64 = 64 << 10;

const NOT_DECODED: &str = msgid("the blob {} cannot be decoded");

/// A blob that is wanted, with what it is wanted for.
#[derive(Clone)]
pub(super) struct Wanted<T> {
    pub(super) id: DataId,
    pub(super) pack: Id,
    pub(super) range: Range<u64>,
    /// Its size when it is decoded.
    pub(super) length: u64,
    compressed: bool,
    pub(super) purpose: T,
}

impl<T> Wanted<T> {
    /// Where the blob is, or none when the index does not know it or says that it is larger than any piece of a file.
    pub(super) fn find(library: &Library<IndexedFullStatus>, id: DataId, purpose: T) -> Option<Self> {
        let entry = library.get_index_entry(&id).ok()?;
        let length = plain_length(entry.location.length, entry.location.uncompressed_length)?;
        let start = u64::from(entry.location.offset);
        let range = start..start + u64::from(entry.location.length);
        let compressed = entry.location.uncompressed_length.is_some();
        Some(Self { id, pack: *entry.pack, range, length, compressed, purpose })
    }
}

/// The size of a piece of a file when it is decoded, from what the index says of it; none where that cannot be.
pub(super) fn plain_length(stored: u32, uncompressed: Option<NonZeroU32>) -> Option<u64> {
    let stored = stored.checked_sub(OVERHEAD)?;
    let plain = uncompressed.map_or(stored, NonZeroU32::get);
    let largest = usize::try_from(plain.max(stored)).ok()?;
    (largest <= MOST_OF_PIECE).then_some(u64::from(plain))
}

/// A piece of a pack and the wanted blobs in it, in their order.
pub(super) struct Segment<T> {
    pub(super) pack: Id,
    pub(super) range: Range<u64>,
    pub(super) blobs: Vec<Wanted<T>>,
}

impl<T> Segment<T> {
    fn of(blob: Wanted<T>) -> Self {
        Self { pack: blob.pack, range: blob.range.clone(), blobs: vec![blob] }
    }

    /// Takes `blob` in, if it follows closely or is the last one again.
    fn take(&mut self, blob: Wanted<T>) -> Option<Wanted<T>> {
        let again = self.blobs.last().is_some_and(|last| last.range == blob.range);
        let follows = blob.range.start >= self.range.end && blob.range.start - self.range.end <= GAP;
        let fits = blob.range.end.saturating_sub(self.range.start) <= MOST;
        if blob.pack != self.pack || !(again || (follows && fits)) {
            return Some(blob);
        }
        self.range.end = self.range.end.max(blob.range.end);
        self.blobs.push(blob);
        None
    }
}

/// The segments of `blobs`, one after another, in their order.
pub(super) struct Segments<I, T> {
    blobs: I,
    next: Option<Segment<T>>,
}

impl<T, I: Iterator<Item = Wanted<T>>> Segments<I, T> {
    pub(super) fn new(blobs: I) -> Self {
        Self { blobs, next: None }
    }
}

impl<T, I: Iterator<Item = Wanted<T>>> Iterator for Segments<I, T> {
    type Item = Segment<T>;

    fn next(&mut self) -> Option<Segment<T>> {
        /// Keeps a segment of one repeated blob, such as a hole of a sparse file, from growing for ever.
        const MOST_BLOBS: usize = 4096;
        let mut segment = match self.next.take() {
            Some(segment) => segment,
            None => Segment::of(self.blobs.next()?),
        };
        while segment.blobs.len() < MOST_BLOBS {
            let Some(blob) = self.blobs.next() else { break };
            if let Some(other) = segment.take(blob) {
                self.next = Some(Segment::of(other));
                break;
            }
        }
        Some(segment)
    }
}

/// Reads a piece of a pack.
pub(super) async fn fetch(location: &Location, pack: &Id, range: Range<u64>) -> Result<Staged> {
    let start = range.start;
    match location.get_range(FileType::Pack, pack, range).await {
        Ok(content) => Ok(Staged { start, content }),
        Err(S3Error::NoSuchObject { key }) => {
            Err(RepositoryError::Damaged { detail: tr!("the pack \"{}\" is missing", key) })
        }
        Err(error) => Err(error.into()),
    }
}

/// A piece of a pack, as it was read.
#[derive(Clone)]
pub(super) struct Staged {
    start: u64,
    content: Bytes,
}

/// Turns blobs back into what they were. Each thread has its own: buffers are used again, since a kernel takes longer to
/// give new ones of this size than it takes to fill them.
pub(super) struct Decoder {
    sealer: Arc<Sealer>,
    decompressor: Decompressor<'static>,
    opened: Vec<u8>,
    content: Vec<u8>,
    /// Whether it is nothing but zeros; none until that was asked.
    zero: Option<bool>,
    /// Whose content it is.
    decoded: Option<DataId>,
}

impl Decoder {
    pub(super) fn new(sealer: Arc<Sealer>) -> Result<Self> {
        let decompressor =
            Decompressor::new().map_err(|error| RepositoryError::Internal { detail: error.to_string() })?;
        Ok(Self { sealer, decompressor, opened: Vec::new(), content: Vec::new(), zero: None, decoded: None })
    }

    /// Decrypts and decompresses a blob of `piece`, and makes sure it is the one it should be. The same one again is
    /// there already.
    pub(super) fn decode<T>(&mut self, piece: &Staged, blob: &Wanted<T>) -> Result<&[u8]> {
        if self.decoded != Some(blob.id) {
            (self.decoded, self.zero) = (None, None);
            self.read(piece, blob).map_err(|what| {
                let detail = tr!(what, blob.id.to_hex().as_str());
                RepositoryError::Damaged { detail }
            })?;
            self.decoded = Some(blob.id);
        }
        Ok(&self.content)
    }

    /// What was decoded last.
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    /// Whether what was decoded last is nothing but zeros.
    pub(super) fn is_zero(&mut self) -> bool {
        *self.zero.get_or_insert_with(|| is_zero(&self.content))
    }

    /// Fills `content`, or says what is wrong with the blob: a sentence in English with `{}` for its id.
    fn read<T>(&mut self, piece: &Staged, blob: &Wanted<T>) -> std::result::Result<(), &'static str> {
        let bounds = usize::try_from(blob.range.start - piece.start)
            .ok()
            .zip(usize::try_from(blob.range.end - piece.start).ok());
        let sealed = bounds.and_then(|(start, end)| piece.content.get(start..end));
        let sealed = sealed.ok_or(msgid("the blob {} lies beyond its pack's end"))?;
        self.sealer.open(sealed, &mut self.opened).map_err(|_| NOT_DECODED)?;
        if blob.compressed {
            self.content.clear();
            self.content.reserve(usize::try_from(blob.length).unwrap_or(usize::MAX));
            let decompressed = self.decompressor.decompress_to_buffer(&self.opened, &mut self.content);
            decompressed.map_err(|_| NOT_DECODED)?;
        } else {
            std::mem::swap(&mut self.opened, &mut self.content);
        }
        if hash(&self.content) == *blob.id {
            Ok(())
        } else {
            Err(msgid("the blob {} has other content than it should"))
        }
    }
}

/// Whether there is nothing but zeros.
pub(super) fn is_zero(content: &[u8]) -> bool {
    /// Compared in pieces, which the compiler turns into wide instructions.
    const ZEROS: [u8; 4096] = [0; 4096];
    content.chunks(ZEROS.len()).all(|piece| piece == &ZEROS[..piece.len()])
}
