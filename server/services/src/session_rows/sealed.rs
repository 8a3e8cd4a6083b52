//! What the database holds of a session: the hash of its id, and its data sealed under a key that is made from the id.
//!
//! The id itself is in the browser's cookie alone. Whoever reads the database (a dump, a replica, a copy of the file)
//! can neither take a session over nor read what it keeps: a one-time link that is still to be shown, a sign-in that is
//! under way.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng},
};
use hkdf::Hkdf;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tower_sessions::{
    session::Id,
    session_store::{Error, Result},
};
use zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
const PURPOSE: &[u8] = b"holdfast session data v1";

/// The primary key of a session's row: SHA-256 of the id as the cookie has it, in 64 hexadecimal digits. A plain hash
/// does: an id has 128 random bits, which nobody guesses.
pub fn hash(id: Id) -> String {
    let digest = Sha256::digest(id.to_string().as_bytes());
    digest.iter().fold(String::with_capacity(64), |digits, byte| format!("{digits}{byte:02x}"))
}

/// The data as it is stored: nonce and ciphertext in base64.
pub fn seal(id: Id, data: &HashMap<String, Value>) -> Result<String> {
    let plain = Zeroizing::new(serde_json::to_vec(data).map_err(|error| Error::Encode(error.to_string()))?);
    let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
    let text = cipher(id).encrypt(&nonce, plain.as_slice());
    let text = text.map_err(|_| Error::Encode("the session's data cannot be sealed".to_owned()))?;
    Ok(STANDARD_NO_PAD.encode([nonce.as_slice(), &text].concat()))
}

/// The data of the session with this id; an error where it was sealed under another one.
pub fn open(id: Id, sealed: &str) -> Result<HashMap<String, Value>> {
    let unreadable = || Error::Decode("the session's data cannot be opened".to_owned());
    let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| unreadable())?;
    let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(unreadable)?;
    let plain = cipher(id).decrypt(XNonce::from_slice(nonce), text).map_err(|_| unreadable())?;
    serde_json::from_slice(&Zeroizing::new(plain)).map_err(|error| Error::Decode(error.to_string()))
}

fn cipher(id: Id) -> XChaCha20Poly1305 {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    // HKDF-SHA256 gives up to 255 × 32 bytes; 32 always fit.
    let _ = Hkdf::<Sha256>::new(None, &id.0.to_be_bytes()).expand(PURPOSE, key.as_mut_slice());
    XChaCha20Poly1305::new(key.as_slice().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_opens_with_its_own_id_alone() {
        let data = HashMap::from([("flash".to_owned(), Value::from("/set-password?token=geheim"))]);
        let sealed = seal(Id(7), &data).unwrap();
        assert_eq!(open(Id(7), &sealed).unwrap(), data);
        assert!(open(Id(8), &sealed).is_err());
        assert!(open(Id(7), "").is_err() && open(Id(7), "{}").is_err());
        assert_ne!(seal(Id(7), &data).unwrap(), sealed, "the nonce is a new one each time");
    }

    #[test]
    fn a_hash_is_neither_the_id_nor_another_ones() {
        assert_eq!(hash(Id(7)).len(), 64);
        assert_ne!(hash(Id(7)), hash(Id(8)));
        assert!(!hash(Id(7)).contains(&Id(7).to_string()));
    }
}
