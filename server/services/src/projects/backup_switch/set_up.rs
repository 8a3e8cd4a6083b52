//! Trying a place before anything is switched to it.

use engine::{Repository, RepositoryError, S3, S3Error};
use model::{form::FormErrors, project::BucketChoice};

use super::enable::CREDENTIAL;
use crate::{
    context::Services,
    entity::{backup_credential, repository},
    error::ServiceError,
    repositories,
};

/// What a failed try may have left in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    Nothing,
    /// A repository that only the place's password opens: it was asked for, and the answer did not come.
    Repository,
}

/// Why a place cannot be used.
pub struct SetUpError {
    pub error: ServiceError,
    pub repository: Left,
}

impl From<ServiceError> for SetUpError {
    fn from(error: ServiceError) -> Self {
        Self { error, repository: Left::Nothing }
    }
}

/// Bucket, access, repository: one after the other, and the first failure tells its step.
pub async fn set_up(
    services: &Services,
    place: &repository::Model,
    credential: &backup_credential::Model,
    choice: &BucketChoice,
) -> Result<(), SetUpError> {
    let s3 = S3::connect(&repositories::access(services, credential)?, services.network());
    match choice {
        BucketChoice::Create => {
            let failed = |error: S3Error| step_failed(&tr!("Creating the bucket failed"), error.into());
            s3.create_bucket(&place.bucket).await.map_err(failed)?;
        }
        BucketChoice::Existing { .. } => {
            let failed = |error: S3Error| step_failed(&tr!("Opening the bucket failed"), error.into());
            s3.open_bucket(&place.bucket, &place.prefix).await.map_err(failed)?;
        }
    }
    check_access(services, &s3, place, credential).await
}

/// Tries to write, read and delete, and opens the repository or makes one.
pub async fn check_access(
    services: &Services,
    s3: &S3,
    place: &repository::Model,
    credential: &backup_credential::Model,
) -> Result<(), SetUpError> {
    let config = repositories::config(services, place, credential)?;
    s3.probe(&config.bucket, &config.prefix, &config.options)
        .await
        .map_err(|error| step_failed(&tr!("Writing, reading and deleting a probe object failed"), error.into()))?;
    let opened = Repository::open_or_create(config).await;
    opened.map(drop).map_err(|error| SetUpError {
        // Somebody else's repository is not one of ours.
        repository: if matches!(error, RepositoryError::WrongPassword) { Left::Nothing } else { Left::Repository },
        error: step_failed(&tr!("Opening the repository failed"), error),
    })
}

/// The step and what S3 answered, at the field that can be changed to mend it.
fn step_failed(step: &str, error: RepositoryError) -> ServiceError {
    let field = match &error {
        RepositoryError::Storage(
            S3Error::NoSuchBucket { .. } | S3Error::BucketTaken { .. } | S3Error::ObjectLock { .. },
        )
        | RepositoryError::WrongPassword => "backup.bucket_name",
        RepositoryError::Enclosed { .. } => "backup.prefix",
        RepositoryError::Storage(S3Error::StorageClass) => "backup.storage_class",
        RepositoryError::Storage(S3Error::Encryption { .. }) => "backup.encryption",
        _ => CREDENTIAL,
    };
    let summary = match &error {
        RepositoryError::Storage(S3Error::InvalidCredentials { .. }) => {
            tr!("{}. Invalid S3 credentials: {}", step, error)
        }
        error => format!("{step}. {error}"),
    };
    ServiceError::Invalid(FormErrors { summary: summary.clone(), ..FormErrors::at(field, summary) })
}
