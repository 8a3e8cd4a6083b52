//! Walking a directory without ever following a link.

use std::{
    collections::VecDeque,
    ffi::{CStr, OsStr, OsString},
    io,
    os::{
        fd::OwnedFd,
        unix::ffi::{OsStrExt, OsStringExt},
    },
    sync::Arc,
    time::Instant,
    vec,
};

use rustix::fs::{AtFlags, Dir, FileType, Mode, Stat, fstat, openat, statat};
use tokio_util::sync::CancellationToken;

use super::{
    DEEPEST, DirectorySource, Patterns, SourceOptions,
    attributes::Attributes,
    barrier::{Barrier, Barriers, Identity},
    descent::{Descent, folder_flags},
    node::file_size,
    path::TreePath,
    pattern::Unmatched,
    report::SourceReport,
};

/// Bytes of the largest file that is backed up: 8 Mi pieces of 8 MiB. The list of a file's pieces is held in memory.
const LARGEST: u64 = 64 << 40;

/// A file, folder, link or special file that belongs into the backup.
pub(super) struct Found {
    /// Relative to the source.
    pub(super) path: TreePath,
    /// The folder it is in; folders themselves need none any more.
    pub(super) parent: Option<Arc<OwnedFd>>,
    pub(super) stat: Stat,
    /// None where only sizes are wanted.
    pub(super) attributes: Attributes,
}

impl Found {
    pub(super) fn file_type(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }

    /// The folder it is in, which is open.
    pub(super) fn parent(&self) -> io::Result<&OwnedFd> {
        self.parent.as_deref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// All that a backup takes from a directory, folders before their contents, names in byte order: the order
/// of restic's trees.
///
/// Each folder is opened relative to the one above it and never through a link, so nobody who can write to
/// the source can make the walk leave it. A folder that is only the way to something included comes right
/// before that. Memory and open folders are bounded, however deep the folders are and whatever their names.
pub(super) struct Walk {
    ground: Ground,
    /// Absent when only sizes are wanted.
    report: Option<Arc<SourceReport>>,
    stop: CancellationToken,
    limit: Option<Limit>,
    /// Patterns that have matched nothing so far. What is excluded is no match of one that includes: nothing of it is
    /// backed up.
    unmatched: Unmatched,
    unmatched_exclude: Unmatched,
    descent: Option<Descent>,
    levels: Vec<Level>,
    /// The path of what is looked at, for the patterns.
    written: Vec<u8>,
    ready: VecDeque<Found>,
}

/// What is walked through, and what is taken of it.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) root: Arc<OwnedFd>,
    pub(super) identity: Identity,
    pub(super) barriers: Arc<Barriers>,
    pub(super) patterns: Arc<Patterns>,
    pub(super) options: SourceOptions,
}

impl Ground {
    /// Fails where the directory was removed meanwhile.
    pub(super) fn new(source: &DirectorySource, patterns: Patterns) -> io::Result<Self> {
        let stat = fstat(&*source.folder)?;
        if stat.st_nlink == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self {
            root: source.folder.clone(),
            identity: (&stat).into(),
            barriers: source.barriers.clone(),
            patterns: Arc::new(patterns),
            options: source.options,
        })
    }
}

/// How much of a directory is looked at.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    /// Names, whether a backup takes them or not.
    pub(super) names: usize,
    pub(super) until: Instant,
    /// Whether there was more.
    pub(super) reached: bool,
}

impl Limit {
    /// Whether one more name may be looked at.
    fn allows_one(&mut self) -> bool {
        self.reached |= self.names == 0 || Instant::now() >= self.until;
        self.names = self.names.saturating_sub(1);
        !self.reached
    }
}

struct Level {
    path: TreePath,
    /// How much of `written` its path is.
    written: usize,
    names: vec::IntoIter<OsString>,
    /// A pattern includes the folder, and so everything in it.
    included: bool,
    /// The folder's own entry, as long as nothing in it is included.
    unemitted: Option<Found>,
}

