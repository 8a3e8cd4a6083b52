//! The folders in a directory, for choosing one.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use rustix::fs::{AtFlags, Dir, FileType, fstat, statat};

use super::{DirectorySource, Identity, error::unreadable, report::shown};
use crate::SourceError;

/// What is directly in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    /// By name. Names that are no text are left out: no form could hold them.
    pub names: Vec<String>,
    /// Whether there are more than were asked for.
    pub more: bool,
}

impl DirectorySource {
    /// The folders in the directory, at most `most` of them. What is protected or another organization's is left out, as a
    /// backup does. Blocks.
    ///
    /// # Errors
    /// Where the directory cannot be read any more.
    pub fn folders(&self, most: usize) -> Result<Folders, SourceError> {
        let failed = |error: rustix::io::Errno| unreadable(self.path(), error.into());
        let here = Identity::from(&fstat(&*self.folder).map_err(failed)?);
        let mut folders = Folders::default();
        for entry in Dir::read_from(&*self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if matches!(name.as_bytes(), b"." | b"..") || name.to_str().is_none_or(|text| shown(name) != text) {
                continue;
            }
            // Links are followed by no backup; what is gone meanwhile is not there.
            let Ok(stat) = statat(&*self.folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let barred = self.barriers.meets_name(here, name).or_else(|| self.barriers.meets(&stat));
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory || barred.is_some() {
                continue;
            }
            if folders.names.len() == most {
                folders.more = true;
                break;
            }
            folders.names.push(name.to_string_lossy().into_owned());
        }
        folders.names.sort_unstable();
        Ok(folders)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::SourceRoots;

    #[test]
    fn folders_alone_are_told_and_what_is_protected_is_not() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["b", "a", "data"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        fs::write(root.path().join("file"), "x").unwrap();
        std::os::unix::fs::symlink("/etc", root.path().join("link")).unwrap();
        let roots = SourceRoots::new(vec![root.path().to_owned()]).with_protected(vec![root.path().join("data")]);
        let source = roots.directory(root.path()).unwrap();
        let folders = source.folders(10).unwrap();
        assert_eq!((folders.names, folders.more), (vec!["a".to_owned(), "b".to_owned()], false));
        assert!(source.folders(1).unwrap().more);
    }
}
