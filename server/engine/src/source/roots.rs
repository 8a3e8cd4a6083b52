//! The directories an operator allows to be backed up and restored into.

use std::{
    ffi::OsString,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{Mode, openat};

use super::{
    Owners, SourceOptions,
    barrier::{Barriers, is_written_inside},
    beneath::{self, Reached},
    descent::folder_flags,
    error::{SourceError, unreadable},
};

/// A directory that may be backed up. It is open: whatever takes its place in its path is not what is backed up.
///
/// Only [`SourceRoots::directory`] makes one.
#[derive(Clone, Debug)]
pub struct DirectorySource {
    pub(super) folder: Arc<OwnedFd>,
    pub(super) barriers: Arc<Barriers>,
    pub(super) options: SourceOptions,
    path: PathBuf,
}

impl DirectorySource {
    /// Sets what is left out of it beside what patterns exclude; by default nothing.
    #[must_use]
    pub fn with_options(self, options: SourceOptions) -> Self {
        Self { options, ..self }
    }

    /// Where the directory was when it was opened: an absolute path without links, to be shown.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A directory that may be restored into, or that may be made for it. What exists of it is open.
///
/// Only [`SourceRoots::restore_target`] makes one.
#[derive(Clone, Debug)]
pub struct RestoreTarget {
    /// Opened for passing through alone.
    pub(crate) folder: Arc<OwnedFd>,
    /// What has to be made below it.
    pub(crate) missing: Vec<OsString>,
    pub(crate) barriers: Arc<Barriers>,
    pub(crate) owners: Owners,
    path: PathBuf,
}

impl RestoreTarget {
    /// Sets how what is restored into it gets its owners; by default by number.
    #[must_use]
    pub fn with_owners(self, owners: Owners) -> Self {
        Self { owners, ..self }
    }

    /// Where the directory was, or would be, when it was looked for: an absolute path without links, to be shown.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Something protected that lies in an allowed root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The root, as the operator wrote it.
    pub root: PathBuf,
    /// What is protected, as it was given.
    pub protected: PathBuf,
}

/// The directories under which the sources and restore targets of one organization must lie.
#[derive(Clone, Debug, Default)]
pub struct SourceRoots {
    roots: Vec<PathBuf>,
    foreign: Vec<PathBuf>,
    protected: Vec<PathBuf>,
}

impl SourceRoots {
    /// Roots that do not exist yet are kept: they may be mounted later.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots, ..Self::default() }
    }

    /// Sets the roots of other organizations. What lies in one, and not in a deeper one of ours, is neither opened nor
    /// read nor written, also where it lies in one of ours. A directory that is a root of both is shared.
    #[must_use]
    pub fn with_foreign(self, foreign: Vec<PathBuf>) -> Self {
        Self { foreign, ..self }
    }

    /// Sets the files and folders that are never read or written, wherever they lie and whatever other names they have.
    /// They need not exist yet. A root that is written as a folder inside of one, such as that of exports in the data
    /// folder, can be used all the same. Beside a file, those are meant that begin with its name and a hyphen: a database's own.
    #[must_use]
    pub fn with_protected(self, protected: Vec<PathBuf>) -> Self {
        Self { protected, ..self }
    }

    /// The protected things that lie in a root, or that a root lies in though it is not written so. Backups leave them out,
    /// but who set the roots may have meant something else.
    pub fn held(&self) -> Vec<Held> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let pairs = self.roots.iter().flat_map(|root| self.protected.iter().map(move |protected| (root, protected)));
        let touching = pairs.filter(|(root, protected)| {
            let is_meant = is_written_inside(root, &self.protected);
            let (root, protected) = (real(root), real(protected));
            protected.starts_with(&root) || (root.starts_with(&protected) && !is_meant)
        });
        touching.map(|(root, protected)| Held { root: root.clone(), protected: protected.clone() }).collect()
    }

    /// Opens the directory at `path`. Links in it are followed as long as they stay in the roots.
    ///
    /// # Errors
    /// Where it is not a directory in the roots that can be read. Of what lies outside nothing else is told.
    pub fn directory(&self, path: &Path) -> Result<DirectorySource, SourceError> {
        let (Reached { folder, path: real, .. }, barriers) = self.find(path, false)?;
        let folder = openat(&folder, ".", folder_flags(), Mode::empty());
        let folder = folder.map_err(|error| unreadable(path, error.into()))?;
        Ok(DirectorySource { folder: Arc::new(folder), barriers, options: SourceOptions::default(), path: real })
    }

    /// Opens the directory at `path` to restore into. It need not exist: what exists of it must lie in a root, links
    /// followed, and the rest must be plain names. A restore makes it.
    ///
    /// # Errors
    /// Where it is not a directory in the roots and cannot become one. Of what lies outside nothing else is told.
    pub fn restore_target(&self, path: &Path) -> Result<RestoreTarget, SourceError> {
        let (Reached { folder, path: real, missing }, barriers) = self.find(path, true)?;
        let path = real.join(missing.iter().collect::<PathBuf>());
        Ok(RestoreTarget { folder: Arc::new(folder), missing, barriers, owners: Owners::default(), path })
    }

    fn find(&self, path: &Path, may_be_missing: bool) -> Result<(Reached, Arc<Barriers>), SourceError> {
        if self.roots.is_empty() {
            return Err(SourceError::NoRoots);
        }
        if !path.is_absolute() {
            return Err(SourceError::NotAbsolute);
        }
        // Each time anew: files are replaced, and folders are mounted.
        let barriers = Barriers::look(&self.protected, &self.foreign, &self.roots);
        Ok((beneath::find(path, &self.roots, &barriers, may_be_missing)?, Arc::new(barriers)))
    }
}

#[cfg(test)]
mod tests;
