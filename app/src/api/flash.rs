//! What one request leaves for the page that the browser is sent to next.

use serde::{Deserialize, Serialize};

use crate::api::ApiError;
use model::follow::Follow;

/// The parameter of a form's address that names the page which the form is on, where the browser does not.
pub const PAGE: &str = "page";

/// The attribute of a document that names its address, where the browser has another one.
pub const ADDRESS_ATTRIBUTE: &str = "data-address";

/// The success of a plain form post, kept in the session until the next page is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// A success to announce.
    pub notice: Option<String>,
    /// What is offered with it.
    #[serde(default)]
    pub follow: Option<Follow>,
    /// A one-time link to show with it.
    pub link: Option<String>,
}

impl Flash {
    /// The success, and what is offered with it.
    pub fn success(&self) -> Option<(String, Option<Follow>)> {
        Some((self.notice.clone()?, self.follow.clone()))
    }
}

/// A failed form, for the page that is its answer: the form is shown again with what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedForm {
    /// Path and query of the page that the form is on. The answer stands at the address of the server function.
    pub page: String,
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
