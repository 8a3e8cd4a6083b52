//! A file of the snapshot as something to read from.

use std::{
    io::{self, Read},
    vec,
};

use rustic_core::DataId;
use tokio::runtime::Handle;

use super::super::{
    Inner, Result,
    download::missing,
    reader::Reader,
    segments::{Decoder, Segment, Segments, Staged, Wanted, fetch},
};

type Blobs = vec::IntoIter<Wanted<()>>;

/// The bytes of a file, in order, read from the bucket as they are asked for. Its errors are repository errors inside
/// of input and output errors.
pub(super) struct Content<'a> {
    repository: &'a Inner,
    decoder: Decoder,
    runtime: &'a Handle,
    segments: Segments<Blobs, ()>,
    piece: Option<(Staged, Blobs)>,
    /// How much of the decoder's content was given.
    given: usize,
    /// The file's size, as its pieces have it.
    pub(super) size: u64,
}

impl<'a> Content<'a> {
    pub(super) fn new(
        (repository, reader, runtime): (&'a Inner, &'a Reader, &'a Handle),
        content: &[DataId],
    ) -> Result<Self> {
        let find = |id: &DataId| Wanted::find(&reader.library, *id, ()).ok_or_else(|| missing(id));
        let blobs = content.iter().map(find).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            repository,
            decoder: Decoder::new(reader.sealer.clone())?,
            runtime,
            size: blobs.iter().map(|blob| blob.length).sum(),
            segments: Segments::new(blobs.into_iter()),
            piece: None,
            given: 0,
        })
    }

    /// Decodes the next blob. False at the end.
    fn next(&mut self) -> Result<bool> {
        loop {
            if let Some((piece, blobs)) = &mut self.piece
                && let Some(blob) = blobs.next()
            {
                self.decoder.decode(piece, &blob)?;
                self.given = 0;
                return Ok(true);
            }
            let Some(Segment { pack, range, blobs }) = self.segments.next() else { return Ok(false) };
            let piece = self.runtime.block_on(fetch(&self.repository.location, &pack, range))?;
            self.piece = Some((piece, blobs.into_iter()));
        }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoder.content().len() {
            if !self.next().map_err(io::Error::other)? {
                return Ok(0);
            }
        }
        let count = (&self.decoder.content()[self.given..]).read(buffer)?;
        self.given += count;
        Ok(count)
    }
}
