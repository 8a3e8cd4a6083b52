//! The encryption of a repository's files: AES-256-CTR with Poly1305-AES, as restic's design document says
//! (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Keys, Encryption and MAC").

use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, Key, Nonce, aead::Aead};
use rustic_core::{Id, repofile::MasterKey};
use sha2::{Digest, Sha256};

use super::{RepositoryError, Result, fault::repository_error};

/// Bytes of the nonce before a ciphertext.
const NONCE: usize = 16;

/// Nonce, then ciphertext and its code.
pub(super) fn seal(key: &MasterKey, content: &[u8]) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE] = rand::random();
    let nonce = Nonce::from(nonce);
    let sealed = cipher(key)?.encrypt(&nonce, content).map_err(|_| odd_key())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// The content of what was sealed; `None` where it is not as it was written.
pub(super) fn open(key: &MasterKey, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some((nonce, sealed)) = sealed.split_at_checked(NONCE) else { return Ok(None) };
    let nonce: [u8; NONCE] = nonce.try_into().unwrap_or_default();
    Ok(cipher(key)?.decrypt(&Nonce::from(nonce), sealed).ok())
}

fn cipher(key: &MasterKey) -> Result<Aes256CtrPoly1305Aes> {
    let whole = [key.encrypt.as_slice(), &key.mac.k, &key.mac.r].concat();
    if whole.len() != 64 {
        return Err(odd_key());
    }
    Ok(Aes256CtrPoly1305Aes::new(Key::from_slice(&whole)))
}

fn odd_key() -> RepositoryError {
    RepositoryError::Internal { detail: "the repository's key has another length than it should".into() }
}

/// The name that a file with this content has.
pub(super) fn hash(content: &[u8]) -> Result<Id> {
    format!("{:x}", Sha256::digest(content))
        .parse()
        .map_err(|error: Box<rustic_core::RusticError>| repository_error(&error))
}
