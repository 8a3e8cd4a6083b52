//! What everybody sees and changes of themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    form::FormErrors,
    names::Hidden,
    people::{Actor, Password},
};

/// Another password, with the one that counts now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangePasswordForm {
    pub current_password: Hidden,
    pub new_password: Hidden,
}

impl ChangePasswordForm {
    pub fn new_password(&self) -> Result<Password, FormErrors> {
        Password::parse(&self.new_password).map_err(|error| FormErrors::at("new_password", error))
    }
}

/// The profile page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileView {
    pub actor: Actor,
    pub second_factor: bool,
    pub sessions: Vec<SessionRow>,
}

/// A session of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// Names the session without being its secret id: the id's hash.
    pub handle: String,
    pub started: DateTime<Utc>,
    pub expires: DateTime<Utc>,
    /// Where the person signed in from.
    pub address: String,
    /// The session of this very request.
    pub current: bool,
}

/// A form that names a session and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionRef {
    pub session: String,
}
