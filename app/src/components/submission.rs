//! The server functions that forms are sent to.

use leptos::server_fn::ServerFn;
use model::form::Done;

use crate::api::ApiError;

/// A server function that changes something.
pub trait Mutation: ServerFn<Output = Done, Error = ApiError> {}

impl<S: ServerFn<Output = Done, Error = ApiError>> Mutation for S {}

/// The sending of forms to one of them.
#[derive(Clone, Copy)]
pub struct Submission {
    /// Where the function is called.
    url: &'static str,
}

pub fn use_submission<S: Mutation>() -> Submission {
    Submission { url: S::url() }
}

impl Submission {
    pub fn url(self) -> &'static str {
        self.url
    }
}
