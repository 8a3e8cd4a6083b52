//! How a repository's files and blobs are encrypted: restic's design document
//! (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Keys, Encryption and MAC").

use aes256ctr_poly1305aes::{
    Aes256CtrPoly1305Aes, Key, Nonce,
    aead::{AeadInPlace, generic_array::GenericArray},
};
use rustic_core::{Id, repofile::MasterKey};
use sha2::{Digest, Sha256};

use super::{RepositoryError, Result};

const NONCE: usize = 16;
const TAG: usize = 16;
/// Bytes that what is sealed has more than its content.
pub(super) const OVERHEAD: u32 = 32;

/// Seals and opens with a repository's key.
pub(super) struct Sealer(Aes256CtrPoly1305Aes);

impl Sealer {
    pub(super) fn new(key: &MasterKey) -> Result<Self> {
        let whole = [key.encrypt.as_slice(), &key.mac.k, &key.mac.r].concat();
        let whole = whole.as_slice().try_into().map_err(|_| {
            let detail = tr!("the repository's key has another length than it should");
            RepositoryError::Internal { detail }
        })?;
        Ok(Self::from_bytes(whole))
    }

    /// 32 bytes for encryption, then 16 and 16 for authentication.
    pub(super) fn from_bytes(key: &[u8; 64]) -> Self {
        Self(Aes256CtrPoly1305Aes::new(Key::from_slice(key)))
    }

    /// Nonce, then ciphertext and its code.
    pub(super) fn seal(&self, content: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = rand::random();
        let mut sealed = Vec::with_capacity(NONCE + content.len() + TAG);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(content);
        let tag = self.0.encrypt_in_place_detached(&Nonce::from(nonce), b"", &mut sealed[NONCE..]);
        let tag = tag.map_err(|_| RepositoryError::Internal { detail: tr!("a piece could not be encrypted") })?;
        sealed.extend_from_slice(&tag);
        Ok(sealed)
    }

    /// Puts what was sealed into `opened`, or says that it is not what was sealed with this key.
    pub(super) fn open(&self, sealed: &[u8], opened: &mut Vec<u8>) -> std::result::Result<(), NotGenuine> {
        let (nonce, rest) = sealed.split_at_checked(NONCE).ok_or(NotGenuine)?;
        let end = rest.len().checked_sub(TAG).ok_or(NotGenuine)?;
        let (content, tag) = rest.split_at(end);
        opened.clear();
        opened.extend_from_slice(content);
        let tag = GenericArray::from_slice(tag);
        self.0.decrypt_in_place_detached(Nonce::from_slice(nonce), b"", opened, tag).map_err(|_| NotGenuine)
    }
}

/// Changed since it was sealed, or sealed with another key.
#[derive(Debug)]
pub(super) struct NotGenuine;

/// The identity of a blob or a file: the SHA-256 of its content.
pub(super) fn hash(content: &[u8]) -> Id {
    Id::new(Sha256::digest(content).into())
}
