//! Why a password cannot be looked at.

/// A password could not be hashed, or a stored hash is no hash.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password could not be hashed: {0}")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("the hashing thread ended early")]
    Thread(#[from] tokio::task::JoinError),
}
