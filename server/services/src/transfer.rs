//! Holdfast's own backup: all that is in the database in one file, and the way back into an empty database, of either
//! kind.
//!
//! The file is text, a line of JSON for each row, so that it can be read without Holdfast, and so that two exports have
//! most bytes in common and a backup of them stores little. Secrets stay sealed in it as they are; the master key is not
//! in it.

mod export;
mod file;
mod import;
mod tables;
mod value;

use std::{io, path::PathBuf};

use chrono::{DateTime, Utc};
use model::ids::{AccountId, OrganizationId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    audit::{self, Author, Deed, Subject},
    entity::{account, organization},
    vault::VaultError,
};

pub use self::{export::export, import::import};

/// What went into the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub rows: u64,
    pub bytes: u64,
}

/// What came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub rows: u64,
    /// The version of Holdfast that made the file, and when.
    pub version: String,
    pub made_at: DateTime<Utc>,
}

/// Why there is no export, or no import.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("{} cannot be read: {cause}", .file.display())]
    Read { file: PathBuf, cause: io::Error },
    #[error("{} cannot be written: {cause}. Check that its folder exists, can be written and has room", .file.display())]
    Write { file: PathBuf, cause: io::Error },
    #[error("{} is no export of Holdfast", .file.display())]
    Foreign { file: PathBuf },
    #[error("{} ends in the middle, so a part of it is missing. Take another copy of it", .file.display())]
    CutOff { file: PathBuf },
    #[error("{} was changed since it was made: its checksum does not match. Take another copy of it", .file.display())]
    Damaged { file: PathBuf },
    #[error(
        "{} was made by Holdfast {version}, whose database has a newer schema than this version's. Install Holdfast {version}, then import",
        .file.display()
    )]
    Newer { file: PathBuf, version: String },
    #[error(
        "{} was made by Holdfast {version}, whose database has an older schema than this version's. Import it with Holdfast {version}, then upgrade",
        .file.display()
    )]
    Older { file: PathBuf, version: String },
    #[error(
        "The database's schema is not this version's. Export with the version of Holdfast that uses it, or bring it up to date with: holdfast migrate"
    )]
    Schema,
    #[error(
        "There is nothing to export: the database has no account. Check HOLDFAST_DATABASE_URL and HOLDFAST_DATA_DIR"
    )]
    NoAccount,
    #[error(
        "The database has an account already, and an import goes only into an empty one. Set another HOLDFAST_DATABASE_URL or HOLDFAST_DATA_DIR"
    )]
    NotEmpty,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("The database failed: {0}. Check HOLDFAST_DATABASE_URL")]
    Database(#[from] DbErr),
}

/// Tells it in the audit log of each account, under its oldest organization.
async fn record(db: &impl ConnectionTrait, at: DateTime<Utc>, deed: Deed) -> Result<(), DbErr> {
    for account in account::Entity::find().all(db).await? {
        let first = organization::Entity::find()
            .filter(organization::Column::AccountId.eq(account.id))
            .order_by_asc(organization::Column::Id)
            .one(db)
            .await?;
        let Some(first) = first else { continue };
        let subject =
            Subject { kind: "account", id: account.id, name: &account.name, organization: OrganizationId(first.id) };
        let author = Author::operator(AccountId(account.id));
        audit::record(db, author, at, deed, subject, audit::no_changes()).await?;
    }
    Ok(())
}
