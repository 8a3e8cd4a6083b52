//! Organizations as Partners manage them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    form::{FormCheck, FormErrors},
    ids::OrganizationId,
    language::msgid,
    names::OrganizationName,
    rule::RuleError,
    schedule::TimeZone,
};

/// Adds an organization, or changes one where it names it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationForm {
    /// Empty for a new one.
    pub organization: String,
    pub name: String,
    /// Pre-filled in new policies.
    pub time_zone: String,
}

/// A form that is in order.
#[derive(Clone, Debug)]
pub struct OrganizationChange {
    pub name: OrganizationName,
    pub time_zone: TimeZone,
}

impl OrganizationForm {
    pub fn organization(&self) -> Result<OrganizationId, RuleError> {
        self.organization.parse().map_err(|_| RuleError::Unlisted { field: msgid("Organization") })
    }

    pub fn parse(&self) -> Result<OrganizationChange, FormErrors> {
        let mut check = FormCheck::default();
        let name = check.field("name", OrganizationName::parse(&self.name));
        let zone = if self.time_zone.trim().is_empty() { TimeZone::UTC.name() } else { &self.time_zone };
        let time_zone = check.field("time_zone", TimeZone::parse(zone));
        check.finish(name.zip(time_zone).map(|(name, time_zone)| OrganizationChange { name, time_zone }))
    }
}

/// A form that names an organization and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationRef {
    pub organization: String,
}

impl OrganizationRef {
    pub fn organization(&self) -> Result<OrganizationId, RuleError> {
        self.organization.parse().map_err(|_| RuleError::Unlisted { field: msgid("Organization") })
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRow {
    pub id: OrganizationId,
    pub name: String,
    pub time_zone: String,
    pub users: u64,
    pub projects: u64,
    pub credentials: u64,
    pub created: DateTime<Utc>,
}
