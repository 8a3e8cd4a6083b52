//! Finding a directory beneath the allowed roots without ever leaving them.
//!
//! Each name is opened by itself in the folder before it, and never through a link; links are read and followed here. So
//! what was looked at is what is opened, whoever swaps directories for links meanwhile. `openat2` with `RESOLVE_BENEATH`
//! does the same within one root, but knows no absolute links and none that lead from one root into another, which are
//! allowed here; where it is missing this would be needed all the same.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::{fd::OwnedFd, unix::ffi::OsStringExt},
    path::{Component, Path, PathBuf},
};

use rustix::{
    fs::{FileType, Mode, OFlags, fstat, openat, readlinkat},
    io::Errno,
};

use super::{
    barrier::{Barrier, Barriers, Identity},
    error::{SourceError, unreadable},
};

/// Links that are followed on the way, as Linux does it (`path_resolution(7)`).
const MOST_LINKS: usize = 40;
/// Names that are opened on the way, those of links and those that `..` takes back included.
const MOST_STEPS: usize = 20_000;

/// A directory that was found.
pub(super) struct Reached {
    /// Opened for passing through alone (`O_PATH`).
    pub(super) folder: OwnedFd,
    /// Where it is, without links.
    pub(super) path: PathBuf,
    /// The names below it that do not exist yet; none unless they may be missing.
    pub(super) missing: Vec<OsString>,
}

/// Finds the directory that `path` names. It, or what is at its end, may be missing where `may_be_missing` says so.
pub(super) fn find(
    path: &Path,
    roots: &[PathBuf],
    barriers: &Barriers,
    may_be_missing: bool,
) -> Result<Reached, SourceError> {
    let outside = || SourceError::OutsideRoots { path: path.into(), roots: roots.into() };
    let (root, rest) = held(path, roots).ok_or_else(outside)?;
    let (base, opened) = open_root(&root, barriers).map_err(|stop| stop.told(path, &outside))?;
    let mut way =
        Way { roots, barriers, base, opened, names: Vec::new(), folder: None, todo: Vec::new(), links: 0, steps: 0 };
    way.put(&rest, false);
    let missing = way.run(may_be_missing).map_err(|stop| stop.told(path, &outside))?;
    let folder = way.current().map_err(|stop| stop.told(path, &outside))?;
    let folder = rustix::io::dup(folder).map_err(|error| unreadable(path, error.into()))?;
    Ok(Reached { folder, path: way.base.join(way.names.iter().collect::<PathBuf>()), missing })
}

/// Why the way ends.
enum Stop {
    /// Written so, it leads out.
    Outside,
    /// A link leads out.
    LinkOut,
    Met(Barrier),
    Failed(io::Error),
}

impl Stop {
    fn told(self, path: &Path, outside: &impl Fn() -> SourceError) -> SourceError {
        match self {
            Self::Outside | Self::Met(Barrier::Foreign) => outside(),
            Self::LinkOut => SourceError::LinkLeavesRoots(path.into()),
            Self::Met(Barrier::Protected) => SourceError::Protected(path.into()),
            Self::Failed(error) => unreadable(path, error),
        }
    }
}

impl From<Errno> for Stop {
    fn from(error: Errno) -> Self {
        Self::Failed(error.into())
    }
}

/// The deepest root that `path` lies in as it is written, and the rest of the path. A root counts as the operator wrote
/// it and without the links in it.
fn held(path: &Path, roots: &[PathBuf]) -> Option<(PathBuf, PathBuf)> {
    let spellings = roots.iter().flat_map(|root| [Some(root.clone()), root.canonicalize().ok()]).flatten();
    let holding = spellings.filter(|root| path.starts_with(root));
    let root = holding.max_by_key(|root| root.components().count())?;
    let rest = path.strip_prefix(&root).ok()?.to_owned();
    Some((root, rest))
}

/// Opens a root, which the operator may have written with links in it, and gives its path without them.
fn open_root(root: &Path, barriers: &Barriers) -> Result<(PathBuf, OwnedFd), Stop> {
    let real = root.canonicalize().map_err(Stop::Failed)?;
    let mut folder = rustix::fs::open("/", flags() | OFlags::DIRECTORY, Mode::empty())?;
    for part in real.components() {
        if let Component::Normal(name) = part {
            meet_above(&folder, barriers, root)?;
            folder = openat(&folder, name, flags() | OFlags::DIRECTORY, Mode::empty())?;
        }
    }
    meet(&folder, barriers)?;
    Ok((real, folder))
}

/// Passing through a directory needs less permission than reading it.
fn flags() -> OFlags {
    OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn meet(folder: &OwnedFd, barriers: &Barriers) -> Result<(), Stop> {
    barriers.meets(&fstat(folder)?).map_or(Ok(()), |barrier| Err(Stop::Met(barrier)))
}

/// What lies above a root does not matter where it is another organization's, for the deepest root owns a directory. In
/// what is Holdfast's own a root may lie only where the operator wrote it there, and not because a link leads there.
fn meet_above(folder: &OwnedFd, barriers: &Barriers, root: &Path) -> Result<(), Stop> {
    match meet(folder, barriers) {
        Err(Stop::Met(Barrier::Foreign)) => Ok(()),
        Err(Stop::Met(Barrier::Protected)) if barriers.lets_in(root) => Ok(()),
        met => met,
    }
}

/// A name that is still to be gone.
struct Name {
    name: OsString,
    /// Whether a link told it.
    of_link: bool,
}

struct Way<'a> {
    roots: &'a [PathBuf],
    barriers: &'a Barriers,
    /// The root that it is in, without links, and open.
    base: PathBuf,
    opened: OwnedFd,
    /// The names below the root that were gone, none of them a link.
    names: Vec<OsString>,
    /// The folder that they lead to; none where it is to be opened again.
    folder: Option<OwnedFd>,
    /// The next one is the last.
    todo: Vec<Name>,
    links: usize,
    steps: usize,
}

