//! Secrets at rest: sealed under the master key, each to its place.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};
use engine::Secret;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// What a sealed text is for. Each purpose has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    S3SecretKey,
    RepositoryPassword,
    /// A source's connection URL, which holds its password.
    SourceUrl,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::S3SecretKey => b"holdfast s3 secret key v1",
            Self::RepositoryPassword => b"holdfast repository password v1",
            Self::SourceUrl => b"holdfast source url v1",
        }
    }
}

/// Seals and opens secrets.
pub struct Vault {
    master: Zeroizing<[u8; KEY_BYTES]>,
}

/// Why the master key cannot be used, or a secret not be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("The master key file {path} cannot be read: {source}. Check HOLDFAST_MASTER_KEY_FILE and the file's mode")]
    Read { path: PathBuf, source: io::Error },
    #[error("The master key file {path} cannot be made: {source}. Check that its folder exists and can be written")]
    Make { path: PathBuf, source: io::Error },
    #[error("The master key file {path} does not hold 32 bytes in base64. Restore it from your copy")]
    Malformed { path: PathBuf },
    #[error("A secret in the database cannot be opened. The master key is not the one it was sealed with")]
    Sealed,
}

impl Vault {
    /// Reads the master key; makes it, with mode 0600, where there is none and `create` is set.
    pub fn open(path: &Path, create: bool) -> Result<Self, VaultError> {
        if create && !path.exists() {
            make(path).map_err(|source| VaultError::Make { path: path.to_owned(), source })?;
        }
        let text = fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|source| VaultError::Read { path: path.to_owned(), source })?;
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
        let key = bytes.ok().and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok());
        let master = key.map(Zeroizing::new).ok_or_else(|| VaultError::Malformed { path: path.to_owned() })?;
        Ok(Self { master })
    }

    /// Seals `secret` for the row `row`: nonce, then ciphertext.
    pub fn seal(&self, purpose: Purpose, row: i64, secret: &str) -> Result<Vec<u8>, VaultError> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload { msg: secret.as_bytes(), aad: &row.to_be_bytes() };
        let sealed = self.cipher(purpose).encrypt(&nonce, payload).map_err(|_| VaultError::Sealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the same purpose and row; a text moved from another row does not open.
    pub fn open_sealed(&self, purpose: Purpose, row: i64, sealed: &[u8]) -> Result<Secret, VaultError> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(VaultError::Sealed)?;
        let payload = Payload { msg: text, aad: &row.to_be_bytes() };
        let plain = self.cipher(purpose).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| VaultError::Sealed)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| VaultError::Sealed)
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        // HKDF-SHA256 gives up to 255 × 32 bytes; 32 always fit.
        let _ = Hkdf::<Sha256>::new(None, self.master.as_slice()).expand(purpose.info(), key.as_mut_slice());
        XChaCha20Poly1305::new(key.as_slice().into())
    }
}

/// Writes a new key to the side and links it into place, so that no half key is ever found, and that of processes which
/// start at once all have the key of the first.
fn make(path: &Path) -> io::Result<()> {
    let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(rand::random());
    let side = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&side)?;
    writeln!(file, "{}", Zeroizing::new(STANDARD.encode(*key)).as_str())?;
    file.sync_all()?;
    let linked = match fs::hard_link(&side, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&side)?;
    linked
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_made_key_is_readable_by_its_owner_alone_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let sealed = Vault::open(&path, true).unwrap().seal(Purpose::S3SecretKey, 1, "s3cret").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
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
    fn a_missing_or_damaged_key_is_told_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert!(matches!(Vault::open(&path, false), Err(VaultError::Read { .. })));
        fs::write(&path, "short").unwrap();
        assert!(matches!(Vault::open(&path, true), Err(VaultError::Malformed { .. })));
    }
}
