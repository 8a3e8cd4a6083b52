//! What goes into a repository's calls and what comes out.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::remarks::Remarks;
use crate::{
    DatabaseTarget, DirectorySource, NetworkPolicy, ObjectOptions, PostgresDatabase, PostgresTools, RestoreTarget,
    S3Access, Secret,
};

/// Where a repository is and how it is opened.
#[derive(Clone, Debug)]
pub struct RepositoryConfig {
    /// The S3 service and keys.
    pub access: S3Access,
    /// Which addresses may be dialled.
    pub network: NetworkPolicy,
    /// The bucket. It must exist.
    pub bucket: String,
    /// The repository's folder in the bucket; slashes at its ends do not matter. Empty: the bucket itself.
    pub prefix: String,
    /// How the service keeps what is written. The storage class is for packs of data: the rest is small and read often.
    pub options: ObjectOptions,
    /// How long a run waits for a service that is away: [`LONGEST_OUTAGE`](crate::LONGEST_OUTAGE) in most cases. What a
    /// person waits for, such as a look into a backup, fails sooner.
    pub longest_outage: Duration,
    /// The repository's password.
    pub password: Secret,
    /// Where copies of indexes and trees are kept between runs; none are when it is absent.
    pub cache_dir: Option<PathBuf>,
}

/// How [`Repository::open_or_create`](crate::Repository::open_or_create) found the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none; it is new and empty.
    Created,
    /// It was there and the password fits.
    Existing,
}

/// A snapshot's identity: the SHA-256 of its file, 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapshotId(String);

/// Text that is no snapshot's identity.
#[derive(Debug, Error)]
#[error("{}", tr!("A snapshot's id has 64 hexadecimal digits."))]
pub struct InvalidSnapshotId;

