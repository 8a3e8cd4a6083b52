//! What a server function answers when it cannot do what was asked.

use std::fmt;

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use model::form::FormErrors;
use serde::{Deserialize, Serialize};

/// The outcomes that a page tells apart. Each reads as a sentence for the person who sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiError {
    /// Nobody is signed in, or the session has ended.
    SignedOut,
    /// There is no such thing for this person.
    NotFound,
    /// The role forbids it; one sentence.
    Forbidden(String),
    /// Something typed is wrong.
    Invalid(FormErrors),
    /// The thing is not in a state that allows it; one sentence.
    Conflict(String),
    /// Too many at once; one sentence that says when to try again.
    TooMany(String),
    /// S3 did not do what the request needs; what it answered and what to do.
    Unavailable(String),
    /// The server has too much to do at this moment; one sentence, and after how many seconds to try again.
    Busy { sentence: String, seconds: u64 },
    /// What was sent cannot be read as this function's arguments.
    Malformed,
    /// The server could not be reached, from the browser's side.
    Offline,
    /// A fault of the server's. `id` finds it in the log.
    Internal { id: String },
}

impl ApiError {
    /// The HTTP status that goes with it.
    pub const fn status(&self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::NotFound => 404,
            Self::Forbidden(_) => 403,
            Self::Invalid(_) => 422,
            Self::Conflict(_) => 409,
            Self::TooMany(_) => 429,
            Self::Unavailable(_) | Self::Busy { .. } => 503,
            Self::Malformed => 400,
            Self::Offline | Self::Internal { .. } => 500,
        }
    }

    /// After how many seconds it is worth trying again, where that is known.
    pub const fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }

    /// The same as a form's errors, so that a form shows every outcome in one place.
    pub fn form_errors(&self) -> FormErrors {
        match self {
            Self::Invalid(errors) => errors.clone(),
            other => FormErrors::whole(other),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedOut => f.write_str(&tr!("Your session has ended. Sign in and try again.")),
            Self::NotFound => f.write_str(&tr!("Not found. It may have been deleted.")),
            Self::Invalid(errors) => f.write_str(&errors.summary),
            Self::Forbidden(sentence)
            | Self::Conflict(sentence)
            | Self::TooMany(sentence)
            | Self::Unavailable(sentence)
            | Self::Busy { sentence, .. } => f.write_str(sentence),
            Self::Malformed => f.write_str(&tr!("The form could not be read. Reload the page and try again.")),
            Self::Offline => f.write_str(&tr!("The server cannot be reached. Check the connection and try again.")),
            Self::Internal { id } => f.write_str(&tr!(
                "Something went wrong on the server. Try again; if it stays, ask the operator to look for {id} in the log.",
                id
            )),
        }
    }
}

impl std::error::Error for ApiError {}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_) => Self::Malformed,
            ServerFnErrorErr::Request(_) => Self::Offline,
            other => Self::Internal { id: other.to_string() },
        }
    }
}

#[cfg(feature = "ssr")]
impl From<services::ServiceError> for ApiError {
    /// The one place where a refusal of the services becomes words and a status.
    fn from(error: services::ServiceError) -> Self {
        use services::{RepositoryError, ServiceError};
        match error {
            ServiceError::SignedOut => Self::SignedOut,
            ServiceError::NotFound
            | ServiceError::Denied(model::permission::Denied::DoesNotExist)
            | ServiceError::Repository(
                RepositoryError::NoSuchPath { .. }
                | RepositoryError::NotAFile { .. }
                | RepositoryError::NotAFolder { .. },
            ) => Self::NotFound,
            ServiceError::Denied(denied) => Self::Forbidden(denied.to_string()),
            ServiceError::Invalid(errors) => Self::Invalid(errors),
            ServiceError::Conflict(conflict) => Self::Conflict(conflict.to_string()),
            throttled @ (ServiceError::Throttled { .. } | ServiceError::TooManyTests { .. }) => {
                Self::TooMany(throttled.to_string())
            }
            ref busy @ ServiceError::Busy { seconds } => Self::Busy { sentence: busy.to_string(), seconds },
            ServiceError::Source(failure) => Self::Conflict(failure.to_string()),
            ServiceError::Repository(failure) => Self::Unavailable(failure.to_string()),
            ServiceError::OpenId(refusal) => Self::Forbidden(refusal.to_string()),
            ServiceError::NotSent(cause) => Self::Conflict(cause),
            vanished if vanished.has_vanished() => Self::NotFound,
            met if met.is_deadlock() => {
                Self::Conflict(tr!("Something else was changing this at the same moment. Try again."))
            }
            unreadable if unreadable.is_unreadable_text() => Self::Malformed,
            fault => {
                let id = services::fault_id();
                tracing::error!(fault = %id, error = &fault as &dyn std::error::Error, "a server function failed");
                Self::Internal { id }
            }
        }
    }
}
