//! The files without which nothing opens a repository: its configuration and its key files (restic's design document,
//! <https://github.com/restic/restic/blob/master/doc/design.rst>, "Config" and "Keys, Encryption and MAC").
//!
//! An open repository goes on without them, for it has the master key and the configuration in memory. Backups that it
//! then wrote would be lost with the process. So every run that changes something looks whether they are still in the
//! bucket, a verification names them where they are not, and a repair writes them back.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use rustic_core::{
    FileType, Id,
    repofile::{ConfigFile, MasterKey},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Damage, DamagedFile, DamagedKind, Inner, RepositoryConfig, RepositoryError, Result,
    blocking::blocking,
    fault::Fault,
    key::{self, Unopened},
    location::Location,
    open,
    seal::{Sealer, hash},
    storage::Storage,
};
use crate::{S3Error, Secret};

/// Keys that are tried. Each one takes a tenth of a second.
const MOST_KEYS: usize = 64;
/// Files that are tried to learn whose a repository is.
const SAMPLES: usize = 4;

/// A copy of a repository's configuration and key files. With it and the password, a repository opens that has lost them.
/// Both are encrypted: nobody opens anything with the copy alone.
#[derive(Clone, PartialEq, Eq)]
pub struct OpeningFiles {
    config: Bytes,
    keys: Vec<Bytes>,
}

/// Bytes that are no copy of a repository's configuration and key files.
#[derive(Debug, Error)]
#[error("{}", tr!("The copy of the repository's configuration and keys cannot be read."))]
pub struct InvalidOpeningFiles;

/// As it is stored, in base64.
#[derive(Serialize, Deserialize)]
struct Stored {
    config: String,
    keys: Vec<String>,
}

impl OpeningFiles {
    /// For storing: some 1 KiB of JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let keys = self.keys.iter().map(|key| BASE64_STANDARD.encode(key)).collect();
        let stored = Stored { config: BASE64_STANDARD.encode(&self.config), keys };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// From what [`Self::to_bytes`] gave.
    pub fn from_bytes(stored: &[u8]) -> std::result::Result<Self, InvalidOpeningFiles> {
        let Stored { config, keys } = serde_json::from_slice(stored).map_err(|_| InvalidOpeningFiles)?;
        let decoded = |text: String| BASE64_STANDARD.decode(text).map(Bytes::from).map_err(|_| InvalidOpeningFiles);
        Ok(Self {
            config: decoded(config)?,
            keys: keys.into_iter().map(decoded).collect::<std::result::Result<_, _>>()?,
        })
    }

