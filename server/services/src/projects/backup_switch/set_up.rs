//! Trying a place before anything is switched to it.

use engine::{BucketMade, ObjectOption, Repository, RepositoryError, S3, S3Error, Versioning};
use model::{
    form::FormErrors,
    project::{BucketChoice, EnableBackup, SetUpStep},
};

use super::{enable::CREDENTIAL, under_way::Steps};
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

/// Bucket, access, repository: one after the other, and the first failure tells its step. A bucket that was made for it
/// and came to nothing is removed again, or named.
pub async fn set_up(
    services: &Services,
    place: &repository::Model,
    credential: &backup_credential::Model,
    choice: &EnableBackup,
    steps: &Steps,
) -> Result<Versioning, SetUpError> {
    let (choice, adopts) = (&choice.bucket.clone().unwrap_or_default(), choice.adopt.is_some());
    let s3 = S3::connect(&repositories::access(services, credential)?, services.network());
    let made = bucket(&s3, place, choice).await.map_err(|error| match choice {
        BucketChoice::Create => not_created(error),
        BucketChoice::Existing { .. } => step_failed(&tr!("Opening the bucket failed"), error.into()),
    })?;
    match check_access(services, &s3, place, credential, Access { steps: Some(steps), adopts }).await {
        Err(failed) if made == BucketMade::New => Err(without_bucket(&s3, &place.bucket, failed).await),
        Err(failed) => Err(failed),
        // Whether it keeps versions is told, and is no reason to refuse it.
        Ok(()) => Ok(s3.versioning(&place.bucket).await.unwrap_or(Versioning::Unknown)),
    }
}

async fn bucket(s3: &S3, place: &repository::Model, choice: &BucketChoice) -> Result<BucketMade, S3Error> {
    // Has fewer tries than what follows, so that a form hears soon of a service that is away.
    s3.check_keys().await?;
    match choice {
        BucketChoice::Create => s3.create_bucket(&place.bucket).await,
        BucketChoice::Existing { .. } => {
            s3.open_bucket(&place.bucket, &place.prefix).await.map(|()| BucketMade::Existing)
        }
    }
}

fn not_created(error: S3Error) -> ServiceError {
    let denied = matches!(error, S3Error::AccessDenied { .. });
    let failed = step_failed(&tr!("Creating the bucket failed"), error.into());
    match failed {
        ServiceError::Invalid(errors) if denied => {
            let summary = tr!("{} Or choose Use an existing bucket, one that was made for these keys.", errors.summary);
            ServiceError::Invalid(FormErrors::at("backup.bucket", summary))
        }
        failed => failed,
    }
}

/// The failure of a set-up that had made a bucket, after the bucket was removed. One that is not empty stays.
async fn without_bucket(s3: &S3, bucket: &str, failed: SetUpError) -> SetUpError {
    let Err(why) = s3.remove_empty_bucket(bucket).await else {
        return SetUpError { repository: Left::Nothing, ..failed };
    };
    tracing::warn!(bucket, error = &why as &dyn std::error::Error, "a bucket that was made for a set-up stays");
    let error = match failed.error {
        ServiceError::Invalid(errors) => {
            let stays = tr!("The bucket {} that was made for it is left. Delete it at the service, or use it.", bucket);
            ServiceError::Invalid(FormErrors { summary: format!("{} {stays}", errors.summary), ..errors })
        }
        error => error,
    };
    SetUpError { error, ..failed }
}

/// How a place is tried.
#[derive(Clone, Copy, Default)]
pub struct Access<'a> {
    /// Whom to tell of what comes next.
    pub steps: Option<&'a Steps>,
    /// A repository has to be there already.
    pub adopts: bool,
}

/// Tries to write, read and delete, and opens the repository or makes one.
pub async fn check_access(
    services: &Services,
    s3: &S3,
    place: &repository::Model,
    credential: &backup_credential::Model,
    Access { steps, adopts }: Access<'_>,
) -> Result<(), SetUpError> {
    let begin = async |step| match steps {
        Some(steps) => steps.begin(services, step).await.map_err(ServiceError::from),
        None => Ok(()),
    };
    let config = repositories::config(services, place, credential)?;
    begin(SetUpStep::Access).await?;
    s3.probe(&config.bucket, &config.prefix, &config.options)
        .await
        .map_err(|error| step_failed(&tr!("Writing, reading and deleting a probe object failed"), error.into()))?;
    begin(SetUpStep::Repository).await?;
    let opened = if adopts {
        Repository::open(config).await.map(drop)
    } else {
        Repository::open_or_create(config).await.map(drop)
    };
    opened.map_err(|error| SetUpError {
        // Somebody else's repository is not one of ours.
        repository: if matches!(error, RepositoryError::WrongPassword | RepositoryError::NotFound { .. }) {
            Left::Nothing
        } else {
            Left::Repository
        },
        error: step_failed(&tr!("Opening the repository failed"), error),
    })
}

/// The step and what S3 answered, at the field that can be changed to mend it.
fn step_failed(step: &str, error: RepositoryError) -> ServiceError {
    let field = match &error {
        RepositoryError::Storage(
            S3Error::NoSuchBucket { .. }
            | S3Error::BucketTaken { .. }
            | S3Error::ObjectLock { .. }
            | S3Error::Lifecycle { .. },
        ) => "backup.bucket_name",
        // With the password it can be adopted.
        RepositoryError::WrongPassword => "backup.repository_password",
        RepositoryError::Enclosed { .. } | RepositoryError::NotFound { .. } => "backup.prefix",
        RepositoryError::Storage(
            S3Error::StorageClass | S3Error::Unsupported { option: ObjectOption::StorageClass, .. },
        ) => "backup.storage_class",
        RepositoryError::Storage(S3Error::Encryption { .. } | S3Error::Unsupported { .. }) => "backup.encryption",
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
