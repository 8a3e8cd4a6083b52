//! Reading a file of the source.

use std::{
    fs::File,
    io::{self, Read},
    os::{fd::OwnedFd, unix::fs::FileExt},
    sync::Arc,
};

use rustix::{
    fs::{SeekFrom, Stat, fstat, seek},
    io::Errno,
};

use super::{node::file_size, path::TreePath, read::Shared};

/// The bytes a file had when it was found: a file that grows is cut there, so that size and content in the
/// snapshot fit together; one that shrinks is given up.
pub(crate) struct FileReader {
    file: File,
    position: u64,
    remaining: u64,
    /// Whether the end was reached and looked at.
    checked: bool,
    path: TreePath,
    stat: Stat,
    shared: Arc<Shared>,
}

/// What a file has at a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// So many bytes to be read.
    Data(u64),
    /// So many bytes that take no room on the disk and read as zeros. They were passed over.
    Hole(u64),
    End,
}

impl FileReader {
    pub(super) fn new(file: OwnedFd, path: TreePath, stat: Stat, shared: Arc<Shared>) -> Self {
        let remaining = file_size(&stat);
        Self { file: File::from(file), position: 0, remaining, checked: false, path, stat, shared }
    }

    /// What comes next, where holes count from `least` bytes on and as multiples of that. A hole is passed over; data has
    /// to be read before this is asked again.
    pub(crate) fn next_part(&mut self, least: u64) -> io::Result<Part> {
        let part = self.part(least);
        match &part {
            Ok(Part::Hole(length)) => {
                self.position += length;
                self.remaining -= length;
            }
            Ok(Part::Data(_)) => {}
            Ok(Part::End) => self.check_unchanged(),
            Err(error) => self.shared.report.failed(&self.path, error),
        }
        part
    }

    fn part(&self, least: u64) -> io::Result<Part> {
        if self.shared.stop.is_cancelled() {
            return Err(cancelled());
        }
        if self.remaining == 0 {
            return Ok(Part::End);
        }
        let end = self.position + self.remaining;
        let mut at = self.position;
        while at < end {
            let Some(data) = self.data(at, end)? else { return Ok(Part::Data(self.remaining)) };
            // The rest of a hole is read like data.
            let hole = (data - at) / least * least;
            if hole > 0 {
                let before = at - self.position;
                return Ok(if before > 0 { Part::Data(before) } else { Part::Hole(hole) });
            }
            if data >= end {
                break;
            }
            at = match seek(&self.file, SeekFrom::Hole(data)) {
                Ok(hole) => hole.min(end),
                Err(_) => end,
            };
        }
        Ok(Part::Data(self.remaining))
    }

    /// Where data begins at or behind `at`; at most `end`. None where the file system does not know.
    fn data(&self, at: u64, end: u64) -> io::Result<Option<u64>> {
        match seek(&self.file, SeekFrom::Data(at)) {
            Ok(data) => Ok(Some(data.min(end))),
            // No data follows: the file ends with a hole, or has become shorter.
            Err(Errno::NXIO) if file_size(&fstat(&self.file)?) >= end => Ok(Some(end)),
            Err(Errno::NXIO) => Err(shortened()),
            Err(_) => Ok(None),
        }
    }

    fn check_unchanged(&mut self) {
        if std::mem::replace(&mut self.checked, true) {
            return;
        }
        let Ok(now) = fstat(&self.file) else { return };
        let before = &self.stat;
        let modified = |stat: &Stat| (stat.st_mtime, stat.st_mtime_nsec);
        // Who writes to a file may set back when that was, but not when its properties were changed.
        let touched = |stat: &Stat| (stat.st_ctime, stat.st_ctime_nsec);
        if now.st_size != before.st_size || modified(&now) != modified(before) || touched(&now) != touched(before) {
            self.shared.report.changed(&self.path);
        }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(buffer.len());
        loop {
            match self.file.read_at(&mut buffer[..wanted], self.position) {
                Ok(0) => return Err(shortened()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

fn shortened() -> io::Error {
    io::Error::other(tr!("it was shortened while it was read"))
}

fn cancelled() -> io::Error {
    io::Error::other(tr!("the run was cancelled"))
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.shared.stop.is_cancelled() {
            return Err(cancelled());
        }
        if self.remaining == 0 {
            self.check_unchanged();
            return Ok(0);
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.read_some(buffer) {
            Ok(count) => {
                self.position += count as u64;
                self.remaining -= count as u64;
                Ok(count)
            }
            Err(error) => {
                self.shared.report.failed(&self.path, &error);
                Err(error)
            }
        }
    }
}
