//! Our own errors on their way through the repository library.

use std::error::Error;

use rustic_core::{ErrorKind, RusticError};
use thiserror::Error;

use super::RepositoryError;
use crate::S3Error;

/// What stopped a storage call. It travels as the cause of a [`RusticError`] and is taken out again by
/// [`repository_error`].
#[derive(Clone, Debug, Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Storage(#[from] S3Error),
    #[error("{}", tr!("the run was cancelled"))]
    Cancelled,
    #[error("{0}")]
    Damaged(String),
    #[error("{}", tr!("another process has just made the repository"))]
    AlreadyCreated,
    #[error("{}", tr!("the run has ended"))]
    Closed,
}

impl From<Fault> for Box<RusticError> {
    fn from(fault: Fault) -> Self {
        RusticError::with_source(ErrorKind::Backend, fault.to_string(), fault)
    }
}

impl From<Fault> for RepositoryError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Storage(error) => Self::Storage(error),
            Fault::Cancelled => Self::Cancelled,
            Fault::Damaged(detail) => Self::Damaged { detail },
            Fault::AlreadyCreated | Fault::Closed => Self::Internal { detail: fault.to_string() },
        }
    }
}

/// Our fault among the causes of a library error.
pub(super) fn fault(error: &RusticError) -> Option<&Fault> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(fault) = cause.downcast_ref() {
            return Some(fault);
        }
        next = cause.source();
    }
    None
}

/// A library error as ours.
pub(super) fn repository_error(error: &RusticError) -> RepositoryError {
    if let Some(fault) = fault(error) {
        return fault.clone().into();
    }
    if error.is_incorrect_password() {
        return RepositoryError::WrongPassword;
    }
    RepositoryError::Internal { detail: error.display_log() }
}
