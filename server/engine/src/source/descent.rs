//! The way from a folder down to where a walk is.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::fd::OwnedFd,
    sync::Arc,
};

use rustix::fs::{Mode, OFlags, fstat, openat};

use super::barrier::Identity;

/// Folders that are open at a time, beside the first one.
const MOST_OPEN: usize = 32;

/// The folders that a walk is in. Only the innermost ones and the first one are open, however deep it goes; the others
/// are opened again on the way back.
///
/// Nothing is opened through a link, and a folder that is opened again is the same one by device and inode: nobody who
/// moves folders meanwhile makes the walk leave the first one.
pub(crate) struct Descent(Vec<Step>);

struct Step {
    name: OsString,
    identity: Identity,
    /// None while it is closed, or cannot be found any more.
    folder: Option<Arc<OwnedFd>>,
}

impl Descent {
    /// Begins at `root`, which stays open.
    pub(crate) fn new(root: Arc<OwnedFd>) -> io::Result<Self> {
        let identity = Identity::from(&fstat(&*root)?);
        Ok(Self(vec![Step { name: OsString::new(), identity, folder: Some(root) }]))
    }

    /// The innermost folder, where it is still to be found.
    pub(crate) fn folder(&self) -> Option<&Arc<OwnedFd>> {
        self.0.last()?.folder.as_ref()
    }

    /// Which folder the innermost one is.
    pub(crate) fn identity(&self) -> Option<Identity> {
        Some(self.0.last()?.identity)
    }

    /// Goes into the folder `name` of the innermost one, which was opened as `folder`.
    pub(crate) fn enter(&mut self, name: OsString, folder: Arc<OwnedFd>, identity: Identity) {
        self.0.push(Step { name, identity, folder: Some(folder) });
        if let Some(above) = self.0.len().checked_sub(MOST_OPEN + 1).filter(|above| *above > 0) {
            self.0[above].folder = None;
        }
    }

    /// Goes back into the folder above. An error says that it is not to be found any more; its own folder above may be.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        let left = self.0.pop();
        let Some(step) = self.0.last() else { return Ok(()) };
        if step.folder.is_some() {
            return Ok(());
        }
        let identity = step.identity;
        let above = left.and_then(|left| left.folder).and_then(|left| open_same(&left, "..".as_ref(), identity).ok());
        let found = match above {
            Some(above) => above,
            None => self.find()?,
        };
        if let Some(step) = self.0.last_mut() {
            step.folder = Some(Arc::new(found));
        }
        Ok(())
    }

    /// Finds the innermost folder by its name in the nearest one that is open.
    fn find(&self) -> io::Result<OwnedFd> {
        let gone = || io::Error::other(tr!("it was moved meanwhile"));
        let nearest = self.0.iter().rposition(|step| step.folder.is_some()).ok_or_else(gone)?;
        let mut found: Option<OwnedFd> = None;
        for step in &self.0[nearest + 1..] {
            let above = found.as_ref().or(self.0[nearest].folder.as_deref()).ok_or_else(gone)?;
            found = Some(open_same(above, &step.name, step.identity)?);
        }
        found.ok_or_else(gone)
    }
}

fn open_same(above: &OwnedFd, name: &OsStr, identity: Identity) -> io::Result<OwnedFd> {
    let folder = openat(above, name, folder_flags(), Mode::empty())?;
    if Identity::from(&fstat(&folder)?) == identity {
        return Ok(folder);
    }
    Err(io::Error::other(tr!("it was moved meanwhile")))
}

/// How a folder is opened to be read: not through a link.
pub(crate) fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf, sync::Arc};

    use rustix::fs::{Mode, fstat, openat};

    use super::{Descent, Identity, MOST_OPEN, folder_flags};

    /// A way through folders `0`, `1` … of which the last one is entered.
    fn entered(folder: &std::path::Path, depth: usize) -> Descent {
        let names = || (0..depth).map(|number| number.to_string());
        fs::create_dir_all(folder.join(names().collect::<PathBuf>())).unwrap();
        let root = rustix::fs::open(folder, folder_flags(), Mode::empty()).unwrap();
        let mut descent = Descent::new(Arc::new(root)).unwrap();
        for name in names() {
            let opened = openat(&**descent.folder().unwrap(), &*name, folder_flags(), Mode::empty()).unwrap();
            let identity = (&fstat(&opened).unwrap()).into();
            descent.enter(name.into(), Arc::new(opened), identity);
        }
        descent
    }

    fn open(descent: &Descent) -> usize {
        descent.0.iter().filter(|step| step.folder.is_some()).count()
    }

    #[test]
    fn few_folders_are_open_and_the_way_back_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut descent = entered(folder.path(), 200);
        assert_eq!(open(&descent), MOST_OPEN + 1);
        for _ in 0..200 {
            descent.leave().unwrap();
            assert!(open(&descent) <= MOST_OPEN + 1);
            assert_eq!(Identity::from(&fstat(&**descent.folder().unwrap()).unwrap()), descent.identity().unwrap());
        }
        assert!(descent.leave().is_ok());
    }

    #[test]
    fn a_folder_that_was_moved_out_does_not_lead_there() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        let mut descent = entered(&inside, MOST_OPEN + 5);
        // The folders 0 to 3 are closed by now.
        fs::rename(inside.join("0/1/2/3/4"), outside.join("4")).unwrap();
        for _ in 0..MOST_OPEN {
            descent.leave().unwrap();
        }
        // `..` of what was moved is outside: the way back is found by names.
        descent.leave().unwrap();
        assert_eq!(Identity::from(&fstat(&**descent.folder().unwrap()).unwrap()), descent.identity().unwrap());
        fs::rename(inside.join("0/1"), inside.join("0/gone")).unwrap();
        assert!(descent.leave().is_ok(), "`..` of 3 is 2, wherever it is now");
    }
}
