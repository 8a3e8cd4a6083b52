//! Opening and making a repository.

use std::{path::Path, sync::Arc};

use bytesize::ByteSize;
use rustic_core::{
    ConfigOptions, Credentials, FileType, Id, KeyOptions, NoProgressBars, OpenStatus, ProgressBars, RepositoryBackends,
    RepositoryOptions, repofile::MasterKey,
};
use tokio_util::sync::CancellationToken;

use super::{
    Opened, RepositoryConfig, RepositoryError, Result,
    blocking::blocking,
    fault::{Fault, fault, repository_error},
    key::key_file,
    location::Location,
    opening::{Unlocked, unlock},
    storage::Storage,
};
use crate::S3;

pub(super) type Library<S> = rustic_core::Repository<S>;

/// Packs of data and of trees. Fixed, so that memory does not grow with the repository.
const DATA_PACK: ByteSize = ByteSize::mib(8);
const TREE_PACK: ByteSize = ByteSize::mib(4);

pub(super) fn location(config: &RepositoryConfig) -> Location {
    let s3 = S3::connect(&config.access, &config.network);
    Location::new(s3, config.bucket.clone(), &config.prefix, config.options.clone())
}

/// Makes a repository. When another process makes one at the same moment, theirs counts.
pub(super) async fn create(location: &Location, config: &RepositoryConfig) -> Result<(Unlocked, Opened)> {
    if let Some(prefix) = location.enclosing().await? {
        return Err(RepositoryError::Enclosed { prefix });
    }
    for kind in [FileType::Snapshot, FileType::Index, FileType::Pack] {
        if !location.list(kind).await?.is_empty() {
            return Err(RepositoryError::Damaged { detail: tr!("its file \"config\" is missing") });
        }
    }
    let left_behind = location.list(FileType::Key).await?;
    let storage = Arc::new(Storage::new(location.clone(), CancellationToken::new()));
    let written = storage.clone();
    let password = config.password.clone();
    let made = blocking(move || {
        let master = MasterKey::new();
        // Before the config: what looks like a repository can be opened.
        storage.write_key(key_file(&master, &password)?.into())?;
        let repository = library(storage, None)?;
        match repository.init(&Credentials::Masterkey(master), &KeyOptions::default(), &config_options()) {
            Ok(_) => Ok(true),
            Err(error) if matches!(fault(&error), Some(Fault::AlreadyCreated)) => Ok(false),
            Err(error) => Err(repository_error(&error)),
        }
    })
    .await;
    let made = match made {
        // The library has looked itself, and found the other process's.
        Err(RepositoryError::Internal { .. }) if !location.list(FileType::Config).await?.is_empty() => false,
        made => made?,
    };
    // A key that opens nothing would make the restic command fail.
    let useless: Vec<Id> = if made {
        left_behind.into_iter().map(|(key, _)| key).collect()
    } else {
        written.written_keys.lock().map(|keys| keys.clone()).unwrap_or_default()
    };
    for key in useless {
        location.delete(FileType::Key, &key).await?;
    }
    // Read again, also where it is our own: what cannot be opened is none.
    let unlocked = unlock(location, config).await?;
    Ok((unlocked, if made { Opened::Created } else { Opened::Existing }))
}

/// The opened repository for one run, without asking for the password again.
pub(super) fn open(storage: Arc<Storage>, key: &MasterKey, cache: Option<&Path>) -> Result<Library<OpenStatus>> {
    open_watched(storage, key, cache, NoProgressBars {})
}

/// As [`open`], with the library's progress.
pub(super) fn open_watched(
    storage: Arc<Storage>,
    key: &MasterKey,
    cache: Option<&Path>,
    progress: impl ProgressBars,
) -> Result<Library<OpenStatus>> {
    let opened = watched_library(storage, cache, progress)?.open(&Credentials::Masterkey(key.clone()));
    opened.map_err(|error| repository_error(&error))
}

pub(super) fn not_found(config: &RepositoryConfig) -> RepositoryError {
    RepositoryError::NotFound { bucket: config.bucket.clone(), prefix: config.prefix.clone() }
}

fn library(storage: Arc<Storage>, cache: Option<&Path>) -> Result<Library<()>> {
    watched_library(storage, cache, NoProgressBars {})
}

fn watched_library(storage: Arc<Storage>, cache: Option<&Path>, progress: impl ProgressBars) -> Result<Library<()>> {
    if let Some(folder) = cache {
        storage.keep_copies(folder);
    }
    let mut options = RepositoryOptions::default();
    // Its own cache knows no bound, and believes what it finds.
    options.no_cache = true;
    let backends = RepositoryBackends::new(storage, None);
    Library::new_with_progress(&options, &backends, progress).map_err(|error| repository_error(&error))
}

fn config_options() -> ConfigOptions {
    ConfigOptions::default()
        .set_version(2)
        .set_datapack_size(DATA_PACK)
        .set_datapack_growfactor(0)
        .set_treepack_size(TREE_PACK)
        .set_treepack_growfactor(0)
}