impl Way<'_> {
    /// Puts the names of `path` before those that are still to be gone.
    fn put(&mut self, path: &Path, of_link: bool) {
        let name = |part: Component<'_>| match part {
            Component::Normal(_) | Component::ParentDir => Some(Name { name: part.as_os_str().to_owned(), of_link }),
            _ => None,
        };
        let names: Vec<Name> = path.components().filter_map(name).collect();
        self.todo.extend(names.into_iter().rev());
    }

    /// Goes all the way. Gives the names at its end that do not exist.
    fn run(&mut self, may_be_missing: bool) -> Result<Vec<OsString>, Stop> {
        while let Some(Name { name, of_link }) = self.todo.pop() {
            if name == ".." {
                self.up(of_link)?;
                continue;
            }
            match self.open(&name) {
                Err(Stop::Failed(error)) if error.kind() == io::ErrorKind::NotFound && may_be_missing && !of_link => {
                    self.todo.push(Name { name, of_link });
                    return self.missing().ok_or(Stop::Failed(error));
                }
                Err(stop) => return Err(stop),
                Ok(next) => self.take(name, next)?,
            }
        }
        Ok(Vec::new())
    }

    /// The names that are still to be gone, if all of them can be made.
    fn missing(&mut self) -> Option<Vec<OsString>> {
        // `a/../../b` with a missing `a` could climb out again once `a` exists.
        let plain = self.todo.iter().all(|name| name.name != ".." && !name.of_link);
        plain.then(|| std::mem::take(&mut self.todo).into_iter().rev().map(|name| name.name).collect())
    }

    /// Opens `name` where the way is now.
    fn open(&mut self, name: &OsStr) -> Result<OwnedFd, Stop> {
        let barriers = self.barriers;
        let folder = self.current()?;
        if let Some(barrier) = barriers.meets_name(Identity::from(&fstat(folder)?), name) {
            return Err(Stop::Met(barrier));
        }
        Ok(openat(folder, name, flags(), Mode::empty())?)
    }

    /// Goes into `next`, or where it leads.
    fn take(&mut self, name: OsString, next: OwnedFd) -> Result<(), Stop> {
        let stat = fstat(&next)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                meet(&next, self.barriers)?;
                self.names.push(name);
                self.folder = Some(next);
                Ok(())
            }
            FileType::Symlink => {
                self.links += 1;
                if self.links > MOST_LINKS {
                    return Err(Errno::LOOP.into());
                }
                // As text: the links that /proc makes up lead nowhere else than they say.
                let target = readlinkat(&next, "", Vec::new())?;
                let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
                if target.is_absolute() {
                    return self.anchor(&target, true);
                }
                self.put(&target, true);
                Ok(())
            }
            _ => Err(Errno::NOTDIR.into()),
        }
    }

    /// Takes the last name back; from a root it goes into what lies above, if that is a root too.
    fn up(&mut self, of_link: bool) -> Result<(), Stop> {
        if self.names.pop().is_some() {
            self.folder = None;
            return Ok(());
        }
        let mut above = self.base.parent().unwrap_or(Path::new("/")).to_owned();
        while held(&above, self.roots).is_none()
            && let Some(next) = self.todo.pop()
        {
            if next.name == ".." {
                above.pop();
            } else {
                above.push(next.name);
            }
        }
        self.anchor(&above, of_link)
    }

    /// Goes on from the root that holds `path`.
    fn anchor(&mut self, path: &Path, of_link: bool) -> Result<(), Stop> {
        let out = if of_link { Stop::LinkOut } else { Stop::Outside };
        let Some((root, rest)) = held(path, self.roots) else { return Err(out) };
        (self.base, self.opened) = open_root(&root, self.barriers)?;
        self.names.clear();
        self.folder = None;
        self.put(&rest, of_link);
        Ok(())
    }

    /// The folder where the way is now.
    fn current(&mut self) -> Result<&OwnedFd, Stop> {
        self.steps += 1;
        if self.folder.is_none() {
            self.steps += self.names.len();
            let mut folder = openat(&self.opened, ".", flags() | OFlags::DIRECTORY, Mode::empty())?;
            for name in &self.names {
                folder = openat(&folder, name, flags() | OFlags::DIRECTORY, Mode::empty())?;
                meet(&folder, self.barriers)?;
            }
            self.folder = Some(folder);
        }
        if self.steps > MOST_STEPS {
            return Err(Errno::LOOP.into());
        }
        self.folder.as_ref().ok_or_else(|| Errno::LOOP.into())
    }
}
