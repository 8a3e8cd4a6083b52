//! What one request leaves for the page that the browser is sent to next.

use serde::{Deserialize, Serialize};

use crate::api::ApiError;

/// The header of a request for the page that is shown already. What waits for the next page goes on waiting.
pub const REFRESH: &str = "holdfast-refresh";

/// The outcome of a plain form post, kept in the session until the next page is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// A success to announce.
    pub notice: Option<String>,
    /// A one-time link to show with it.
    pub link: Option<String>,
    /// A form that failed.
    pub failed: Option<FailedForm>,
}

/// A failed form, so that it can be shown again with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedForm {
    /// The path of the server function that the form was posted to.
    pub action: String,
    pub error: ApiError,
    /// What was typed, by the inputs' names; secrets are left out.
    pub typed: Vec<(String, String)>,
}

impl FailedForm {
    pub fn typed(&self, input: &str) -> Option<&str> {
        self.typed.iter().find(|(name, _)| name == input).map(|(_, value)| value.as_str())
    }
}