impl SnapshotId {
    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotId {
    type Err = InvalidSnapshotId;

    fn from_str(text: &str) -> Result<Self, InvalidSnapshotId> {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != 64 || !hexadecimal {
            return Err(InvalidSnapshotId);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl From<rustic_core::repofile::SnapshotId> for SnapshotId {
    fn from(id: rustic_core::repofile::SnapshotId) -> Self {
        Self(id.to_hex().as_str().into())
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to take a snapshot of.
#[derive(Clone, Debug)]
pub struct SnapshotRequest {
    /// What is backed up.
    pub source: SnapshotSource,
    /// A name for people.
    pub label: String,
    /// Words to find the snapshot by; a run recognises its own snapshot by its tag. Without commas.
    pub tags: Vec<String>,
    /// The host name recorded. Snapshots of the same host and directory build on each other.
    pub host: String,
    /// What to take: for a directory see [`Patterns`](crate::Patterns); for a database a table, `schema.table` or
    /// `schema.*`. Empty means everything.
    pub include: Vec<String>,
    /// What to leave out of it.
    pub exclude: Vec<String>,
    /// Whether the snapshot, and the indexes of what is in it, may still be written.
    pub permit: Permit,
}

/// Is asked right before an index or a snapshot is written and before a file is removed. A process that was paused may
/// have lost its right to it meanwhile; then the run ends with [`RepositoryError::Cancelled`](super::RepositoryError::Cancelled).
#[derive(Clone)]
pub struct Permit(Arc<dyn Fn() -> bool + Send + Sync>);

impl Permit {
    /// Is given as long as `given` says so.
    pub fn new(given: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(given))
    }

    pub(super) fn is_given(&self) -> bool {
        (self.0)()
    }
}

impl Default for Permit {
    /// Always given.
    fn default() -> Self {
        Self::new(|| true)
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// What is backed up.
#[derive(Clone, Debug)]
pub enum SnapshotSource {
    /// A directory. Paths in the snapshot are relative to it.
    Directory(DirectorySource),
    /// A database. The snapshot holds its dump, a file named after it, and beside it one with the database's properties
    /// that no dump restores into another database: `shop.dump`, which `pg_restore` reads, and `shop.json`.
    Database(DatabaseDump),
}

/// A database to dump.
#[derive(Clone, Debug)]
pub struct DatabaseDump {
    /// The database.
    pub database: PostgresDatabase,
    /// Where `pg_dump` is.
    pub tools: PostgresTools,
}

/// Which dump to restore, and where.
#[derive(Clone, Debug)]
pub struct DatabaseRestore {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The database that the dump is of. Its server and its role are used for the new one too.
    pub database: PostgresDatabase,
    /// Where to.
    pub target: DatabaseTarget,
    /// Where `pg_restore` is.
    pub tools: PostgresTools,
}

/// A snapshot that is safely in the repository.
#[derive(Clone, Debug)]
pub struct SnapshotReport {
    /// Its identity.
    pub snapshot: SnapshotId,
    /// Files, links and special files in it.
    pub files: u64,
    /// The sum of its files' sizes.
    pub bytes: u64,
    /// What it added to the repository, compressed and encrypted.
    pub added_bytes: u64,
    /// What is missing from it: files and folders, and extended attributes of files that are in it. Empty for a complete
    /// backup.
    pub unreadable: Vec<Unreadable>,
    /// Files that were changed while they were read, at most 10,000 of them. They are in the snapshot, cut to the size
    /// they had at the beginning.
    pub changed: Vec<String>,
    /// How many they are in all.
    pub changed_files: u64,
    /// Include patterns that matched nothing, as they were written; what is excluded is no match. The pattern `**` is
    /// never among them. Empty for a complete backup.
    pub unmatched: Vec<String>,
    /// The files that were left out because they are larger than the policy takes them.
    pub too_large: FileTotals,
    /// What was met and left out on purpose: Holdfast's own files, and what belongs to another organization. The backup
    /// is complete without it.
    pub left_out: Vec<Unreadable>,
    /// Patterns of Exclude that match nothing in the database. The backup is complete all the same.
    pub unmatched_exclude: Vec<String>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it was complete.
    pub finished: DateTime<Utc>,
}

/// How many files, and how many bytes they have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTotals {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A file or folder that is not in a snapshot, or not as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Its path relative to the source. Of one of more than 4096 bytes the middle is left out.
    pub path: String,
    /// Why, in a few words for people.
    pub cause: String,
}

/// A snapshot in the repository.
#[derive(Clone, Debug)]
pub struct SnapshotInfo {
    /// Its identity.
    pub id: SnapshotId,
    /// When its backup began.
    pub time: DateTime<Utc>,
    /// Its name.
    pub label: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its host name.
    pub host: String,
    /// Files in it, where that was recorded.
    pub files: Option<u64>,
    /// The sum of their sizes, where that was recorded.
    pub bytes: Option<u64>,
    /// What it added to the repository, where that was recorded.
    pub added_bytes: Option<u64>,
    /// What is missing from it and what else its backup found, where that was recorded.
    pub remarks: Remarks,
}

/// A file, folder or link in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name. A name that is no UTF-8 is written with restic's escapes (`\xe9`).
    pub name: String,
    /// Its path in the snapshot, names joined by `/`, without a leading one.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Bytes; 0 for everything but files.
    pub size: u64,
    /// Its last modification, where that was recorded.
    pub modified: Option<DateTime<Utc>>,
}

/// A part of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The entries that were asked for.
    pub entries: Vec<Entry>,
    /// How many the folder has.
    pub total: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink {
        /// Where it points, as it was written.
        target: String,
    },
    /// A socket, FIFO or device.
    Other,
}

/// What to restore, and where.
#[derive(Clone, Debug)]
pub struct RestoreRequest {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Paths in the snapshot; a folder stands for all that is in it. Empty: everything. What is
    /// restored keeps its path below the target.
    pub paths: Vec<String>,
    /// The directory to restore into, from
    /// [`SourceRoots::restore_target`](crate::SourceRoots::restore_target). Made where it is missing.
    pub target: RestoreTarget,
    /// What to do where something is in the way.
    pub on_conflict: OnConflict,
    /// Whether files that belong to root may get the bits back that lend root's rights to whoever starts them
    /// (set-user and set-group ID). Who can write to the bucket and knows the password can forge such files.
    pub lending_bits: bool,
}

/// What to do with a file that is already there. Folders are merged, whatever is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Keep what is there.
    Skip,
    /// Replace it. A folder is never replaced by a file.
    Overwrite,
    /// Keep what is there and put the restored one beside it, as `name (restored).ext`.
    KeepBoth,
}

/// A finished restore.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreReport {
    /// Files and links written.
    pub files: u64,
    /// The sum of their sizes.
    pub bytes: u64,
    /// What was there already and was kept.
    pub skipped: u64,
    /// What could not be restored as it was. Empty for a complete restore.
    pub warnings: Vec<RestoreWarning>,
    /// Errors that `pg_restore` has passed over, as it counts them. There are more than warnings where their list is cut.
    /// 0 for files.
    pub ignored_errors: u64,
    /// Properties that restored files could not be given, because the system forbids it or the file system has none such.
    /// By property and cause.
    pub unset: Vec<Unset>,
}

/// A property that some restored files could not be given, for one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unset {
    /// Which one.
    pub property: Property,
    /// Why, in a few words for people.
    pub cause: String,
    /// How many files, folders and links lack it.
    pub files: u64,
    /// The paths in the snapshot of the first ones, at most 10.
    pub examples: Vec<String>,
}

/// What a restored file is given beside its name, its content and its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Property {
    /// The user and the group that it belongs to.
    Owner,
    /// Its access control lists (`acl(5)`).
    AccessControlList,
    /// What it lends of root's rights to whoever starts it (`capabilities(7)`).
    Capabilities,
    /// Other extended attributes (`xattr(7)`).
    ExtendedAttributes,
    /// When it was modified, to the nanosecond.
    Times,
    /// That it is one file with others, under several names.
    HardLink,
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Owner => tr!("owner and group"),
            Self::AccessControlList => tr!("access control list"),
            Self::Capabilities => tr!("capabilities"),
            Self::ExtendedAttributes => tr!("extended attributes"),
            Self::Times => tr!("time of modification"),
            Self::HardLink => tr!("hard link"),
        })
    }
}

/// Something that could not be restored as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreWarning {
    /// Its path in the snapshot.
    pub path: String,
    /// What happened, in a few words for people.
    pub message: String,
}
