//! The archive's bytes on their way to who downloads it.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::super::Result;

/// Bytes that are sent together.
const PART: usize = 64 << 10;

/// Sends what is written to it, in parts. Blocks while the other end is slow, and fails when it is gone.
pub(super) struct Pipe {
    sender: mpsc::Sender<Result<Bytes>>,
    part: BytesMut,
}

impl Pipe {
    pub(super) fn new(sender: mpsc::Sender<Result<Bytes>>) -> Self {
        Self { sender, part: BytesMut::with_capacity(PART) }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::replace(&mut self.part, BytesMut::with_capacity(PART));
        self.sender.blocking_send(Ok(part.freeze())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
