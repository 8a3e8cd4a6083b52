//! Why a directory is refused.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a directory is refused.
///
/// Of what lies outside the allowed roots, whether it exists or not, all that is said is that it lies outside.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The path does not start at the file system's root.
    #[error("{}", tr!("Write the whole path, beginning with \"/\"."))]
    NotAbsolute,
    /// Nothing is there.
    #[error("{}", tr!("The directory \"{}\" does not exist on the server.", .0.display()))]
    NotFound(PathBuf),
    /// Something else is there.
    #[error("{}", tr!("\"{}\" is not a directory.", .0.display()))]
    NotADirectory(PathBuf),
    /// It lies outside the allowed roots.
    #[error(
        "{}",
        tr!(
            "The directory \"{}\" lies outside the directories allowed on this server ({}).",
            .path.display(),
            list(.roots)
        )
    )]
    OutsideRoots {
        /// What was asked for.
        path: PathBuf,
        /// What is allowed.
        roots: Vec<PathBuf>,
    },
    /// As written it lies under an allowed root, but a symbolic link leads out of it.
    #[error("{}", tr!("A symbolic link in \"{}\" leads out of the directories allowed on this server.", .0.display()))]
    LinkLeavesRoots(PathBuf),
    /// It is, or lies in, what Holdfast keeps for itself.
    #[error(
        "{}",
        tr!(
            "The directory \"{}\" belongs to Holdfast itself and is never backed up or restored into. Choose another one.",
            .0.display()
        )
    )]
    Protected(PathBuf),
    /// The operator allows no directory.
    #[error("{}", tr!("No directory is allowed on this server. Ask the operator to allow one."))]
    NoRoots,
    /// The server may not look at it.
    #[error(
        "{}",
        tr!("The directory \"{}\" cannot be read: {}. Give the server's user access to it.", .path.display(), .cause)
    )]
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

/// An error of the operating system about `path`, which lies under a root.
pub(super) fn unreadable(path: &std::path::Path, cause: io::Error) -> SourceError {
    match cause.kind() {
        io::ErrorKind::NotFound => SourceError::NotFound(path.into()),
        io::ErrorKind::NotADirectory => SourceError::NotADirectory(path.into()),
        _ => SourceError::Unreadable { path: path.into(), cause },
    }
}
