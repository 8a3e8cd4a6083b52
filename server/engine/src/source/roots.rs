//! The directories an operator allows to be backed up and restored into.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use thiserror::Error;

/// A directory that may be backed up: it exists, and lies under an allowed root with all links resolved.
///
/// Only [`SourceRoots::directory`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectorySource {
    path: PathBuf,
}

impl DirectorySource {
    /// The directory's absolute path without links.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Why a directory is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The path does not start at the file system's root.
    #[error("Write the whole path, beginning with \"/\".")]
    NotAbsolute,
    /// Nothing is there.
    #[error("The directory \"{}\" does not exist on the server.", .0.display())]
    NotFound(PathBuf),
    /// Something else is there.
    #[error("\"{}\" is not a directory.", .0.display())]
    NotADirectory(PathBuf),
    /// It lies outside the allowed roots.
    #[error("The directory \"{}\" lies outside the directories allowed on this server ({}).", .path.display(), list(.roots))]
    OutsideRoots {
        /// What was asked for.
        path: PathBuf,
        /// What is allowed.
        roots: Vec<PathBuf>,
    },
    /// As written it lies under an allowed root, but a symbolic link leads out of it.
    #[error("A symbolic link in \"{}\" leads out of the directories allowed on this server.", .0.display())]
    LinkLeavesRoots(PathBuf),
    /// The operator allows no directory.
    #[error("No directory is allowed on this server. Ask the operator to allow one.")]
    NoRoots,
    /// The server may not look at it.
    #[error("The directory \"{}\" cannot be read: {cause}. Give the server's user access to it.", .path.display())]
    Unreadable {
        /// The directory.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        cause: io::Error,
    },
}

fn list(roots: &[PathBuf]) -> String {
    let names: Vec<_> = roots.iter().map(|root| root.display().to_string()).collect();
    names.join(", ")
}

/// The directories under which sources and restore targets must lie.
#[derive(Clone, Debug, Default)]
pub struct SourceRoots {
    roots: Vec<PathBuf>,
}

impl SourceRoots {
    /// Roots that do not exist yet are kept: they may be mounted later.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots }
    }

    /// The directory at `path`, links resolved.
    pub fn directory(&self, path: &Path) -> Result<DirectorySource, SourceError> {
        self.check_written(path)?;
        let resolved = path.canonicalize().map_err(|cause| unreadable(path, cause))?;
        if !self.holds(&resolved) {
            return Err(self.outside(path));
        }
        let metadata = resolved.metadata().map_err(|cause| unreadable(path, cause))?;
        if !metadata.is_dir() {
            return Err(SourceError::NotADirectory(path.into()));
        }
        std::fs::read_dir(&resolved).map_err(|cause| unreadable(path, cause))?;
        Ok(DirectorySource { path: resolved })
    }

    /// The directory at `path` to restore into. It need not exist: what exists of it must resolve to
    /// below a root, and the rest must be plain names. A restore creates it.
    pub fn restore_target(&self, path: &Path) -> Result<PathBuf, SourceError> {
        self.check_written(path)?;
        let (existing, rest) = split_at_existing(path).map_err(|cause| unreadable(path, cause))?;
        let resolved = existing.canonicalize().map_err(|cause| unreadable(path, cause))?;
        if !self.holds(&resolved) {
            return Err(self.outside(path));
        }
        let metadata = resolved.metadata().map_err(|cause| unreadable(path, cause))?;
        if !metadata.is_dir() {
            return Err(SourceError::NotADirectory(existing.into()));
        }
        Ok(resolved.join(rest))
    }

    fn check_written(&self, path: &Path) -> Result<(), SourceError> {
        if self.roots.is_empty() {
            return Err(SourceError::NoRoots);
        }
        if !path.is_absolute() {
            return Err(SourceError::NotAbsolute);
        }
        Ok(())
    }

    /// Whether `resolved`, an absolute path without links, lies under a root.
    fn holds(&self, resolved: &Path) -> bool {
        let mut roots = self.roots.iter().filter_map(|root| root.canonicalize().ok());
        roots.any(|root| resolved.starts_with(root))
    }

    /// Tells a link that leads out from a path that never was inside.
    fn outside(&self, path: &Path) -> SourceError {
        let goes_up = path.components().any(|part| part == Component::ParentDir);
        let written_inside = self.roots.iter().any(|root| path.starts_with(root));
        if written_inside && !goes_up {
            return SourceError::LinkLeavesRoots(path.into());
        }
        SourceError::OutsideRoots { path: path.into(), roots: self.roots.clone() }
    }
}

