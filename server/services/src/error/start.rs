//! Why the services cannot start.

use std::path::PathBuf;

use sea_orm::DbErr;

use crate::vault::VaultError;

/// Why the services cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("The database cannot be opened: {0}. Check HOLDFAST_DATABASE_URL")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("The folder {path} cannot be made: {source}. Check HOLDFAST_DATA_DIR")]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error(
        "HOLDFAST_SOURCE_ROOTS does not say whose {roots} is, and there are several organizations: {organizations}. Write \
         whose each directory is, such as {example}, and several with colons between them"
    )]
    RootOfNobody { roots: String, organizations: String, example: String },
    #[error("Nothing can be sent over HTTPS: {0}. Check the system's certificates")]
    Http(#[from] reqwest::Error),
}
