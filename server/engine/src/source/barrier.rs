//! What no backup and no restore touches, wherever it lies.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Stat, stat};

/// Which file or folder something is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl From<&Stat> for Identity {
    #[allow(clippy::useless_conversion, reason = "the numbers are narrower on other processors")]
    fn from(stat: &Stat) -> Self {
        Self { device: stat.st_dev.into(), inode: stat.st_ino.into() }
    }
}

impl Identity {
    /// Whether it lies on the same file system.
    pub(crate) fn is_on_device_of(&self, stat: &Stat) -> bool {
        self.device == Self::from(stat).device
    }
}

/// Why something is not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// It is Holdfast's own: its data, its database, or a secret.
    Protected,
    /// It belongs to another organization.
    Foreign,
}

impl Barrier {
    /// The reason in a few words for people.
    pub(crate) fn cause(self) -> String {
        match self {
            Self::Protected => tr!("it belongs to Holdfast itself and is never backed up or restored"),
            Self::Foreign => tr!("it belongs to another organization on this server"),
        }
    }
}

/// The things that are not touched, as they were when they were looked for: by device and inode, so that hard links,
/// bind mounts and other names are met too; and by their name in their folder, so that a file which is replaced or made
/// later is met as well.
#[derive(Debug, Default)]
pub(crate) struct Barriers {
    things: HashMap<Identity, Barrier>,
    /// By their folder.
    names: HashMap<Identity, Vec<(OsString, Barrier)>>,
    /// Roots that the operator wrote into a protected folder, such as that of exports.
    let_in: Vec<PathBuf>,
}

/// Whether `root` is written as something inside of what is protected.
pub(super) fn is_written_inside(root: &Path, protected: &[PathBuf]) -> bool {
    protected.iter().any(|protected| root != protected && root.starts_with(protected))
}

impl Barriers {
    /// Looks for them. What does not exist yet is known by its name.
    pub(crate) fn look(protected: &[PathBuf], foreign: &[PathBuf], own: &[PathBuf]) -> Self {
        let written_inside = own.iter().filter(|root| is_written_inside(root, protected));
        let spellings = written_inside.flat_map(|root| [Some(root.clone()), root.canonicalize().ok()]);
        let mut barriers = Self { let_in: spellings.flatten().collect(), ..Self::default() };
        let identity = |path: &PathBuf| stat(path).ok().map(|stat| Identity::from(&stat));
        let shared = |path: &PathBuf| {
            own.contains(path) || own.iter().any(|own| identity(own).is_some_and(|own| Some(own) == identity(path)))
        };
        for path in foreign.iter().filter(|path| !shared(path)) {
            barriers.add(path, Barrier::Foreign);
        }
        for path in protected {
            barriers.add(path, Barrier::Protected);
        }
        barriers
    }

    fn add(&mut self, path: &Path, barrier: Barrier) {
        if let Ok(stat) = stat(path) {
            self.things.insert(Identity::from(&stat), barrier);
        }
        self.add_name(path, barrier);
        // Where it is a link: what it leads to.
        if let Ok(real) = path.canonicalize() {
            self.add_name(&real, barrier);
        }
    }

    fn add_name(&mut self, path: &Path, barrier: Barrier) {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return };
        let Ok(stat) = stat(folder) else { return };
        let names = self.names.entry(Identity::from(&stat)).or_default();
        if !names.iter().any(|(known, _)| known == name) {
            names.push((name.to_owned(), barrier));
        }
    }

    /// Whether a root lies in a protected folder because the operator wrote it there.
    pub(super) fn lets_in(&self, root: &Path) -> bool {
        self.let_in.iter().any(|known| known == root)
    }

    /// Whether `stat` is of one of them.
    pub(crate) fn meets(&self, stat: &Stat) -> Option<Barrier> {
        if self.things.is_empty() { None } else { self.things.get(&stat.into()).copied() }
    }

    /// Whether `name` in `folder` is one of them, or will be when it is made. A database has files beside it, whose names
    /// begin with its own and a hyphen (<https://www.sqlite.org/tempfiles.html>).
    pub(crate) fn meets_name(&self, folder: Identity, name: &OsStr) -> Option<Barrier> {
        let named = |(known, barrier): &(OsString, Barrier)| {
            let rest = name.as_bytes().strip_prefix(known.as_bytes())?;
            let beside = *barrier == Barrier::Protected && rest.first() == Some(&b'-');
            (rest.is_empty() || beside).then_some(*barrier)
        };
        self.names.get(&folder)?.iter().find_map(named)
    }
}
