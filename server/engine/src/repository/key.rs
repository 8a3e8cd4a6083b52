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
use serde_json::json;

use super::{RepositoryError, Result, seal::Sealer};
use crate::Secret;

/// 32 MiB of memory, and about a tenth of a second.
const LOG_N: u8 = 15;
const R: u32 = 8;
const P: u32 = 1;

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
