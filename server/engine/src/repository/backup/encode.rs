//! A blob as it is stored: compressed and sealed.

use rustic_core::Id;
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};

use super::super::{RepositoryError, Result, seal::Sealer};

/// Blobs of at least so many bytes are probed before they are compressed whole.
const PROBED: usize = 128 << 10;
/// Bytes of a stretch that is probed, and how many there are, spread over the blob.
const STRETCH: usize = 8 << 10;
const STRETCHES: usize = 4;

/// What a blob has become.
pub(in crate::repository) struct Encoded {
    pub(in crate::repository) sealed: Vec<u8>,
    /// Its own length, where it was compressed.
    pub(in crate::repository) plain: Option<u32>,
}

/// Compresses and seals. Each thread has its own, since making a compressor takes longer than compressing a small file.
pub(in crate::repository) struct Encoder<'a> {
    sealer: &'a Sealer,
    compressor: Option<Compressor<'static>>,
    decompressor: Decompressor<'static>,
    probe: Vec<u8>,
    compressed: Vec<u8>,
    opened: Vec<u8>,
    decoded: Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// `level`: zstd's, or none in repositories of the first version, which know no compression.
    pub(in crate::repository) fn new(sealer: &'a Sealer, level: Option<i32>) -> Result<Self> {
        let compressor = level.map(Compressor::new).transpose().map_err(internal)?;
        let decompressor = Decompressor::new().map_err(internal)?;
        let [probe, compressed, opened, decoded] = [const { Vec::new() }; 4];
        Ok(Self { sealer, compressor, decompressor, probe, compressed, opened, decoded })
    }

    /// Encodes a blob, and makes sure that it comes back as it was: a fault in memory would otherwise show when
    /// somebody needs it.
    pub(in crate::repository) fn encode(&mut self, content: &[u8]) -> Result<Encoded> {
        let smaller = self.compress(content)?;
        let sealed = self.sealer.seal(if smaller { &self.compressed } else { content })?;
        let plain = smaller.then(|| length(content)).transpose()?;
        let encoded = Encoded { sealed, plain };
        if self.is_faithful(&encoded, content) { Ok(encoded) } else { Err(unfaithful()) }
    }

    /// Seals a folder's long list, compressed already where it has a `plain` length, and makes sure that it comes back as
    /// what has this `id`.
    pub(in crate::repository) fn seal_long(&mut self, id: Id, content: Vec<u8>, plain: Option<u64>) -> Result<Encoded> {
        let too_large = |_| RepositoryError::Internal { detail: tr!("a folder has too many names") };
        let plain = plain.map(u32::try_from).transpose().map_err(too_large)?;
        let sealed = self.sealer.seal(&content)?;
        // Whole in memory as few times as possible.
        drop(content);
        let opened = self.sealer.open(&sealed, &mut self.opened).is_ok();
        let faithful = opened && text_hash(&self.opened, plain.is_some()).is_ok_and(|hash| hash == id);
        self.opened = Vec::new();
        if faithful { Ok(Encoded { sealed, plain }) } else { Err(unfaithful()) }
    }

    /// Whether `content` became smaller, and is in `compressed` now.
    fn compress(&mut self, content: &[u8]) -> Result<bool> {
        let Some(compressor) = &mut self.compressor else { return Ok(false) };
        // What is compressed or encrypted already takes as long to compress as text does, for nothing.
        if content.len() >= PROBED {
            self.probe.clear();
            for number in 0..STRETCHES {
                let start = (content.len() - STRETCH) / (STRETCHES - 1) * number;
                self.probe.extend_from_slice(&content[start..start + STRETCH]);
            }
            if !is_smaller(compressor, &self.probe, &mut self.compressed)? {
                return Ok(false);
            }
        }
        is_smaller(compressor, content, &mut self.compressed)
    }

    fn is_faithful(&mut self, encoded: &Encoded, content: &[u8]) -> bool {
        if self.sealer.open(&encoded.sealed, &mut self.opened).is_err() {
            return false;
        }
        if encoded.plain.is_none() {
            return self.opened == content;
        }
        self.decoded.clear();
        self.decoded.reserve(content.len());
        let done = self.decompressor.decompress_to_buffer(&self.opened, &mut self.decoded);
        done.is_ok() && self.decoded == content
    }
}

/// The hash of a text that may be compressed.
fn text_hash(content: &[u8], compressed: bool) -> std::io::Result<Id> {
    let mut hasher = Sha256::new();
    if compressed {
        std::io::copy(&mut zstd::stream::read::Decoder::with_buffer(content)?, &mut hasher)?;
    } else {
        hasher.update(content);
    }
    Ok(Id::new(hasher.finalize().into()))
}

fn unfaithful() -> RepositoryError {
    let detail = tr!("a piece of a file was not encoded as it should be. Test this server's memory");
    RepositoryError::Internal { detail }
}

/// Compresses `content` into `compressed`, and says whether that made it smaller.
fn is_smaller(compressor: &mut Compressor<'_>, content: &[u8], compressed: &mut Vec<u8>) -> Result<bool> {
    compressed.clear();
    compressed.reserve(zstd::zstd_safe::compress_bound(content.len()));
    compressor.compress_to_buffer(content, compressed).map_err(internal)?;
    Ok(compressed.len() < content.len())
}

pub(in crate::repository) fn length(content: &[u8]) -> Result<u32> {
    u32::try_from(content.len()).map_err(|_| RepositoryError::Internal { detail: tr!("a folder is too large") })
}

fn internal(error: std::io::Error) -> RepositoryError {
    RepositoryError::Internal { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use rand::{RngCore, SeedableRng, rngs::SmallRng};

    use super::{Encoder, PROBED, Sealer};

    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        SmallRng::seed_from_u64(7).fill_bytes(&mut bytes);
        bytes
    }

    #[test]
    fn only_what_becomes_smaller_is_stored_compressed() {
        let sealer = Sealer::from_bytes(&[7; 64]);
        let mut encoder = Encoder::new(&sealer, Some(0)).unwrap();
        let half = [noise(PROBED), vec![b'a'; PROBED]].concat();
        let cases = [
            ("text", b"a line of a file\n".repeat(100_000), true),
            ("noise", noise(1 << 20), false),
            ("a little noise", noise(100), false),
            ("just long enough to be probed", noise(PROBED), false),
            ("half of it noise", half, true),
            ("nothing", Vec::new(), false),
        ];
        for (name, content, smaller) in cases {
            let encoded = encoder.encode(&content).unwrap();
            assert_eq!(encoded.plain.is_some(), smaller, "{name}");
            assert_eq!(encoded.sealed.len() < content.len(), smaller, "{name}");
        }
    }

    #[test]
    fn a_repository_without_compression_gets_none() {
        let sealer = Sealer::from_bytes(&[7; 64]);
        let encoded = Encoder::new(&sealer, None).unwrap().encode(&[b'a'; 1000]).unwrap();
        assert!(encoded.plain.is_none());
        assert_eq!(encoded.sealed.len(), 1032);
    }
}
