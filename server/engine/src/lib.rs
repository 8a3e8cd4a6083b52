//! S3 and repositories: everything Holdfast does with a bucket, and nothing else.
//!
//! Backups are written in the [restic repository format](https://github.com/restic/restic/blob/master/doc/design.rst),
//! version 2, so that they can be read without Holdfast. The crate knows no database and no people.

// `tr!`, around all that people read.
#[macro_use]
extern crate tr;

mod network;
mod postgres;
mod progress;
mod repository;
mod s3;
mod secret;
mod source;
mod time;
mod translation;

pub use self::{
    network::{NetworkPolicy, ResolveError},
    postgres::{
        DatabaseTarget, PatternMatches, PostgresDatabase, PostgresError, PostgresTools, SslMode, Tool, Version,
    },
    progress::Progress,
    repository::{
        ArchiveFormat, Damage, DamagedFile, DamagedKind, DatabaseDump, DatabaseRestore, Entry, EntryKind, FileDownload,
        FileStream, FileTotals, FolderDownload, Grown, InvalidOpeningFiles, InvalidSnapshotId, Listing, OnConflict,
        Opened, OpeningFiles, Part, Permit, Property, PruneReport, PruneRequest, Remarks, RemoveRequest, RepairReport,
        RepairRequest, Repository, RepositoryConfig, RepositoryError, RestoreReport, RestoreRequest, RestoreWarning,
        SnapshotId, SnapshotInfo, SnapshotReport, SnapshotRequest, SnapshotSource, Unreadable, Unset, VerifyReport,
        prefixes_collide,
    },
    s3::{
        Addressing, BucketMade, CaCertificate, CertificateFault, Encryption, EndpointFault, InvalidCaCertificate,
        KeyCheck, LONGEST_OUTAGE, LifecycleEffect, ObjectOption, ObjectOptions, S3, S3Access, S3Counts, S3Error,
        Unreachable, Versioning, WrongKey,
    },
    secret::Secret,
    source::{
        DirectoryMatches, DirectorySource, Folders, Held, Owners, Patterns, RestoreTarget, SourceError, SourceOptions,
        SourceRoots,
    },
    time::{boot_time, heard_time},
};

/// Sets who translates the messages of this crate; until then they are English.
pub fn set_translator(translator: impl tr::Translator + 'static) {
    tr::set_translator!(translator);
}
