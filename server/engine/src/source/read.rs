//! A directory as a source for the archiver.

use std::{io, os::fd::OwnedFd, sync::Arc};

use rustic_core::repofile::Node;
use rustix::fs::{FileType, Mode, OFlags, fstat, openat};
use tokio_util::sync::CancellationToken;

use super::{
    DirectorySource, Patterns,
    file::FileReader,
    node::{file_size, node},
    owners::OwnerNames,
    report::SourceReport,
    walk::{Found, Ground, Walk},
};
use crate::Progress;

/// What one snapshot reads: a directory, filtered, with its failures collected and its progress told.
pub(crate) struct DirectoryReader {
    ground: Ground,
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) report: Arc<SourceReport>,
    progress: Arc<dyn Progress>,
    pub(super) stop: CancellationToken,
}

impl DirectoryReader {
    /// Fails where the directory was removed meanwhile. After `stop` is cancelled nothing more comes out of it.
    pub(crate) fn new(
        source: &DirectorySource,
        patterns: Patterns,
        progress: Arc<dyn Progress>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let ground = Ground::new(source, patterns)?;
        Ok(Self { ground, shared: Arc::new(Shared { report: Arc::default(), progress, stop }) })
    }

    pub(crate) fn report(&self) -> &SourceReport {
        &self.shared.report
    }

    fn walk(&self, report: Option<Arc<SourceReport>>, stop: &CancellationToken) -> Walk {
        Walk::new(self.ground.clone(), report, stop.clone())
    }
}

impl DirectoryReader {
    /// Counts files and bytes, and tells the progress. Failures are left to the backup to report.
    pub(crate) fn count(&self, stop: &CancellationToken) {
        let (mut files, mut bytes) = (0, 0);
        for found in self.walk(None, stop).filter(|found| found.file_type() != FileType::Directory) {
            files += 1;
            bytes += file_size(&found.stat);
        }
        if !stop.is_cancelled() {
            self.shared.progress.total(files, bytes);
        }
    }

    /// All that belongs into the backup, folders before their contents, names in byte order.
    pub(crate) fn entries(&self) -> Entries {
        let report = Some(self.shared.report.clone());
        let (walk, shared) = (self.walk(report, &self.shared.stop), self.shared.clone());
        Entries { walk, shared, names: OwnerNames::default() }
    }
}

/// A file, folder, link or special file for the backup.
pub(crate) struct SourceEntry {
    /// How many names its path has below the source.
    pub(crate) depth: usize,
    pub(crate) node: Node,
    /// Where it is a file.
    pub(crate) file: Option<SourceFile>,
}

/// The entries of a directory.
pub(crate) struct Entries {
    walk: Walk,
    shared: Arc<Shared>,
    names: OwnerNames,
}

impl Iterator for Entries {
    type Item = SourceEntry;

    fn next(&mut self) -> Option<SourceEntry> {
        loop {
            let found = self.walk.next()?;
            // The file itself is backed up all the same.
            found.attributes.missing().for_each(|cause| self.shared.report.missing(&found.path, &cause));
            match node(&found, &self.names) {
                Ok(node) => {
                    if !node.is_dir() {
                        self.shared.progress.advance(1, 0);
                    }
                    let depth = found.path.depth();
                    let file = node.is_file().then(|| SourceFile { found, shared: self.shared.clone() });
                    return Some(SourceEntry { depth, node, file });
                }
                Err(error) => self.shared.report.failed(&found.path, &error),
            }
        }
    }
}

/// A regular file that was found and can be opened.
pub(crate) struct SourceFile {
    found: Found,
    shared: Arc<Shared>,
}

impl SourceFile {
    /// Opens the file that was found, and not what may have taken its place: no link, and nothing that
    /// blocks, such as a FIFO.
    fn try_open(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(self.found.parent()?, self.found.path.name(), flags, Mode::empty())?;
        let opened = fstat(&file)?;
        let same = opened.st_ino == self.found.stat.st_ino && opened.st_dev == self.found.stat.st_dev;
        if same && FileType::from_raw_mode(opened.st_mode) == FileType::RegularFile {
            return Ok(file);
        }
        Err(io::Error::other(tr!("it was replaced while the backup ran")))
    }

    /// Its size when it was found, in bytes.
    pub(crate) fn size(&self) -> u64 {
        file_size(&self.found.stat)
    }

    /// Opens the file. Why that fails, or reading it later, is in the source's report.
    pub(crate) fn open(self) -> io::Result<FileReader> {
        match self.try_open() {
            Ok(file) => Ok(FileReader::new(file, self.found.path, self.found.stat, self.shared)),
            Err(error) => {
                self.shared.report.failed(&self.found.path, &error);
                Err(error)
            }
        }
    }
}
