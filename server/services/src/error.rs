//! Why a use case refuses or fails.

use engine::{CertificateFault, RepositoryError, S3Error, SourceError, Unreachable, WrongKey};
use model::{
    form::{FieldError, FormErrors},
    permission::Denied,
    rule::RuleError,
    size,
};
use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx::error::DatabaseError};

use crate::{provider::OpenIdError, sentence::Sentence, vault::VaultError};

mod password;
mod start;

pub use self::{password::PasswordError, start::StartError};

/// The first group is for the person and reads as a sentence; the second is a fault that only the log sees.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("{}", tr!("Sign in to go on"))]
    SignedOut,
    #[error("{}", tr!("There is nothing at this address"))]
    NotFound,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error("{}", .0.summary)]
    Invalid(FormErrors),
    #[error(transparent)]
    Conflict(Conflict),
    /// A directory of the server's cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Too many passwords were guessed.
    #[error("{}", tr!("Too many failed attempts. Try again in {}", size::duration(*.seconds)))]
    Throttled { seconds: u64 },
    /// More people sign in at this moment than passwords can be looked at.
    #[error("{}", tr!("Too many people sign in at this moment. Try again in {}", size::duration(*.seconds)))]
    Busy { seconds: u64 },
    /// The sign-in provider led nobody in.
    #[error(transparent)]
    OpenId(#[from] OpenIdError),
    /// Too many messages were sent to try channels.
    #[error(
        "{}",
        tr!("This organization has sent {} tests within an hour. Try again in {}", .most, size::duration(*.seconds))
    )]
    TooManyTests { most: u64, seconds: u64 },
    /// A message did not arrive; why, and what to do.
    #[error("{0}")]
    NotSent(String),
    /// S3 did not do what the person's request needs.
    #[error(transparent)]
    Repository(#[from] RepositoryError),

    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("the session could not be kept: {0}")]
    Session(#[from] tower_sessions::session::Error),
    /// What was accepted before is not understood any more.
    #[error("a stored value breaks its rule: {0}")]
    Stored(RuleError),
}

/// A feature's refusal: a thing is not in the state that the request needs. The words are for the person, and say what
/// to do.
pub trait Refusal: std::error::Error + Send + Sync + 'static {}

/// Some feature's refusal. Which one is asked with [`ServiceError::refusal`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Conflict(Box<dyn std::error::Error + Send + Sync>);

impl<R: Refusal> From<R> for ServiceError {
    fn from(refusal: R) -> Self {
        Self::Conflict(Conflict(Box::new(refusal)))
    }
}

