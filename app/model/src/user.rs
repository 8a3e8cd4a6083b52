//! Users as Managers and Partners manage them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    credential::{OrganizationChoice, optional_id},
    form::{FormCheck, FormErrors},
    ids::{OrganizationId, UserId},
    language::msgid,
    list::Page,
    names::Hidden,
    people::{Email, Password, Role},
    rule::RuleError,
};

/// How long a one-time link can be used, in hours.
pub const LINK_HOURS: i64 = 72;

/// The invitation, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    pub email: String,
    pub role: String,
    /// A Partner's choice; empty means the own organization.
    pub organization: String,
}

/// An invitation that is in order.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub email: Email,
    pub role: Role,
    pub organization: Option<OrganizationId>,
}

impl InviteForm {
    pub fn parse(&self) -> Result<Invitation, FormErrors> {
        let mut check = FormCheck::default();
        let email = check.field("email", Email::parse(&self.email.to_lowercase()));
        let role = check.field("role", self.role.parse());
        let organization = check.field("organization", optional_id(&self.organization, msgid("Organization")));
        let invitation = (|| Some(Invitation { email: email?, role: role?, organization: organization? }))();
        check.finish(invitation)
    }
}

/// A form that names a user and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserRef {
    pub user: String,
}

impl UserRef {
    pub fn user(&self) -> Result<UserId, RuleError> {
        self.user.parse().map_err(|_| RuleError::Unlisted { field: msgid("User") })
    }
}

/// Another role for a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    pub user: String,
    pub role: String,
}

impl RoleForm {
    pub fn user(&self) -> Result<UserId, RuleError> {
        self.user.parse().map_err(|_| RuleError::Unlisted { field: msgid("User") })
    }

    pub fn role(&self) -> Result<Role, FormErrors> {
        self.role.parse().map_err(|error: RuleError| FormErrors::at("role", error))
    }
}

/// The password that somebody who came by a one-time link chooses.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewPasswordForm {
    /// Not shown by `Debug`: who has it can set the password.
    pub token: Hidden,
    pub password: Hidden,
}

impl NewPasswordForm {
    pub fn password(&self) -> Result<Password, FormErrors> {
        Password::parse(&self.password).map_err(|error| FormErrors::at("password", error))
    }
}

/// What the page behind a one-time link says before the password is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    pub email: String,
    pub organization: String,
    pub expires: DateTime<Utc>,
}

/// What leads a user in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignsIn {
    /// Invited, and has chosen no password yet.
    NotYet,
    /// With the sign-in provider alone.
    WithProvider,
    WithPassword,
    WithSecondFactor,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    pub id: UserId,
    pub email: String,
    pub role: Role,
    pub organization: String,
    pub signs_in: SignsIn,
    pub created: DateTime<Utc>,
    /// The reading person's own row.
    pub own: bool,
    /// Whether the reading person may change it.
    pub may_manage: bool,
}

/// What the users page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    pub page: Page<UserRow>,
    /// What a Partner may filter by and invite to; empty for a Manager.
    pub organizations: Vec<OrganizationChoice>,
    /// What the reading person may give.
    pub roles: Vec<Role>,
}
