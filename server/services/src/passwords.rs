//! Passwords, as argon2id hashes.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use model::names::Hidden;
use tokio::sync::Semaphore;

/// A password could not be hashed, or a stored hash is no hash.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password could not be hashed: {0}")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("the hashing thread ended early")]
    Thread(#[from] tokio::task::JoinError),
}

/// Compared with where no such user exists, so that the answer takes as long as for one who does.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YWJjZGVmZ2hpamtsbW5vcA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How many passwords are looked at in the same moment, each with 19 MiB: many sign-ins at once wait for each other.
static AT_ONCE: Semaphore = Semaphore::const_new(8);

/// Hashes a password with argon2id (19 MiB, 2 passes), off the async threads.
pub async fn hash(password: Hidden) -> Result<String, PasswordError> {
    let _turn = AT_ONCE.acquire().await;
    let hash = move || Ok(Argon2::default().hash_password(password.expose().as_bytes())?.to_string());
    tokio::task::spawn_blocking(hash).await?
}

/// Whether the password belongs to the hash; always false, in the same time, where there is none.
pub async fn verify(password: Hidden, hash: Option<String>) -> Result<bool, PasswordError> {
    let _turn = AT_ONCE.acquire().await;
    let verify = move || {
        let stored = hash.as_deref().unwrap_or(NOBODY);
        let matches = PasswordHash::new(stored)
            .is_ok_and(|stored| Argon2::default().verify_password(password.expose().as_bytes(), &stored).is_ok());
        matches && hash.is_some()
    };
    Ok(tokio::task::spawn_blocking(verify).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_and_fits_its_password_alone() {
        let hash = hash(Hidden::new("correct horse battery")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify(Hidden::new("correct horse battery"), Some(hash.clone())).await.unwrap());
        assert!(!verify(Hidden::new("incorrect horse"), Some(hash)).await.unwrap());
        assert!(!verify(Hidden::new("anything"), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_as_much_as_one_of_somebody() {
        let costs = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            (hash.algorithm.to_string(), hash.params.to_string(), hash.hash.unwrap().as_bytes().len())
        };
        assert_eq!(costs(NOBODY), costs(&hash(Hidden::new("correct horse battery")).await.unwrap()));
    }
}
