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

use super::{RepositoryError, Result, seal::Sealer};
use crate::Secret;

/// 32 MiB of memory, and about a tenth of a second.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;

/// Bytes of memory that opening a key file may take. The library's own need 128 MiB, restic's up to 60 MiB.
const MOST_MEMORY: u64 = 128 << 20;
/// How often that memory is gone through.
const MOST_ROUNDS: u64 = 16;

/// What a key file costs to open, as it says itself: before the password, nothing vouches for these figures.
#[derive(Deserialize)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u64,
    p: u64,
}

/// Says what is wrong with a key file that would take more memory or time than any that is used.
pub(super) fn check_cost(file: &[u8]) -> std::result::Result<(), &'static str> {
    let Cost { n, r, p } = serde_json::from_slice(file).map_err(|_| "cannot be read")?;
    // RFC 7914, section 6: a vector of N blocks, and a block for each of p.
    let memory = n.saturating_add(p).saturating_mul(r).saturating_mul(128);
    let fits = memory <= MOST_MEMORY + (MOST_MEMORY >> 8) && p <= MOST_ROUNDS;
    if fits { Ok(()) } else { Err("asks for more memory or time than any key needs") }
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
    use super::{check_cost, key_file};
    use crate::Secret;

    #[test]
    fn a_key_file_cannot_ask_for_all_memory() {
        let own = key_file(&rustic_core::repofile::MasterKey::new(), &Secret::new("a password".into())).unwrap();
        check_cost(&own).unwrap();
        let file = |n: u64, r: u64, p: u64| serde_json::to_vec(&serde_json::json!({ "N": n, "r": r, "p": p })).unwrap();
        check_cost(&file(1 << 17, 8, 1)).unwrap();
        for (n, r, p) in
            [(1 << 18, 8, 1), (1 << 31, 8, 1), (1 << 15, 1 << 30, 1), (1 << 15, 8, 1 << 20), (u64::MAX, u64::MAX, 1)]
        {
            check_cost(&file(n, r, p)).unwrap_err();
        }
        check_cost(b"[]").unwrap_err();
    }
}
