//! A blob as it is stored: compressed and sealed.

use zstd::bulk::{Compressor, Decompressor};

use super::super::{RepositoryError, Result, seal::Sealer};

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
    opened: Vec<u8>,
    decoded: Vec<u8>,
}

impl<'a> Encoder<'a> {
    /// `level`: zstd's, or none in repositories of the first version, which know no compression.
    pub(in crate::repository) fn new(sealer: &'a Sealer, level: Option<i32>) -> Result<Self> {
        let compressor = level.map(Compressor::new).transpose().map_err(internal)?;
        let decompressor = Decompressor::new().map_err(internal)?;
        Ok(Self { sealer, compressor, decompressor, opened: Vec::new(), decoded: Vec::new() })
    }

    /// Encodes a blob, and makes sure that it comes back as it was: a fault in memory would otherwise show when
    /// somebody needs it.
    pub(in crate::repository) fn encode(&mut self, content: &[u8]) -> Result<Encoded> {
        let compressed = self.compressed(content)?;
        let sealed = self.sealer.seal(compressed.as_deref().unwrap_or(content))?;
        let plain = compressed.map(|_| length(content)).transpose()?;
        let encoded = Encoded { sealed, plain };
        if self.is_faithful(&encoded, content) {
            return Ok(encoded);
        }
        let detail = "a piece of a file was not encoded as it should be. Test this server's memory".into();
        Err(RepositoryError::Internal { detail })
    }

    /// None where it would not become smaller.
    fn compressed(&mut self, content: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(compressor) = &mut self.compressor else { return Ok(None) };
        let compressed = compressor.compress(content).map_err(internal)?;
        Ok((compressed.len() < content.len()).then_some(compressed))
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

pub(in crate::repository) fn length(content: &[u8]) -> Result<u32> {
    u32::try_from(content.len()).map_err(|_| RepositoryError::Internal { detail: "a folder is too large".into() })
}

fn internal(error: std::io::Error) -> RepositoryError {
    RepositoryError::Internal { detail: error.to_string() }
}