impl Walk {
    pub(super) fn new(ground: Ground, report: Option<Arc<SourceReport>>, stop: CancellationToken) -> Self {
        Self::within(ground, report, stop, None)
    }

    /// As [`Self::new`], but no further than to the limit.
    pub(super) fn within(
        ground: Ground,
        report: Option<Arc<SourceReport>>,
        stop: CancellationToken,
        limit: Option<Limit>,
    ) -> Self {
        let root = ground.root.clone();
        let (unmatched, unmatched_exclude) =
            (Unmatched::new(&ground.patterns.include), Unmatched::new(&ground.patterns.exclude));
        let (descent, levels, written, ready) = (None, Vec::new(), Vec::new(), VecDeque::new());
        let mut walk =
            Self { ground, report, stop, limit, unmatched, unmatched_exclude, descent, levels, written, ready };
        match names(&root, walk.most_names()).and_then(|names| Ok((names, Descent::new(root.clone())?))) {
            Ok((names, descent)) => {
                walk.descent = Some(descent);
                let (path, names) = (TreePath::default(), walk.ground.options.wanted(&root, names));
                let included = walk.ground.patterns.include_everything();
                walk.levels.push(Level { path, written: 0, names, included, unemitted: None });
            }
            Err(error) => walk.failed(&TreePath::default(), &error),
        }
        walk
    }

    fn failed(&self, path: &TreePath, error: &io::Error) {
        if let Some(report) = &self.report {
            report.failed(path, error);
        }
    }

    fn missing(&self, path: &TreePath, cause: &str) {
        if let Some(report) = &self.report {
            report.missing(path, cause);
        }
    }

    fn left_out(&self, path: &TreePath, barrier: Barrier) {
        if let Some(report) = &self.report {
            report.left_out(path, barrier);
        }
    }

