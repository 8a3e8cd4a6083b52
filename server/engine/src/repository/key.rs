//! The file that opens a repository with its password: restic's design document
//! (<https://github.com/restic/restic/blob/master/doc/design.rst>, "Keys, Encryption and MAC").
//!
//! The library makes such files with four times the memory that restic takes, 128 MiB, which every run needs again to
//! open the repository: more than it needs for anything else. restic's own figures are used here; passwords are random and
//! longer than any that can be guessed.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{SecondsFormat, Utc};
use rustic_core::repofile::MasterKey;
use scrypt::Params;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::{RepositoryError, Result, seal::Sealer};
use crate::{Secret, translation::msgid};

/// 32 MiB of memory, and about a tenth of a second.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;

/// Bytes of memory that opening a key file may take. The library's own need 128 MiB, restic's up to 60 MiB.
const MOST_MEMORY: u64 = 128 << 20;
/// How often that memory is gone through.
const MOST_ROUNDS: u64 = 16;

/// What a key file holds. Before the password, nothing vouches for it.
#[derive(Deserialize)]
struct KeyFile {
    kdf: String,
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
    salt: String,
    data: String,
}

/// Why a key file does not open.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// It is another password's.
    WrongPassword,
    /// No password opens it, or none is tried: how it is, as a sentence in English with `{}` for its id.
    Unusable(&'static str),
}

const UNREADABLE: &str = msgid("the key {} cannot be read");

/// The master key in a key file. Takes as much memory and time as the file asks for, but no more than any that is used.
/// Blocks.
pub(super) fn open(file: &[u8], password: &Secret) -> std::result::Result<MasterKey, Unopened> {
    let unreadable = || Unopened::Unusable(UNREADABLE);
    let file: KeyFile = serde_json::from_slice(file).map_err(|_| unreadable())?;
    if file.kdf != "scrypt" {
        return Err(Unopened::Unusable(msgid("the key {} is made in a way that nobody knows")));
    }
    let cost = cost(&file)?;
    let salt = BASE64_STANDARD.decode(&file.salt).map_err(|_| unreadable())?;
    let sealed = BASE64_STANDARD.decode(&file.data).map_err(|_| unreadable())?;
    let mut key = Zeroizing::new([0; 64]);
    scrypt::scrypt(password.expose().as_bytes(), &salt, &cost, &mut *key).map_err(|_| unreadable())?;
    let mut master = Zeroizing::new(Vec::new());
    Sealer::from_bytes(&key).open(&sealed, &mut master).map_err(|_| Unopened::WrongPassword)?;
    serde_json::from_slice(&master).map_err(|_| unreadable())
}

fn cost(file: &KeyFile) -> std::result::Result<Params, Unopened> {
    let (n, r, p) = (file.n, u64::from(file.r), u64::from(file.p));
    // RFC 7914, section 6: a vector of N blocks, and a block for each of p.
    let memory = n.saturating_add(p).saturating_mul(r).saturating_mul(128);
    if memory > MOST_MEMORY + (MOST_MEMORY >> 8) || p > MOST_ROUNDS {
        return Err(Unopened::Unusable(msgid("the key {} asks for more memory or time than any key needs")));
    }
    let log_n = n.is_power_of_two().then(|| n.trailing_zeros()).and_then(|log| u8::try_from(log).ok());
    let cost = log_n.and_then(|log_n| Params::new(log_n, file.r, file.p).ok());
    cost.ok_or(Unopened::Unusable(UNREADABLE))
}

/// The content of a key file that opens `master` with `password`.
pub(super) fn key_file(master: &MasterKey, password: &Secret) -> Result<Vec<u8>> {
    let salt: [u8; 64] = rand::random();
    let mut key = [0; 64];
    Params::new(LOG_N, R, P).map_err(|error| internal(&error)).and_then(|cost| {
        scrypt::scrypt(password.expose().as_bytes(), &salt, &cost, &mut key).map_err(|error| internal(&error))
    })?;
    let master = serde_json::to_vec(master).map_err(|error| internal(&error))?;
    let data = Sealer::from_bytes(&key).seal(&master)?;
    let file = json!({
        "created": Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
        "kdf": "scrypt",
        "N": 1_u32 << LOG_N,
        "r": R,
        "p": P,
        "salt": BASE64_STANDARD.encode(salt),
        "data": BASE64_STANDARD.encode(data),
    });
    Ok(file.to_string().into_bytes())
}

fn internal(error: &impl ToString) -> RepositoryError {
    RepositoryError::Internal { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use rustic_core::repofile::MasterKey;

    use super::{KeyFile, UNREADABLE, Unopened, cost, key_file, open};
    use crate::Secret;

    fn secret(text: &str) -> Secret {
        Secret::new(text.into())
    }

    #[test]
    fn a_key_file_opens_with_its_password_alone() {
        let master = MasterKey::new();
        let file = key_file(&master, &secret("a password")).unwrap();
        let opened = open(&file, &secret("a password")).unwrap();
        assert_eq!((opened.encrypt, opened.mac.k, opened.mac.r), (master.encrypt, master.mac.k, master.mac.r));
        assert_eq!(open(&file, &secret("another one")).unwrap_err(), Unopened::WrongPassword);
        assert_eq!(open(&file[1..], &secret("a password")).unwrap_err(), Unopened::Unusable(UNREADABLE));
    }

    #[test]
    fn a_key_file_cannot_ask_for_all_memory() {
        let asking = |n: u64, r: u32, p: u32| {
            cost(&KeyFile { kdf: "scrypt".into(), n, r, p, salt: String::new(), data: String::new() })
        };
        asking(1 << 15, 8, 1).unwrap();
        asking(1 << 17, 8, 1).unwrap();
        for (n, r, p) in
            [(1 << 18, 8, 1), (1 << 31, 8, 1), (1 << 15, 1 << 30, 1), (1 << 15, 8, 1 << 20), (u64::MAX, u32::MAX, 1)]
        {
            asking(n, r, p).unwrap_err();
        }
        for odd in [0, 1000] {
            asking(odd, 8, 1).unwrap_err();
        }
    }
}
