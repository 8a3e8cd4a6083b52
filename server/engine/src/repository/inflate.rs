//! How large what is stored compressed may become. Whoever has a repository's password can store a few kilobytes that
//! become many gigabytes.

use std::{
    io::{self, Read},
    num::NonZeroU32,
};

use rustic_core::Id;
use sha2::{Digest, Sha256};
use zstd::stream::read::Decoder;

use super::seal::hash;

/// Bytes of a piece of a file. restic cuts at 8 MiB; rustic can be told to cut later.
pub(super) const MOST_OF_PIECE: usize = 64 << 20;
/// Bytes of an index or a snapshot as text. An index of 50,000 blobs has some 10 MB.
pub(super) const MOST_OF_FILE: u64 = 64 << 20;
/// Bytes of a folder's list that is held whole, as it is stored or as text: three million names.
pub(super) const MOST_OF_FOLDER: u32 = 1 << 30;
/// Bytes of a blob that is decompressed at once.
const SHORT: usize = 8 << 20;

/// What a compressed file begins with, before zstd's first frame (restic's design document, "Unpacked Data Format").
const COMPRESSED: u8 = 2;
/// What a compressed blob begins with: zstd's magic number (RFC 8878, section 3.1.1). A folder's list is JSON and begins
/// with a brace.
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether an index or a snapshot, as it was sealed, is no larger as text than any is. What cannot be decompressed is as
/// large as what comes before that shows.
pub(super) fn file_fits(content: &[u8]) -> bool {
    content.strip_prefix(&[COMPRESSED]).is_none_or(|compressed| fits(compressed, MOST_OF_FILE))
}

/// The same of a folder's list.
pub(super) fn folder_fits(content: &[u8]) -> bool {
    !content.starts_with(&FRAME) || fits(content, MOST_OF_FOLDER.into())
}

fn fits(compressed: &[u8], most: u64) -> bool {
    let Ok(text) = Decoder::with_buffer(compressed) else { return true };
    let mut text = text.take(most + 1);
    // An error comes before `most` bytes do, or never.
    io::copy(&mut text, &mut io::sink()).map_or(true, |length| length <= most)
}

/// The hash of what a blob holds that has `plain` bytes, where it is compressed. None where it cannot be decompressed.
/// However long it claims to be, or is, it takes little memory.
pub(super) fn plain_hash(content: &[u8], plain: Option<NonZeroU32>) -> Option<Id> {
    let Some(plain) = plain else { return Some(hash(content)) };
    let short = usize::try_from(plain.get()).ok().filter(|plain| *plain <= SHORT);
    if let Some(plain) = short {
        return zstd::bulk::decompress(content, plain).ok().map(|content| hash(&content));
    }
    let mut hasher = Sha256::new();
    // What is longer has another hash.
    let mut text = Decoder::with_buffer(content).ok()?.take(u64::from(plain.get()) + 1);
    io::copy(&mut text, &mut hasher).ok()?;
    Some(Id::new(hasher.finalize().into()))
}
