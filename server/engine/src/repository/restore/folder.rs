//! A folder below the restore's target.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::{
    fs::{
        AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RenameFlags, Stat, flock, fstat, mkdirat, openat,
        renameat, renameat_with, statat, unlinkat,
    },
    io::Errno,
};

use super::super::OnConflict;
use crate::{
    RestoreTarget,
    source::{Barrier, Barriers, Descent, Identity, TreePath, folder_flags},
};

/// Longest name on Linux's file systems, in bytes.
const LONGEST_NAME: usize = 255;
/// Names tried beside one that is taken.
const MOST_BESIDE: u32 = 1000;

/// An open folder. Everything is done relative to it, by plain names, and never through a link: whatever
/// the snapshot holds and whoever changes the target meanwhile, nothing happens outside of it.
#[derive(Clone)]
pub(super) struct Folder {
    opened: Arc<OwnedFd>,
    identity: Identity,
}

/// Where a folder of the snapshot goes.
pub(super) enum Entered {
    /// Into one that is new, which may have another name than it was to have.
    Created(Folder, OsString),
    /// Into one that was there.
    Merged(Folder),
    /// Nowhere: something else is there and is kept.
    Skipped,
    /// Nowhere: what is there is not to be touched.
    Barred(Barrier),
}

impl Folder {
    /// The restore's target, of which what is missing is made.
    pub(super) fn make_all(target: &RestoreTarget) -> io::Result<Self> {
        // Passing through a directory needs less permission than reading it.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut folder = Self::known(target.folder.clone())?;
        for name in &target.missing {
            if let Some(barrier) = target.barriers.meets_name(folder.identity, name) {
                return Err(io::Error::other(barrier.cause()));
            }
            match mkdirat(&folder, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder = Self::known(Arc::new(openat(&folder, name, flags, Mode::empty())?))?;
            if let Some(barrier) = target.barriers.meets(&fstat(&folder)?) {
                return Err(io::Error::other(barrier.cause()));
            }
        }
        Ok(folder)
    }

    fn known(opened: Arc<OwnedFd>) -> io::Result<Self> {
        let identity = Identity::from(&fstat(&*opened)?);
        Ok(Self { opened, identity })
    }

    /// The innermost folder of a descent, where it is still to be found.
    pub(super) fn of(descent: &Descent) -> Option<Self> {
        Some(Self { opened: descent.folder()?.clone(), identity: descent.identity()? })
    }

    /// The folder at `path` below this one.
    pub(super) fn find(&self, path: &TreePath) -> io::Result<Self> {
        path.names().into_iter().try_fold(self.clone(), |folder, name| folder.open(name))
    }

    /// Begins a descent here.
    pub(super) fn descent(&self) -> io::Result<Descent> {
        Descent::new(self.opened.clone())
    }

    /// Goes from the innermost folder of `descent` into this one.
    pub(super) fn go_into(self, descent: &mut Descent, name: OsString) {
        descent.enter(name, self.opened, self.identity);
    }

    fn open(&self, name: &OsStr) -> io::Result<Self> {
        Self::known(Arc::new(openat(self, name, folder_flags(), Mode::empty())?))
    }

    /// What is at `name`, a link being a link.
    fn stat(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What kind of thing is at `name`.
    pub(super) fn kind(&self, name: &OsStr) -> io::Result<Option<FileType>> {
        Ok(self.stat(name)?.map(|stat| FileType::from_raw_mode(stat.st_mode)))
    }

    /// Which file is at `name`.
    pub(super) fn identity(&self, name: &OsStr) -> io::Result<Option<Identity>> {
        Ok(self.stat(name)?.map(|stat| (&stat).into()))
    }

    /// Whether what is at `name`, or will be, is not to be touched.
    pub(super) fn bars(&self, name: &OsStr, barriers: &Barriers) -> Option<Barrier> {
        let there = || barriers.meets(&self.stat(name).ok()??);
        barriers.meets_name(self.identity, name).or_else(there)
    }

    /// Goes into the folder `name`, making it where it is missing.
    pub(super) fn enter(&self, name: &OsStr, on_conflict: OnConflict, barriers: &Barriers) -> io::Result<Entered> {
        if self.make(name)? {
            return Ok(Entered::Created(self.open(name)?, name.to_owned()));
        }
        if self.kind(name)? == Some(FileType::Directory) {
            let folder = self.open(name)?;
            // Of the one that was opened, which may be another one than a moment ago.
            let barrier = barriers.meets(&fstat(&folder)?);
            return Ok(barrier.map_or(Entered::Merged(folder), Entered::Barred));
        }
        match on_conflict {
            OnConflict::Skip => Ok(Entered::Skipped),
            OnConflict::Overwrite => {
                unlinkat(self, name, AtFlags::empty())?;
                self.make(name)?;
                Ok(Entered::Created(self.open(name)?, name.to_owned()))
            }
            OnConflict::KeepBoth => {
                for other in beside(name) {
                    if self.make(&other)? {
                        return Ok(Entered::Created(self.open(&other)?, other));
                    }
                }
                Err(io::ErrorKind::AlreadyExists.into())
            }
        }
    }

    /// Makes a folder that only we may enter until it is complete. False when the name is taken.
    fn make(&self, name: &OsStr) -> io::Result<bool> {
        match mkdirat(self, name, Mode::RWXU) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A new empty file under a temporary name. It is locked until it is closed, also by the end of its process: what is
    /// not locked was left behind.
    pub(super) fn temporary_file(&self) -> io::Result<(OsString, File)> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let made =
                self.temporary(|folder, name| Ok(File::from(openat(folder, name, flags, Mode::RUSR | Mode::WUSR)?)))?;
            // Another restore that looks in this moment takes it for left behind. File systems without locks have no
            // such restores.
            let is_taken = flock(&made.1, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK);
            if !is_taken && fstat(&made.1)?.st_nlink > 0 {
                return Ok(made);
            }
        }
    }

    /// Removes the files that restores were writing whose processes ended in the middle of it.
    pub(super) fn remove_abandoned(&self) -> io::Result<()> {
        for entry in Dir::new(openat(self, ".", folder_flags(), Mode::empty())?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if is_temporary(name) && self.is_abandoned(name)? {
                self.remove(name)?;
            }
        }
        Ok(())
    }

    fn is_abandoned(&self, name: &OsStr) -> io::Result<bool> {
        if self.kind(name)? != Some(FileType::RegularFile) {
            return Ok(false);
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(self, name, flags, Mode::empty())?;
        Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
    }

    /// Makes something under a temporary name.
    pub(super) fn temporary<T>(
        &self,
        make: impl Fn(BorrowedFd<'_>, &OsStr) -> Result<T, Errno>,
    ) -> io::Result<(OsString, T)> {
        loop {
            let name = temporary_name();
            match make(self.as_fd(), &name) {
                Ok(made) => return Ok((name, made)),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives what is at `temporary` its name, or one beside that. None when something is there and is kept.
    pub(super) fn place(
        &self,
        temporary: &OsStr,
        name: &OsStr,
        on_conflict: OnConflict,
    ) -> io::Result<Option<OsString>> {
        match on_conflict {
            OnConflict::Overwrite => {
                renameat(self, temporary, self, name)?;
                Ok(Some(name.to_owned()))
            }
            OnConflict::Skip => Ok(self.place_new(temporary, name)?.then(|| name.to_owned())),
            OnConflict::KeepBoth => {
                for free in std::iter::once(name.to_owned()).chain(beside(name)) {
                    if self.place_new(temporary, &free)? {
                        return Ok(Some(free));
                    }
                }
                Err(io::ErrorKind::AlreadyExists.into())
            }
        }
    }

    fn place_new(&self, temporary: &OsStr, name: &OsStr) -> io::Result<bool> {
        match renameat_with(self, temporary, self, name, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            // File systems that cannot do it in one step.
            Err(Errno::INVAL | Errno::NOSYS) if self.kind(name)?.is_some() => Ok(false),
            Err(Errno::INVAL | Errno::NOSYS) => {
                renameat(self, temporary, self, name)?;
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(self, name, AtFlags::empty())?)
    }
}

impl AsFd for Folder {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.opened.as_fd()
    }
}

/// What temporary names begin and end with; between them are the process and a number.
const TEMPORARY: (&str, &str) = (".holdfast-restore-", ".part");

fn temporary_name() -> OsString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let (begin, end) = TEMPORARY;
    format!("{begin}{}-{number}{end}", std::process::id()).into()
}

fn is_temporary(name: &OsStr) -> bool {
    let (begin, end) = TEMPORARY;
    let numbers = name.to_str().and_then(|name| name.strip_prefix(begin)?.strip_suffix(end)?.split_once('-'));
    let is_number = |text: &str| text.parse::<u64>().is_ok();
    numbers.is_some_and(|(process, number)| is_number(process) && is_number(number))
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
    use std::{ffi::OsStr, fs};

    use super::{Folder, beside};
    use crate::SourceRoots;

    #[test]
    fn what_a_killed_restore_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let names = || {
            let entries = fs::read_dir(place.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let others = [".holdfast-restore-1-x.part", ".holdfast-restore-notes.part", "7-0.part"];
        for name in others.iter().chain(&[".holdfast-restore-1-0.part"]) {
            fs::write(place.path().join(name), "half").unwrap();
        }
        fs::create_dir(place.path().join(".holdfast-restore-1-1.part")).unwrap();
        let roots = SourceRoots::new(vec![place.path().into()]);
        let folder = Folder::make_all(&roots.restore_target(place.path()).unwrap()).unwrap();
        let (written, file) = folder.temporary_file().unwrap();
        folder.remove_abandoned().unwrap();
        let mut left = others.map(str::to_owned).to_vec();
        left.extend([".holdfast-restore-1-1.part".to_owned(), written.into_string().unwrap()]);
        left.sort();
        assert_eq!(names(), left, "a file that is being written stays");
        drop(file);
        folder.remove_abandoned().unwrap();
        assert_eq!(names().len(), left.len() - 1, "once nobody writes it any more it goes");
    }

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
