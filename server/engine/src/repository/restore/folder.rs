//! A folder below the restore's target.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Component, Path},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, mkdirat, openat, renameat, renameat_with, statat, unlinkat},
    io::Errno,
};

use super::super::OnConflict;

/// Longest name on Linux's file systems, in bytes.
const LONGEST_NAME: usize = 255;
/// Names tried beside one that is taken.
const MOST_BESIDE: u32 = 1000;

/// An open folder. Everything is done relative to it, by plain names, and never through a link: whatever
/// the snapshot holds and whoever changes the target meanwhile, nothing happens outside of it.
pub(super) struct Folder(OwnedFd);

/// Where a folder of the snapshot goes.
pub(super) enum Entered {
    /// Into one that is new.
    Created(Folder),
    /// Into one that was there.
    Merged(Folder),
    /// Nowhere: something else is there and is kept.
    Skipped,
}

impl Folder {
    /// Opens the directory at the absolute `path`, which holds no links, and makes what is missing of it.
    pub(super) fn make_all(path: &Path) -> io::Result<Self> {
        // Passing through a directory needs less permission than reading it.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut folder = Self(rustix::fs::open("/", flags, Mode::empty())?);
        for part in path.components() {
            match part {
                Component::RootDir => {}
                Component::Normal(name) => {
                    match mkdirat(&folder.0, name, Mode::from_raw_mode(0o777)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        // Only the directories below the first missing one need to be made.
                        Err(Errno::ROFS | Errno::ACCESS) if folder.kind(name)?.is_some() => {}
                        Err(error) => return Err(error.into()),
                    }
                    folder = Self(openat(&folder.0, name, flags, Mode::empty())?);
                }
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        Ok(folder)
    }

    fn open(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(openat(&self.0, name, folder_flags(), Mode::empty())?))
    }

    /// What is at `name`, a link being a link.
    pub(super) fn kind(&self, name: &OsStr) -> io::Result<Option<FileType>> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Goes into the folder `name`, making it where it is missing.
    pub(super) fn enter(&self, name: &OsStr, on_conflict: OnConflict) -> io::Result<Entered> {
        if self.make(name)? {
            return Ok(Entered::Created(self.open(name)?));
        }
        if self.kind(name)? == Some(FileType::Directory) {
            return Ok(Entered::Merged(self.open(name)?));
        }
        match on_conflict {
            OnConflict::Skip => Ok(Entered::Skipped),
            OnConflict::Overwrite => {
                unlinkat(&self.0, name, AtFlags::empty())?;
                self.make(name)?;
                Ok(Entered::Created(self.open(name)?))
            }
            OnConflict::KeepBoth => {
                for other in beside(name) {
                    if self.make(&other)? {
                        return Ok(Entered::Created(self.open(&other)?));
                    }
                }
                Err(io::ErrorKind::AlreadyExists.into())
            }
        }
    }

    /// Makes a folder that only we may enter until it is complete. False when the name is taken.
    fn make(&self, name: &OsStr) -> io::Result<bool> {
        match mkdirat(&self.0, name, Mode::RWXU) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A new empty file under a temporary name.
    pub(super) fn temporary_file(&self) -> io::Result<(OsString, File)> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.temporary(|folder, name| Ok(File::from(openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?)))
    }

    /// Makes something under a temporary name.
    pub(super) fn temporary<T>(
        &self,
        make: impl Fn(BorrowedFd<'_>, &OsStr) -> Result<T, Errno>,
    ) -> io::Result<(OsString, T)> {
        loop {
            let name = temporary_name();
            match make(self.0.as_fd(), &name) {
                Ok(made) => return Ok((name, made)),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives what is at `temporary` its name. False when something is there and is kept.
    pub(super) fn place(&self, temporary: &OsStr, name: &OsStr, on_conflict: OnConflict) -> io::Result<bool> {
        match on_conflict {
            OnConflict::Overwrite => {
                renameat(&self.0, temporary, &self.0, name)?;
                Ok(true)
            }
            OnConflict::Skip => self.place_new(temporary, name),
            OnConflict::KeepBoth => {
                for free in std::iter::once(name.to_owned()).chain(beside(name)) {
                    if self.place_new(temporary, &free)? {
                        return Ok(true);
                    }
                }
                Err(io::ErrorKind::AlreadyExists.into())
            }
        }
    }

    fn place_new(&self, temporary: &OsStr, name: &OsStr) -> io::Result<bool> {
        match renameat_with(&self.0, temporary, &self.0, name, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            // File systems that cannot do it in one step.
            Err(Errno::INVAL | Errno::NOSYS) if self.kind(name)?.is_some() => Ok(false),
            Err(Errno::INVAL | Errno::NOSYS) => {
                renameat(&self.0, temporary, &self.0, name)?;
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.0, name, AtFlags::empty())?)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn temporary_name() -> OsString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(".holdfast-restore-{}-{number}.part", std::process::id()).into()
}

/// Names for the second of two files of one name: `report (restored).pdf`, `report (restored 2).pdf` …
fn beside(name: &OsStr) -> impl Iterator<Item = OsString> {
    let bytes = name.as_bytes();
    // A leading dot begins a hidden file's name, not an ending.
    let dot = bytes.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0);
    let (stem, ending) = bytes.split_at(dot.unwrap_or(bytes.len()));
    (1..=MOST_BESIDE).map(move |number| {
        let mark = if number == 1 { " (restored)".to_owned() } else { format!(" (restored {number})") };
        let room = LONGEST_NAME.saturating_sub(mark.len() + ending.len());
        let stem = &stem[..stem.len().min(room)];
        OsString::from_vec([stem, mark.as_bytes(), ending].concat())
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::beside;

    #[test]
    fn both_of_two_files_can_be_told_apart() {
        let first =
            |name: &str| beside(OsStr::new(name)).take(2).map(|name| name.into_string().unwrap()).collect::<Vec<_>>();
        assert_eq!(first("report.pdf"), ["report (restored).pdf", "report (restored 2).pdf"]);
        assert_eq!(first("Makefile"), ["Makefile (restored)", "Makefile (restored 2)"]);
        assert_eq!(first(".env"), [".env (restored)", ".env (restored 2)"]);
        assert!(first(&"x".repeat(255)).iter().all(|name| name.len() == 255));
    }
}
