//! A directory as a source for the archiver.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
};

use rustic_core::repofile::Node;
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use tokio_util::sync::CancellationToken;

use super::{
    DirectorySource, Patterns,
    node::{file_size, node},
    report::SourceReport,
    walk::{Found, Walk, open_root},
};
use crate::Progress;

/// What one snapshot reads: a directory, filtered, with its failures collected and its progress told.
pub(crate) struct DirectoryReader {
    root: Arc<OwnedFd>,
    patterns: Arc<Patterns>,
    shared: Arc<Shared>,
}

struct Shared {
    report: Arc<SourceReport>,
    progress: Arc<dyn Progress>,
    stop: CancellationToken,
}

impl DirectoryReader {
    /// Opens the directory. After `stop` is cancelled nothing more comes out of it.
    pub(crate) fn new(
        source: &DirectorySource,
        patterns: Patterns,
        progress: Arc<dyn Progress>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let root = Arc::new(open_root(source.path())?);
        let shared = Arc::new(Shared { report: Arc::default(), progress, stop });
        Ok(Self { root, patterns: Arc::new(patterns), shared })
    }

    pub(crate) fn report(&self) -> &SourceReport {
        &self.shared.report
    }

    fn walk(&self, report: Option<Arc<SourceReport>>, stop: &CancellationToken) -> Walk {
        Walk::new(self.root.clone(), self.patterns.clone(), report, stop.clone())
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
        Entries { walk: self.walk(report, &self.shared.stop), shared: self.shared.clone() }
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
}

impl Iterator for Entries {
    type Item = SourceEntry;

    fn next(&mut self) -> Option<SourceEntry> {
        loop {
            let found = self.walk.next()?;
            match node(&found) {
                Ok(node) => {
                    if !node.is_dir() {
                        self.shared.progress.advance(1, 0);
                    }
                    let depth = found.path.components().count();
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
        let name: &OsString = &self.found.name;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(&*self.found.parent, name, flags, Mode::empty())?;
        let opened = fstat(&file)?;
        let same = opened.st_ino == self.found.stat.st_ino && opened.st_dev == self.found.stat.st_dev;
        if same && FileType::from_raw_mode(opened.st_mode) == FileType::RegularFile {
            return Ok(file);
        }
        Err(io::Error::other("it was replaced while the backup ran"))
    }
}

impl SourceFile {
    /// Its size when it was found, in bytes.
    pub(crate) fn size(&self) -> u64 {
        file_size(&self.found.stat)
    }

    /// Opens the file. Why that fails, or reading it later, is in the source's report.
    pub(crate) fn open(self) -> io::Result<FileReader> {
        match self.try_open() {
            Ok(file) => Ok(FileReader {
                file: File::from(file),
                remaining: file_size(&self.found.stat),
                checked: false,
                path: self.found.path,
                stat: self.found.stat,
                shared: self.shared,
            }),
            Err(error) => {
                self.shared.report.failed(&self.found.path, &error);
                Err(error)
            }
        }
    }
}

/// The bytes a file had when it was found: a file that grows is cut there, so that size and content in the
/// snapshot fit together; one that shrinks is given up.
pub(crate) struct FileReader {
    file: File,
    remaining: u64,
    /// Whether the end was reached and looked at.
    checked: bool,
    path: PathBuf,
    stat: Stat,
    shared: Arc<Shared>,
}

impl FileReader {
    fn check_unchanged(&mut self) {
        if std::mem::replace(&mut self.checked, true) {
            return;
        }
        let Ok(now) = fstat(&self.file) else { return };
        let before = &self.stat;
        let same_time = now.st_mtime == before.st_mtime && now.st_mtime_nsec == before.st_mtime_nsec;
        if now.st_size != before.st_size || !same_time {
            self.shared.report.changed(&self.path);
        }
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(buffer.len());
        loop {
            match self.file.read(&mut buffer[..wanted]) {
                Ok(0) => return Err(io::Error::other("it was shortened while it was read")),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.shared.stop.is_cancelled() {
            return Err(io::Error::other("the run was cancelled"));
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
