//! Secrets at rest: sealed under the master key, each to its place.

use std::{
    io,
    path::{Path, PathBuf},
    sync::RwLock,
};

use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};
use engine::Secret;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use self::key_file::{KEY_BYTES, MasterKey};

mod key_file;

const NONCE_BYTES: usize = 24;

/// What a sealed text is for. Each purpose has a key of its own, and a column where its texts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    S3SecretKey,
    RepositoryPassword,
    /// A source's connection URL, which holds its password.
    SourceUrl,
    /// Where a channel's messages go, which may hold a token.
    ChannelUrl,
    /// What signs a channel's messages, or opens its topic.
    ChannelSecret,
    /// A policy's Ping URL.
    PingUrl,
    /// What a person's app makes its codes from.
    SecondFactor,
    /// Recovery codes, as long as they are shown and do not count.
    FreshRecoveryCodes,
}

impl Purpose {
    pub const ALL: [Self; 8] = [
        Self::S3SecretKey,
        Self::RepositoryPassword,
        Self::SourceUrl,
        Self::ChannelUrl,
        Self::ChannelSecret,
        Self::PingUrl,
        Self::SecondFactor,
        Self::FreshRecoveryCodes,
    ];

    const fn info(self) -> &'static [u8] {
        match self {
            Self::S3SecretKey => b"holdfast s3 secret key v1",
            Self::RepositoryPassword => b"holdfast repository password v1",
            Self::SourceUrl => b"holdfast source url v1",
            Self::ChannelUrl => b"holdfast channel url v1",
            Self::ChannelSecret => b"holdfast channel secret v1",
            Self::PingUrl => b"holdfast ping url v1",
            Self::SecondFactor => b"holdfast second factor v1",
            Self::FreshRecoveryCodes => b"holdfast fresh recovery codes v1",
        }
    }

    /// Table and column of its sealed texts. The table's key is `id`, and seals the text to its row.
    pub const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::S3SecretKey => ("backup_credential", "secret_key_sealed"),
            Self::RepositoryPassword => ("repository", "password_sealed"),
            Self::SourceUrl => ("project", "source_url_sealed"),
            Self::ChannelUrl => ("notification_channel", "url_sealed"),
            Self::ChannelSecret => ("notification_channel", "secret_sealed"),
            Self::PingUrl => ("policy", "ping_url_sealed"),
            Self::SecondFactor => ("second_factor", "secret_sealed"),
            Self::FreshRecoveryCodes => ("second_factor", "fresh_codes_sealed"),
        }
    }
}

/// Seals and opens secrets, while the master key may be changed by another process.
pub struct Vault {
    file: PathBuf,
    keys: RwLock<Keys>,
}

struct Keys {
    /// Those in the file when it was read last, newest first.
    current: Vec<MasterKey>,
    /// Those that were in the file before. A secret that was read from the database before the key was changed is still
    /// sealed under one of them.
    former: Vec<MasterKey>,
}

impl Keys {
    fn replace(&mut self, keys: Vec<MasterKey>) {
        let before = std::mem::replace(&mut self.current, keys);
        let gone = before.into_iter().filter(|key| !self.current.contains(key) && !self.former.contains(key));
        self.former.extend(gone.collect::<Vec<_>>());
    }
}

/// Why the master key cannot be used, or a secret not be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("The master key file {path} cannot be read: {source}. Check HOLDFAST_MASTER_KEY_FILE and the file's mode")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "The master key file {path} is missing, and the database holds secrets that are sealed under it. Restore it from your copy, or check HOLDFAST_MASTER_KEY_FILE"
    )]
    Missing { path: PathBuf },
    #[error("The master key file {path} cannot be written: {source}. Check that its folder exists and can be written")]
    Make { path: PathBuf, source: io::Error },
    #[error("The master key file {path} may be read by others (mode {mode:o}). Take it from them: chmod 0600 {path}")]
    Open { path: PathBuf, mode: u32 },
    #[error("The master key file {path} does not hold 32 bytes in base64. Restore it from your copy")]
    Malformed { path: PathBuf },
    #[error(
        "The master key in {path} is not the one that the secrets in the database are sealed under. Restore it from your copy, or check HOLDFAST_MASTER_KEY_FILE and HOLDFAST_DATABASE_URL"
    )]
    WrongKey { path: PathBuf },
    #[error("A secret in the database cannot be opened. The master key is not the one it was sealed with")]
    Sealed,
}