impl From<FormErrors> for ServiceError {
    fn from(errors: FormErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl ServiceError {
    /// What stands on a failed run: the sentence where it is for people, otherwise how to find the fault in the log.
    pub(crate) fn cause(&self, kind: &'static str, run: i64) -> Sentence {
        if self.is_for_people() {
            return Sentence::new(|| self.to_string());
        }
        let fault = fault_id();
        tracing::error!(%fault, kind, run, error = self as &dyn std::error::Error, "a run failed");
        Sentence::new(|| tr!("Something went wrong on the server. Ask the operator to look for {} in the log", fault))
    }

    /// Whether its words are for the person. Without a wildcard, so that each new variant is decided about.
    const fn is_for_people(&self) -> bool {
        match self {
            Self::SignedOut
            | Self::NotFound
            | Self::Denied(_)
            | Self::Invalid(_)
            | Self::Conflict(_)
            | Self::Source(_)
            | Self::Throttled { .. }
            | Self::Busy { .. }
            | Self::OpenId(_)
            | Self::TooManyTests { .. }
            | Self::NotSent(_)
            | Self::Repository(_) => true,
            // They name files of the operator's, or rows.
            Self::Database(_) | Self::Vault(_) | Self::Password(_) | Self::Session(_) | Self::Stored(_) => false,
        }
    }

    /// What a feature refuses, where that is why.
    pub(crate) fn refusal<R: Refusal>(&self) -> Option<&R> {
        if let Self::Conflict(Conflict(refusal)) = self { refusal.downcast_ref() } else { None }
    }

    /// Whether what was to be changed, or what a new row belongs to, was deleted by somebody else in the same moment.
    ///
    /// The latter is a foreign key that is not there (SQLSTATE 23503, `SQLITE_CONSTRAINT_FOREIGNKEY`). The use cases look
    /// for everything that they name, so that a key is missing only where it was there a moment ago.
    pub fn has_vanished(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(error, DbErr::RecordNotUpdated)
            || matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
    }

    /// Whether the request holds a text that no database of ours can hold: PostgreSQL has no NUL (SQLSTATE 22021,
    /// `character_not_in_repertoire`).
    pub fn is_unreadable_text(&self) -> bool {
        self.has_state("22021")
    }

    /// Whether PostgreSQL took the transaction back because it and another one waited for each other (SQLSTATE 40P01,
    /// `deadlock_detected`). Nothing of it was stored, so it may be done again.
    pub fn is_deadlock(&self) -> bool {
        self.has_state("40P01")
    }

    fn has_state(&self, state: &str) -> bool {
        let Self::Database(DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
            self
        else {
            return false;
        };
        error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == state)
    }

    /// A refusal at one field of the form.
    pub(crate) fn at(field: &str, message: impl std::fmt::Display) -> Self {
        Self::Invalid(FormErrors::at(field, message))
    }
}

/// A random id by which a fault that a person was told of is found in the log.
pub fn fault_id() -> String {
    format!("{:08x}", rand::random::<u32>())
}

/// Where the outcome of a check of keys belongs in the form of a credential.
pub(crate) fn credential_form_errors(error: &S3Error) -> FormErrors {
    match error {
        S3Error::InvalidCredentials { wrong, .. } => {
            let (fields, message): (&[_], _) = match wrong {
                WrongKey::AccessKey => (
                    &["access_key_id"],
                    tr!("Invalid S3 credentials: the service does not know this access key. Check the access key id"),
                ),
                WrongKey::SecretKey => (
                    &["secret_key"],
                    tr!(
                        "Invalid S3 credentials: the secret key does not belong to this access key. Check the secret key"
                    ),
                ),
                WrongKey::Either => (
                    &["access_key_id", "secret_key"],
                    tr!("Invalid S3 credentials: check the access key id and the secret key"),
                ),
            };
            let at = |field: &&str| FieldError { field: (*field).to_owned(), message: message.clone() };
            FormErrors { summary: tr!("Invalid S3 credentials"), fields: fields.iter().map(at).collect() }
        }
        S3Error::Suspended { .. } => FormErrors::at("access_key_id", error),
        S3Error::WrongRegion { .. } => FormErrors::at("region", error),
        S3Error::HostAddressing { .. } => FormErrors::at("addressing", error),
        S3Error::Unreachable(Unreachable::Certificate(CertificateFault::UnknownAuthority)) => {
            FormErrors::at("ca_certificate", error)
        }
        S3Error::Unreachable(_) | S3Error::NotS3 { .. } | S3Error::WrongAnswer { .. } => {
            FormErrors::at("endpoint", error)
        }
        other => FormErrors::whole(other),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::database;

    #[test]
    fn a_tenant_is_not_told_where_the_operator_keeps_the_master_key() {
        let path = std::path::PathBuf::from("/etc/holdfast/master.key");
        let error = ServiceError::Vault(VaultError::WrongKey { path });
        assert!(error.to_string().contains("/etc/holdfast"), "the log says it: {error}");
        let told = error.cause("backup", 1).in_english();
        assert!(!told.contains("/etc/holdfast") && told.contains("Ask the operator"), "{told}");
    }

    #[tokio::test]
    async fn what_refers_to_a_row_that_is_gone_has_vanished() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("holdfast.db").display());
        database::migrate(&url, folder.path()).await.unwrap();
        let db = database::connect(&url).await.unwrap();
        let refers = "INSERT INTO one_time_link (user_id, token_hash, expires_at, created_by) \
                      VALUES (1, x'00', '2026-11-29T00:00:00Z', 'a')";
        let gone = db.execute_unprepared(refers).await.unwrap_err();
        assert!(ServiceError::from(gone).has_vanished());
        let broken = db.execute_unprepared("INSERT INTO one_time_link (user_id) VALUES (1)").await.unwrap_err();
        assert!(!ServiceError::from(broken).has_vanished(), "another rule of the schema");
        assert!(ServiceError::from(DbErr::RecordNotUpdated).has_vanished());
    }
}