    /// Opens the copy itself; none where it is another password's or does not fit together.
    async fn unlock(&self, password: &Secret) -> Result<Option<Unlocked>> {
        for file in self.keys.iter().take(MOST_KEYS) {
            if let Ok(master) = try_key(file.clone(), password.clone()).await?
                && is_config(&self.config, &master)?
            {
                let opening = Opening { config: self.config.clone(), key: file.clone() };
                return Ok(Some(Unlocked { master, opening }));
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for OpeningFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpeningFiles({} keys)", self.keys.len())
    }
}

/// The files that have opened a repository, as they were.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) config: Bytes,
    /// The key file that the password opened.
    key: Bytes,
}

/// A repository that the password has opened.
pub(super) struct Unlocked {
    pub(super) master: MasterKey,
    pub(super) opening: Opening,
}

/// Opens the repository at `location` with its password.
pub(super) async fn unlock(location: &Location, config: &RepositoryConfig) -> Result<Unlocked> {
    if location.list(FileType::Config).await?.is_empty() {
        return Err(open::not_found(config));
    }
    let content = match judged(location.get(FileType::Config, &Id::default()).await, |_| Ok(true))? {
        Ok(content) => content,
        Err(damage) => return Err(DamagedFile::config(damage).into()),
    };
    let (master, key) = find_key(location, &config.password, &content).await?;
    Ok(Unlocked { master, opening: Opening { config: content, key } })
}

/// As [`unlock`]; where the bucket has lost what opens the repository, `copy` opens it instead, provided that what is
/// stored there was written with its key.
pub(super) async fn unlock_with_copy(
    location: &Location,
    config: &RepositoryConfig,
    copy: &OpeningFiles,
) -> Result<Unlocked> {
    let error = match unlock(location, config).await {
        Err(
            error @ (RepositoryError::NotFound { .. }
            | RepositoryError::Damaged { .. }
            | RepositoryError::OpeningFile { .. }
            | RepositoryError::WrongPassword),
        ) => error,
        unlocked => return unlocked,
    };
    let Some(unlocked) = copy.unlock(&config.password).await? else { return Err(error) };
    match written_with(location, &unlocked.master).await? {
        Author::ThisKey => Ok(unlocked),
        Author::Nobody | Author::AnotherKey => Err(error),
    }
}

/// The master key of `config`, and the key file in which the password opens it.
async fn find_key(location: &Location, password: &Secret, config: &[u8]) -> Result<(MasterKey, Bytes)> {
    let keys = location.list(FileType::Key).await?;
    if keys.is_empty() {
        return Err(RepositoryError::Damaged { detail: tr!("it has no key") });
    }
    if keys.len() > MOST_KEYS {
        return Err(RepositoryError::Damaged { detail: tr!("it has more than {} keys", MOST_KEYS) });
    }
    let mut failure = RepositoryError::WrongPassword;
    // The first that the password opens need not be the one: an interrupted creation, and one that lost against another
    // process and has not tidied up yet, leave keys with our password that open nothing.
    for (id, _) in keys {
        let content = match location.get(FileType::Key, &id).await {
            Ok(content) => content,
            // Tidied up meanwhile.
            Err(S3Error::NoSuchObject { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        match try_key(content.clone(), password.clone()).await? {
            Ok(master) if is_config(config, &master)? => return Ok((master, content)),
            Ok(_) => failure = DamagedFile::config(Damage::Content).into(),
            Err(Unopened::WrongPassword) => {}
            Err(Unopened::Unusable(_)) if matches!(failure, RepositoryError::OpeningFile { .. }) => {}
            Err(Unopened::Unusable(what)) => {
                failure = RepositoryError::Damaged { detail: tr!(what, id.to_hex().as_str()) };
            }
        }
    }
    Err(failure)
}

async fn try_key(file: Bytes, password: Secret) -> Result<std::result::Result<MasterKey, Unopened>> {
    blocking(move || Ok(key::open(&file, &password))).await
}

/// Whether `content` is a configuration that the key opens.
fn is_config(content: &[u8], master: &MasterKey) -> Result<bool> {
    let mut opened = Vec::new();
    let genuine = Sealer::new(master)?.open(content, &mut opened).is_ok();
    Ok(genuine && serde_json::from_slice::<ConfigFile>(&opened).is_ok())
}

/// What was read, or what is wrong with it.
fn judged(
    read: std::result::Result<Bytes, S3Error>,
    is_sound: impl FnOnce(&Bytes) -> Result<bool>,
) -> Result<std::result::Result<Bytes, Damage>> {
    match read {
        Ok(content) if is_sound(&content)? => Ok(Ok(content)),
        Ok(_) => Ok(Err(Damage::Content)),
        Err(S3Error::NoSuchObject { .. }) => Ok(Err(Damage::Missing)),
        Err(S3Error::WrongAnswer { .. }) => Ok(Err(Damage::Size)),
        Err(error) => Err(error.into()),
    }
}

/// With which key the indexes and snapshots in a place were written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    ThisKey,
    AnotherKey,
    /// There are none.
    Nobody,
}

async fn written_with(location: &Location, master: &MasterKey) -> Result<Author> {
    let (sealer, mut author, mut opened) = (Sealer::new(master)?, Author::Nobody, Vec::new());
    for kind in [FileType::Index, FileType::Snapshot] {
        for (id, _) in location.list(kind).await?.into_iter().take(SAMPLES) {
            match location.get(kind, &id).await {
                Ok(content) if sealer.open(&content, &mut opened).is_ok() => return Ok(Author::ThisKey),
                Ok(_) => author = Author::AnotherKey,
                Err(S3Error::NoSuchObject { .. } | S3Error::WrongAnswer { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(author)
}

/// Refuses to go on where a file is missing or damaged without which the repository cannot be opened again.
pub(super) async fn check(repository: &Inner) -> Result<()> {
    damaged(repository).await?.into_iter().next().map_or(Ok(()), |file| Err(file.into()))
}

/// [`check`] for a run. Blocks.
pub(super) fn check_in(storage: &Storage, repository: &Inner) -> Result<()> {
    storage.wait_for(check(repository))
}

/// What is missing or damaged, of the files that have opened the repository.
async fn damaged(repository: &Inner) -> Result<Vec<DamagedFile>> {
    let Inner { location, opening, key: master, .. } = repository;
    let mut damaged = Vec::new();
    let config = location.get(FileType::Config, &Id::default()).await;
    if let Err(damage) = judged(config, |content| is_config(content, master))? {
        damaged.push(DamagedFile::config(damage));
    }
    let id = hash(&opening.key);
    match judged(location.get(FileType::Key, &id).await, |content| Ok(hash(content) == id))? {
        Err(Damage::Missing) if another_key_opens(repository).await? => {}
        Err(damage) => damaged.push(DamagedFile::new(DamagedKind::Key, &id, damage)),
        Ok(_) => {}
    }
    Ok(damaged)
}

/// Whether the password opens another key file, as when somebody has made a new one and removed the old one.
async fn another_key_opens(repository: &Inner) -> Result<bool> {
    let Inner { location, config, opening, .. } = repository;
    match find_key(location, &config.password, &opening.config).await {
        Ok(_) => Ok(true),
        Err(RepositoryError::WrongPassword | RepositoryError::Damaged { .. } | RepositoryError::OpeningFile { .. }) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What is missing or damaged, of all configuration and key files: restic gives up at a damaged key, whosever it is.
pub(super) async fn all_damaged(repository: &Inner) -> Result<Vec<DamagedFile>> {
    let mut damaged = damaged(repository).await?;
    let (location, own) = (&repository.location, hash(&repository.opening.key));
    let others = location.list(FileType::Key).await?.into_iter().map(|(id, _)| id).filter(|id| *id != own);
    for id in others.take(MOST_KEYS) {
        match judged(location.get(FileType::Key, &id).await, |content| Ok(hash(content) == id))? {
            // Removed meanwhile.
            Ok(_) | Err(Damage::Missing) => {}
            Err(damage) => damaged.push(DamagedFile::new(DamagedKind::Key, &id, damage)),
        }
    }
    Ok(damaged)
}

/// A copy of what is in the bucket now, of intact files alone.
pub(super) async fn copy(repository: &Inner) -> Result<OpeningFiles> {
    check(repository).await?;
    let (location, own) = (&repository.location, &repository.opening.key);
    let config = location.get(FileType::Config, &Id::default()).await?;
    let mut keys = vec![own.clone()];
    let others = location.list(FileType::Key).await?.into_iter().filter(|(id, _)| *id != hash(own));
    for (id, _) in others.take(MOST_KEYS - 1) {
        if let Ok(content) = judged(location.get(FileType::Key, &id).await, |content| Ok(hash(content) == id))? {
            keys.push(content);
        }
    }
    Ok(OpeningFiles { config, keys })
}

/// Writes back what is missing or damaged, and removes damaged keys of others, which nobody can mend. Returns how many
/// files there were. Blocks.
pub(super) fn write_back(storage: &Storage, repository: &Inner) -> Result<u64> {
    let damaged = storage.wait_for(all_damaged(repository))?;
    if damaged.is_empty() {
        return Ok(0);
    }
    let author = storage.wait_for(written_with(&repository.location, &repository.key))?;
    if author == Author::AnotherKey {
        let detail = tr!("its place holds files that were written with another key");
        return Err(RepositoryError::Damaged { detail });
    }
    for file in &damaged {
        storage.may_change().map_err(RepositoryError::from)?;
        storage.wait_for(mend(repository, file, author))?;
    }
    Ok(damaged.len() as u64)
}

async fn mend(repository: &Inner, file: &DamagedFile, author: Author) -> Result<()> {
    let Inner { location, opening, .. } = repository;
    match (file.kind, file.damage, file.id()) {
        (DamagedKind::Config, Damage::Missing, _) => {
            let created = location.create_config(opening.config.clone()).await?;
            if created { Ok(()) } else { Err(Fault::AlreadyCreated.into()) }
        }
        // Without a file that our key opens, it may be the config of another repository.
        (DamagedKind::Config, ..) if author == Author::ThisKey => {
            Ok(location.replace_config(opening.config.clone()).await?)
        }
        (DamagedKind::Key, _, Some(id)) if id == hash(&opening.key) => {
            Ok(location.put(FileType::Key, &id, opening.key.clone()).await?)
        }
        // Its name may be all that is wrong with it, and it the only one that opens: ours comes first.
        (DamagedKind::Key, _, Some(id)) => {
            location.put(FileType::Key, &hash(&opening.key), opening.key.clone()).await?;
            Ok(location.delete(FileType::Key, &id).await?)
        }
        _ => Err(file.clone().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, OpeningFiles};

    #[test]
    fn a_copy_is_stored_and_read_again() {
        let copy = OpeningFiles {
            config: Bytes::from_static(&[0, 255, 7]),
            keys: vec![Bytes::from_static(b"{}"), Bytes::from_static(&[1; 500])],
        };
        assert_eq!(OpeningFiles::from_bytes(&copy.to_bytes()).unwrap(), copy);
        for bad in ["", "{}", r#"{"config":"*","keys":[]}"#] {
            OpeningFiles::from_bytes(bad.as_bytes()).unwrap_err();
        }
    }
}
