//! What can go wrong with a repository, in words for people.

use std::{io, path::PathBuf};

use bytesize::ByteSize;
use thiserror::Error;

use super::{DamagedFile, SnapshotId};
use crate::{PostgresError, S3Error};

/// A failed use of a repository. Every message says what happened and what to do next.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The S3 service failed or refused.
    #[error(transparent)]
    Storage(#[from] S3Error),
    /// The password opens no key of this repository.
    #[error(
        "{}",
        tr!(
            "The repository's password is wrong. If another installation or program has made the repository in this place, adopt it with its password, from its recovery kit, or choose another prefix."
        )
    )]
    WrongPassword,
    /// There is no repository at this place.
    #[error(
        "{}",
        tr!(
            "There is no repository in the bucket \"{}\" under \"{}\". Check bucket and prefix, or enable backup again.",
            .bucket,
            .prefix
        )
    )]
    NotFound {
        /// The bucket.
        bucket: String,
        /// The prefix inside it.
        prefix: String,
    },
    /// Parts of the repository are missing or unreadable.
    #[error("{}", tr!("The repository is damaged: {}. Verify it before the next backup.", .detail))]
    Damaged {
        /// What is missing or wrong.
        detail: String,
    },
    /// A file without which nothing opens the repository is missing or damaged. While it is open, a repair writes the file
    /// back.
    #[error(
        "{}",
        tr!(
            "The repository's file \"{}\" {}. Without it nothing opens the repository: repair it before the next backup.",
            .file.path(),
            .file.damage
        )
    )]
    OpeningFile {
        /// The configuration or a key.
        file: DamagedFile,
    },
    /// A repository cannot be made inside the folders of another one.
    #[error(
        "{}",
        tr!("This place lies inside the folders of the repository under \"{}\". Choose another prefix.", .prefix)
    )]
    Enclosed {
        /// The other one's prefix; empty: the bucket itself.
        prefix: String,
    },
    /// No such snapshot.
    #[error("{}", tr!("The snapshot {} is not in the repository. It may have been removed.", .id))]
    NoSuchSnapshot {
        /// The snapshot.
        id: SnapshotId,
    },
    /// No such file or folder in the snapshot.
    #[error("{}", tr!("\"{}\" is not in this backup.", .path))]
    NoSuchPath {
        /// The path inside the snapshot.
        path: String,
    },
    /// A folder, link or special file where a file is needed.
    #[error("{}", tr!("\"{}\" is not a file and cannot be downloaded as one.", .path))]
    NotAFile {
        /// The path inside the snapshot.
        path: String,
    },
    /// A file where a folder is needed.
    #[error("{}", tr!("\"{}\" is not a folder.", .path))]
    NotAFolder {
        /// The path inside the snapshot.
        path: String,
    },
    /// An include or exclude pattern that cannot be understood.
    #[error("{}", tr!("The pattern \"{}\" is not valid: {}.", .pattern, .detail))]
    InvalidPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The source directory is gone or closed to us.
    #[error(
        "{}",
        tr!("The source directory cannot be read: {}. Check that it exists and that the server's user has access.", .0)
    )]
    Source(#[source] io::Error),
    /// The restore's target directory cannot be made or written.
    #[error(
        "{}",
        tr!(
            "The target directory cannot be written: {}. Check that there is space and that the server's user has access.",
            .0
        )
    )]
    Target(#[source] io::Error),
    /// There is less room than the restore takes. Nothing was written.
    #[error(
        "{}",
        tr!(
            "The restore takes {}, and the file system of \"{}\" has room for {}. Make room there, choose another directory, or restore less.",
            shown(*.needed),
            .path.display(),
            shown(*.available)
        )
    )]
    NoSpace {
        /// The target directory.
        path: PathBuf,
        /// Bytes that would be written, without holes and without what is there already.
        needed: u64,
        /// Bytes that are free.
        available: u64,
    },
    /// The database, or PostgreSQL's programs, failed.
    #[error(transparent)]
    Database(#[from] PostgresError),
    /// A backup without the dump of a database.
    #[error("{}", tr!("This backup holds no dump of a database."))]
    NoDump,
    /// Somebody cancelled the run.
    #[error("{}", tr!("The run was cancelled."))]
    Cancelled,
    /// A fault in this program or in the repository library.
    #[error("{}", tr!("The repository could not be used: {}.", .detail))]
    Internal {
        /// The library's message.
        detail: String,
    },
}

fn shown(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

impl From<DamagedFile> for RepositoryError {
    fn from(file: DamagedFile) -> Self {
        Self::OpeningFile { file }
    }
}

impl RepositoryError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_transient(),
            Self::Database(error) => error.is_transient(),
            _ => false,
        }
    }
}