/// `path` as its longest existing ancestor (or itself) and the names that do not exist yet.
fn split_at_existing(path: &Path) -> io::Result<(&Path, PathBuf)> {
    for existing in path.ancestors() {
        match existing.symlink_metadata() {
            Ok(_) => {
                let rest = path.strip_prefix(existing).map_err(io::Error::other)?;
                // `a/../../b` with a missing `a` could climb out again once `a` exists.
                if rest.components().any(|part| !matches!(part, Component::Normal(_))) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                return Ok((existing, rest.into()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn unreadable(path: &Path, cause: io::Error) -> SourceError {
    match cause.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound(path.into()),
        io::ErrorKind::NotADirectory => SourceError::NotADirectory(path.into()),
        _ => SourceError::Unreadable { path: path.into(), cause },
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::{SourceError, SourceRoots};

    fn roots(at: &Path) -> SourceRoots {
        fs::create_dir_all(at.join("root/inner")).unwrap();
        fs::create_dir_all(at.join("outside")).unwrap();
        fs::write(at.join("root/file"), "x").unwrap();
        symlink(at.join("outside"), at.join("root/out")).unwrap();
        symlink(at.join("root/inner"), at.join("root/link")).unwrap();
        symlink(at.join("gone"), at.join("root/dangling")).unwrap();
        SourceRoots::new(vec![at.join("root"), at.join("not-mounted")])
    }

    #[test]
    fn a_source_is_a_directory_under_a_root() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let roots = roots(&at);
        let directory = |path: &str| roots.directory(&at.join(path));

        assert_eq!(directory("root").unwrap().path(), at.join("root"));
        assert_eq!(directory("root/link").unwrap().path(), at.join("root/inner"));
        assert!(matches!(directory("root/none"), Err(SourceError::NotFound(_))));
        assert!(matches!(directory("root/file"), Err(SourceError::NotADirectory(_))));
        assert!(matches!(directory("root/file/x"), Err(SourceError::NotADirectory(_))));
        assert!(matches!(directory("root/out"), Err(SourceError::LinkLeavesRoots(_))));
        assert!(matches!(directory("outside"), Err(SourceError::OutsideRoots { .. })));
        assert!(matches!(directory("root/../outside"), Err(SourceError::OutsideRoots { .. })));
        assert!(matches!(roots.directory(Path::new("root")), Err(SourceError::NotAbsolute)));
        assert!(matches!(SourceRoots::default().directory(&at), Err(SourceError::NoRoots)));
    }

    #[test]
    fn a_restore_target_may_be_new_but_not_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().canonicalize().unwrap();
        let roots = roots(&at);
        let target = |path: &str| roots.restore_target(&at.join(path));

        assert_eq!(target("root/link/new/deeper").unwrap(), at.join("root/inner/new/deeper"));
        assert!(matches!(target("root/out/new"), Err(SourceError::LinkLeavesRoots(_))));
        assert!(matches!(target("outside/new"), Err(SourceError::OutsideRoots { .. })));
        assert!(matches!(target("root/none/../../outside"), Err(SourceError::NotFound(_))));
        assert!(matches!(target("root/dangling"), Err(SourceError::NotFound(_))));
        assert!(matches!(target("root/file"), Err(SourceError::NotADirectory(_))));
    }
}