impl Vault {
    /// Reads the master key; makes it, with mode 0600, where there is none and `create` is set.
    pub fn open(path: &Path, create: bool) -> Result<Self, VaultError> {
        if create && !path.exists() {
            key_file::make(path)?;
        }
        let current = key_file::read(path)?;
        Ok(Self { file: path.to_owned(), keys: RwLock::new(Keys { current, former: Vec::new() }) })
    }

    /// Seals `secret` for the row `row`: nonce, then ciphertext.
    ///
    /// The key is read anew: once another process has put a newer one into the file, nothing is sealed under an older.
    pub fn seal(&self, purpose: Purpose, row: i64, secret: &str) -> Result<Vec<u8>, VaultError> {
        self.read_again()?;
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: secret.as_bytes(), aad: &row.to_be_bytes() };
        let newest = self.with_keys(|keys| keys.current.first().map(|key| cipher(key, purpose)));
        let sealed = newest.and_then(|cipher| cipher.encrypt(&nonce, payload).ok()).ok_or(VaultError::Sealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the same purpose and row; a text moved from another row does not open.
    pub fn open_sealed(&self, purpose: Purpose, row: i64, sealed: &[u8]) -> Result<Secret, VaultError> {
        if let Some(secret) = self.open_current(purpose, row, sealed)? {
            return Ok(secret);
        }
        let former = self.with_keys(|keys| keys.former.iter().find_map(|key| open_with(key, purpose, row, sealed)));
        former.ok_or(VaultError::Sealed)
    }

    /// Whether one of the keys that are in the file opens it.
    ///
    /// # Errors
    /// Fails where the file cannot be read.
    pub fn is_current(&self, purpose: Purpose, row: i64, sealed: &[u8]) -> Result<bool, VaultError> {
        Ok(self.open_current(purpose, row, sealed)?.is_some())
    }

    fn open_current(&self, purpose: Purpose, row: i64, sealed: &[u8]) -> Result<Option<Secret>, VaultError> {
        let try_all =
            || self.with_keys(|keys| keys.current.iter().find_map(|key| open_with(key, purpose, row, sealed)));
        if let Some(secret) = try_all() {
            return Ok(Some(secret));
        }
        // It may be sealed under a key that came into the file since.
        self.read_again()?;
        Ok(try_all())
    }

    /// Whether it is sealed under the newest key.
    pub fn is_newest(&self, purpose: Purpose, row: i64, sealed: &[u8]) -> bool {
        self.with_keys(|keys| keys.current.first().is_some_and(|key| open_with(key, purpose, row, sealed).is_some()))
    }

    /// Puts a new key before the one in the file; where there are several already, an earlier change goes on.
    pub fn add_key(&self) -> Result<(), VaultError> {
        let mut keys = key_file::read(&self.file)?;
        if keys.len() == 1 {
            keys.insert(0, key_file::new_key());
            key_file::write(&self.file, &keys)?;
        }
        self.read_again()
    }

    /// Takes all but the newest key out of the file, and answers where they are kept.
    pub fn retire_keys(&self) -> Result<PathBuf, VaultError> {
        let keys = key_file::read(&self.file)?;
        let retired = key_file::retire(&self.file, &keys[1..])?;
        key_file::write(&self.file, &keys[..1])?;
        Ok(retired)
    }

    fn read_again(&self) -> Result<(), VaultError> {
        // Read under the lock: of two that read at once, the one that read first must not be the last to store.
        let mut keys = self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        keys.replace(key_file::read(&self.file)?);
        Ok(())
    }

    fn with_keys<T>(&self, use_them: impl FnOnce(&Keys) -> T) -> T {
        use_them(&self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

fn open_with(key: &MasterKey, purpose: Purpose, row: i64, sealed: &[u8]) -> Option<Secret> {
    let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
    let payload = Payload { msg: text, aad: &row.to_be_bytes() };
    let plain = cipher(key, purpose).decrypt(XNonce::from_slice(nonce), payload).ok()?;
    String::from_utf8(plain).ok().map(Secret::new)
}

fn cipher(master: &MasterKey, purpose: Purpose) -> XChaCha20Poly1305 {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    // HKDF-SHA256 gives up to 255 × 32 bytes; 32 always fit.
    let _ = Hkdf::<Sha256>::new(None, master.as_slice()).expand(purpose.info(), key.as_mut_slice());
    XChaCha20Poly1305::new(key.as_slice().into())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_made_key_is_readable_by_its_owner_alone_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let sealed = Vault::open(&path, true).unwrap().seal(Purpose::S3SecretKey, 1, "s3cret").unwrap();
        assert_eq!(mode(&path), 0o600);
        let again = Vault::open(&path, true).unwrap();
        assert_eq!(again.open_sealed(Purpose::S3SecretKey, 1, &sealed).unwrap().expose(), "s3cret");
    }

    #[test]
    fn a_secret_opens_only_at_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("master.key"), true).unwrap();
        let sealed = vault.seal(Purpose::S3SecretKey, 1, "s3cret").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"s3cret"));
        assert!(vault.open_sealed(Purpose::S3SecretKey, 2, &sealed).is_err());
        assert!(vault.open_sealed(Purpose::RepositoryPassword, 1, &sealed).is_err());
        assert!(vault.open_sealed(Purpose::S3SecretKey, 1, &sealed[..10]).is_err());
    }

    #[test]
    fn while_the_key_changes_old_and_new_texts_open_in_every_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let server = Vault::open(&path, true).unwrap();
        let old = server.seal(Purpose::S3SecretKey, 1, "old").unwrap();
        let command = Vault::open(&path, false).unwrap();
        command.add_key().unwrap();
        command.add_key().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2, "a change that goes on makes no further key");
        assert!(!command.is_newest(Purpose::S3SecretKey, 1, &old));

        let new = server.seal(Purpose::S3SecretKey, 2, "new").unwrap();
        assert!(command.is_newest(Purpose::S3SecretKey, 2, &new), "the server seals under the new key at once");
        let earlier = Vault::open(&path, false).unwrap();
        let retired = command.retire_keys().unwrap();
        for (row, sealed, secret) in [(1, &old, "old"), (2, &new, "new")] {
            assert_eq!(earlier.open_sealed(Purpose::S3SecretKey, row, sealed).unwrap().expose(), secret);
        }
        let later = Vault::open(&path, false).unwrap();
        assert!(later.open_sealed(Purpose::S3SecretKey, 1, &old).is_err());
        assert_eq!((mode(&path), mode(&retired)), (0o600, 0o600));
        let retired = Vault::open(&retired, false).unwrap();
        assert_eq!(retired.open_sealed(Purpose::S3SecretKey, 1, &old).unwrap().expose(), "old");
    }

    #[test]
    fn what_was_read_before_the_key_was_changed_opens_until_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let server = Vault::open(&path, true).unwrap();
        let read_before = server.seal(Purpose::S3SecretKey, 1, "s3cret").unwrap();
        for _ in 0..2 {
            let command = Vault::open(&path, false).unwrap();
            command.add_key().unwrap();
            server.seal(Purpose::S3SecretKey, 2, "another").unwrap();
            command.retire_keys().unwrap();
            server.seal(Purpose::S3SecretKey, 2, "another").unwrap();
        }
        assert_eq!(server.open_sealed(Purpose::S3SecretKey, 1, &read_before).unwrap().expose(), "s3cret");
        assert!(!server.is_current(Purpose::S3SecretKey, 1, &read_before).unwrap());
        let started = Vault::open(&path, false).unwrap();
        assert!(started.open_sealed(Purpose::S3SecretKey, 1, &read_before).is_err());
    }

    #[test]
    fn a_missing_or_damaged_key_is_told_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(matches!(Vault::open(&path, false), Err(VaultError::Read { .. })));
        for damaged in ["short", "", "\n\n", "AAAA\n"] {
            fs::write(&path, damaged).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Vault::open(&path, true), Err(VaultError::Malformed { .. })), "{damaged:?}");
        }
    }
}
