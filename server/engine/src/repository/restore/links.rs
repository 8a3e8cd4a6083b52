//! Further names of restored files.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{Arc, Mutex, PoisonError},
};

use rustic_core::repofile::Metadata;
use rustix::{
    fs::{AtFlags, Mode, OFlags, SeekFrom, fstat, linkat, openat, seek},
    io::Errno,
};

use super::{
    super::{Property, Result},
    Job,
    folder::Folder,
    metadata,
    pending::{could_not_be_written, is_about_the_target},
};
use crate::{
    RepositoryError,
    source::{Identity, TreePath, words},
};

/// Bytes that are copied at a time.
const STEP: usize = 256 << 10;

/// Where the first of a file's names is restored to.
pub(super) struct First {
    /// Its folder below the target, as that is called there.
    folder: TreePath,
    placed: Mutex<Option<Placed>>,
}

/// A file in its place.
#[derive(Clone)]
struct Placed {
    name: OsString,
    identity: Identity,
}

impl First {
    pub(super) fn new(folder: TreePath) -> Arc<Self> {
        Arc::new(Self { folder, placed: Mutex::default() })
    }

    pub(super) fn place(&self, name: OsString, identity: Identity) {
        *self.placed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Placed { name, identity });
    }

    fn placed(&self) -> Option<Placed> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A further name of a file, which is given when the file is complete.
pub(super) struct Link {
    pub(super) first: Arc<First>,
    pub(super) folder: Folder,
    pub(super) name: OsString,
    /// Its path in the snapshot.
    pub(super) path: TreePath,
    pub(super) metadata: Metadata,
    pub(super) size: u64,
}

impl Link {
    pub(super) fn run(&self, job: &Job<'_>) -> Result<()> {
        let Some(placed) = self.first.placed() else {
            job.warn(&self.path, tr!("it is one file with others, none of which could be restored"));
            return Ok(());
        };
        match self.place(job, &placed) {
            Ok(true) => job.linked(self.size),
            Ok(false) => job.skip(self.size),
            Err(error) if is_about_the_target(&error) => return Err(RepositoryError::Target(error)),
            Err(error) => job.warn(&self.path, could_not_be_written(&error)),
        }
        Ok(())
    }

    /// False where something is in the way and is kept.
    fn place(&self, job: &Job<'_>, placed: &Placed) -> io::Result<bool> {
        let from = job.target.find(&self.first.folder)?;
        let linked =
            self.folder.temporary(|at, temporary| linkat(&from, &placed.name, at, temporary, AtFlags::empty()));
        let temporary = match linked {
            Ok((temporary, ())) => temporary,
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::XDEV | Errno::PERM | Errno::MLINK | Errno::OPNOTSUPP) => {
                    job.unset(&self.path, [(Property::HardLink, words(&error))].into());
                    return self.copy(job, &from, placed);
                }
                _ => return Err(error),
            },
        };
        // Somebody may have put another file in its place.
        let is_same = self.folder.identity(&temporary)? == Some(placed.identity);
        let named = if is_same { self.folder.place(&temporary, &self.name, job.on_conflict) } else { Err(replaced()) };
        // Nothing is renamed where both names are one file already.
        if !matches!(named, Ok(Some(_))) || self.folder.identity(&temporary)? == Some(placed.identity) {
            self.folder.remove(&temporary)?;
        }
        Ok(named?.is_some())
    }

    /// A file of its own where there can be no link.
    fn copy(&self, job: &Job<'_>, from: &Folder, placed: &Placed) -> io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let source = File::from(openat(from, &placed.name, flags, Mode::empty())?);
        if Identity::from(&fstat(&source)?) != placed.identity {
            return Err(replaced());
        }
        let (temporary, file) = self.folder.temporary_file()?;
        let named = copy_data(&source, &file, self.size).and_then(|()| {
            metadata::apply(job, &file, &self.path, &self.metadata);
            self.folder.place(&temporary, &self.name, job.on_conflict)
        });
        if !matches!(named, Ok(Some(_))) {
            self.folder.remove(&temporary)?;
        }
        Ok(named?.is_some())
    }
}

fn replaced() -> io::Error {
    io::Error::other(tr!("the file that it is one with was replaced while the restore ran"))
}

/// Copies all that is not a hole.
fn copy_data(source: &File, target: &File, size: u64) -> io::Result<()> {
    target.set_len(size)?;
    let (mut at, mut buffer) = (0, vec![0; STEP]);
    while at < size {
        at = match seek(source, SeekFrom::Data(at)) {
            Ok(data) => data,
            Err(Errno::NXIO) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let hole = seek(source, SeekFrom::Hole(at))?;
        while at < hole {
            let wanted = usize::try_from(hole - at).map_or(STEP, |left| left.min(STEP));
            source.read_exact_at(&mut buffer[..wanted], at)?;
            target.write_all_at(&buffer[..wanted], at)?;
            at += wanted as u64;
        }
    }
    Ok(())
}