    /// Names that are read of a folder: one more than may still be looked at tells that there are more.
    fn most_names(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.names.saturating_add(1))
    }

    /// Patterns of Include and of Exclude that have matched nothing so far, and whether there is more than was looked at.
    pub(super) fn so_far(&self) -> (Vec<String>, Vec<String>, bool) {
        let (include, exclude) = (&self.ground.patterns.include, &self.ground.patterns.exclude);
        let reached = self.limit.is_some_and(|limit| limit.reached);
        (self.unmatched.names(include), self.unmatched_exclude.names(exclude), reached)
    }

    /// Looks at one name in the innermost folder.
    fn visit(&mut self, name: OsString) {
        let (Some(level), Some(descent)) = (self.levels.last(), &self.descent) else { return };
        let (Some(parent), Some(identity)) = (descent.folder().cloned(), descent.identity()) else { return };
        self.written.truncate(level.written);
        if level.written > 0 {
            self.written.push(b'/');
        }
        self.written.extend_from_slice(name.as_bytes());
        if self.ground.patterns.excludes(&self.written) {
            return self.unmatched_exclude.meet(&self.ground.patterns.exclude, &self.written);
        }
        self.unmatched.meet(&self.ground.patterns.include, &self.written);
        let included = level.included || self.ground.patterns.includes(&self.written);
        let named = self.ground.barriers.meets_name(identity, &name);
        let path = level.path.join(name);
        let stat = match statat(&*parent, path.name(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) if included => return self.failed(&path, &error.into()),
            Err(_) => return,
        };
        if let Some(barrier) = named.or_else(|| self.ground.barriers.meets(&stat)) {
            return self.left_out(&path, barrier);
        }
        let mut found = Found { path, parent: Some(parent), stat, attributes: Attributes::default() };
        if found.file_type() == FileType::Directory {
            self.enter(found, included);
        } else if included && self.fits(&found) {
            self.read_attributes(&mut found);
            self.emit(found);
        }
    }

    /// Whether a file is not too large for the backup.
    fn fits(&self, found: &Found) -> bool {
        let size = file_size(&found.stat);
        if self.ground.options.exclude_larger_than.is_some_and(|most| size > most) {
            if let Some(report) = &self.report {
                report.too_large(size);
            }
            return false;
        }
        if size > LARGEST {
            self.missing(&found.path, &tr!("it says that it is larger than 64 TiB"));
        }
        size <= LARGEST
    }

    fn read_attributes(&self, found: &mut Found) {
        if let (Some(_), Some(parent)) = (&self.report, &found.parent) {
            found.attributes = Attributes::read(parent, found.path.name());
        }
    }

    fn enter(&mut self, mut folder: Found, included: bool) {
        let path = folder.path.clone();
        if path.depth() > DEEPEST {
            return self.missing(&path, &tr!("its folders are nested too deeply to be backed up"));
        }
        self.read_attributes(&mut folder);
        let Some(parent) = folder.parent.take() else { return };
        let root = self.ground.identity;
        if self.ground.options.one_file_system && !root.is_on_device_of(&folder.stat) {
            if included {
                self.emit(folder);
            }
            return;
        }
        let opened = match open_folder(&parent, path.name(), self.most_names()) {
            // Not what it was a moment ago.
            Ok((_, _, stat)) if self.ground.barriers.meets(&stat).is_some() => {
                return self.failed(&path, &io::Error::other(tr!("it was replaced while the backup ran")));
            }
            opened => opened,
        };
        let unemitted = if included {
            self.emit(folder);
            None
        } else {
            Some(folder)
        };
        match (opened, &mut self.descent) {
            (Ok((names, fd, stat)), Some(descent)) => {
                let names = self.ground.options.wanted(&fd, names);
                descent.enter(path.name().to_owned(), fd, (&stat).into());
                let written = self.written.len();
                self.levels.push(Level { path, written, names, included, unemitted });
            }
            (Err(error), _) => self.failed(&path, &error),
            (Ok(_), None) => {}
        }
    }

    /// Puts `found` out, after those folders on the way to it that are not out yet.
    fn emit(&mut self, found: Found) {
        let on_the_way = self.levels.iter_mut().filter_map(|level| level.unemitted.take());
        self.ready.extend(on_the_way);
        self.ready.push_back(found);
    }

    /// Tells at the end which patterns were of no use.
    fn end(&mut self) -> Option<Found> {
        let names = self.unmatched.names(&self.ground.patterns.include);
        if let Some(report) = &self.report {
            report.unmatched(names);
        }
        None
    }

    /// Goes back into the folder above.
    fn leave(&mut self) {
        self.levels.pop();
        let Some(Err(error)) = self.descent.as_mut().map(Descent::leave) else { return };
        let Some(level) = self.levels.last_mut() else { return };
        // What is left of it cannot be reached any more.
        level.names = Vec::new().into_iter();
        let path = level.path.clone();
        self.failed(&path, &error);
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
            let Some(level) = self.levels.last_mut() else { return self.end() };
            match level.names.next() {
                Some(_) if self.limit.as_mut().is_some_and(|limit| !limit.allows_one()) => return None,
                Some(name) => self.visit(name),
                None => self.leave(),
            }
        }
    }
}

/// Opens a folder and reads so many of the names in it.
fn open_folder(
    parent: &OwnedFd,
    name: &OsStr,
    most: usize,
) -> io::Result<(vec::IntoIter<OsString>, Arc<OwnedFd>, Stat)> {
    let folder = openat(parent, name, folder_flags(), Mode::empty())?;
    let stat = fstat(&folder)?;
    Ok((names(&folder, most)?, Arc::new(folder), stat))
}

/// The names in a folder, or so many of them, in byte order.
fn names(folder: &OwnedFd, most: usize) -> io::Result<vec::IntoIter<OsString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name: &CStr = entry.file_name();
        if name != c"." && name != c".." {
            names.push(OsString::from_vec(name.to_bytes().to_vec()));
        }
        if names.len() == most {
            break;
        }
    }
    names.sort_unstable();
    Ok(names.into_iter())
}
