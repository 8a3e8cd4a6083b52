//! Walking a directory without ever following a link.

use std::{
    collections::VecDeque,
    ffi::{CStr, OsStr, OsString},
    io,
    os::{
        fd::OwnedFd,
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Path, PathBuf},
    sync::Arc,
    vec,
};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat};
use tokio_util::sync::CancellationToken;

use super::{Patterns, report::SourceReport};

/// A file, folder, link or special file that belongs into the backup.
pub(super) struct Found {
    /// Relative to the source.
    pub(super) path: PathBuf,
    pub(super) name: OsString,
    /// The folder it is in.
    pub(super) parent: Arc<OwnedFd>,
    pub(super) stat: Stat,
}

impl Found {
    pub(super) fn file_type(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }
}

/// All that a backup takes from a directory, folders before their contents, names in byte order: the order
/// of restic's trees.
///
/// Each folder is opened relative to the one above it and never through a link, so nobody who can write to
/// the source can make the walk leave it. A folder that is only the way to something included comes right
/// before that.
pub(super) struct Walk {
    patterns: Arc<Patterns>,
    /// Absent when only sizes are wanted.
    report: Option<Arc<SourceReport>>,
    stop: CancellationToken,
    levels: Vec<Level>,
    ready: VecDeque<Found>,
}

struct Level {
    folder: Arc<OwnedFd>,
    path: PathBuf,
    names: vec::IntoIter<OsString>,
    /// A pattern includes the folder, and so everything in it.
    included: bool,
    /// The folder's own entry, as long as nothing in it is included.
    unemitted: Option<Found>,
}

impl Walk {
    pub(super) fn new(
        root: Arc<OwnedFd>,
        patterns: Arc<Patterns>,
        report: Option<Arc<SourceReport>>,
        stop: CancellationToken,
    ) -> Self {
        let mut walk = Self { patterns, report, stop, levels: Vec::new(), ready: VecDeque::new() };
        match names(&root) {
            Ok(names) => walk.levels.push(Level {
                folder: root,
                path: PathBuf::new(),
                names,
                included: walk.patterns.include_everything(),
                unemitted: None,
            }),
            Err(error) => walk.failed(Path::new(""), &error),
        }
        walk
    }

    fn failed(&self, path: &Path, error: &io::Error) {
        if let Some(report) = &self.report {
            report.failed(path, error);
        }
    }

    /// Looks at one name in the innermost folder.
    fn visit(&mut self, name: OsString) {
        let Some(level) = self.levels.last() else { return };
        let path = level.path.join(&name);
        if self.patterns.excludes(path.as_os_str().as_bytes()) {
            return;
        }
        let included = level.included || self.patterns.includes(path.as_os_str().as_bytes());
        let parent = level.folder.clone();
        let stat = match statat(&*parent, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if included => return self.failed(&path, &error.into()),
            Err(_) => return,
        };
        let found = Found { path, name, parent, stat };
        if found.file_type() == FileType::Directory {
            self.enter(found, included);
        } else if included {
            self.emit(found);
        }
    }

    fn enter(&mut self, folder: Found, included: bool) {
        let opened = open_folder(&folder.parent, &folder.name).and_then(|fd| Ok((names(&fd)?, Arc::new(fd))));
        let path = folder.path.clone();
        let unemitted = if included {
            self.emit(folder);
            None
        } else {
            Some(folder)
        };
        match opened {
            Ok((names, fd)) => self.levels.push(Level { folder: fd, path, names, included, unemitted }),
            Err(error) => self.failed(&path, &error),
        }
    }

    /// Puts `found` out, after those folders on the way to it that are not out yet.
    fn emit(&mut self, found: Found) {
        let on_the_way = self.levels.iter_mut().filter_map(|level| level.unemitted.take());
        self.ready.extend(on_the_way);
        self.ready.push_back(found);
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if self.stop.is_cancelled() {
                return None;
            }
            if let Some(found) = self.ready.pop_front() {
                return Some(found);
            }
            match self.levels.last_mut()?.names.next() {
                Some(name) => self.visit(name),
                None => drop(self.levels.pop()),
            }
        }
    }
}

pub(super) fn open_root(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, folder_flags(), Mode::empty())?)
}

fn open_folder(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    Ok(openat(parent, name, folder_flags(), Mode::empty())?)
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

/// The names in a folder, in byte order.
fn names(folder: &OwnedFd) -> io::Result<vec::IntoIter<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name: &CStr = entry.file_name();
        if name != c"." && name != c".." {
            names.push(OsString::from_vec(name.to_bytes().to_vec()));
        }
    }
    names.sort_unstable();
    Ok(names.into_iter())
}
