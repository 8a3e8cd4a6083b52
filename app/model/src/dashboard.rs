//! The dashboard: what needs attention, and how backups went.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    backup::BackupPhase,
    ids::{ProjectId, RemovalId},
    language::msgid,
    standing::{Standing, Standings},
};

/// What is shown of each kind of trouble; the rest is counted.
pub const MOST_SHOWN: u64 = 20;

/// Days that growth is shown of.
pub const GROWTH_DAYS: u32 = 90;

/// Why something needs attention, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Trouble {
    /// A node's clock jumped, and nothing is deleted until it can be trusted.
    ClockInDoubt,
    /// A project stands so.
    Project(Standing),
    /// Its keys did not work when they were tried last, and projects are to be backed up with it.
    CredentialFails,
    /// Projects are to be backed up with it.
    CredentialLocked,
    /// The backups of a deleted project stay in the bucket, since the service does not let them be removed.
    RemovalFails,
}

impl Trouble {
    pub const fn label(self) -> &'static str {
        match self {
            Self::ClockInDoubt => msgid("Clock in doubt"),
            Self::Project(standing) => standing.label(),
            Self::CredentialFails => msgid("Check failed"),
            Self::CredentialLocked => msgid("Credential locked"),
            Self::RemovalFails => msgid("Removal failed"),
        }
    }
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    pub trouble: Trouble,
    /// A project, which may be deleted, a credential, or a node.
    pub name: String,
    /// Empty for a node, which is nobody's own.
    pub organization: String,
    /// More about it, such as the policy that is meant.
    pub detail: String,
    /// Since when, as far as it is known.
    pub at: Option<DateTime<Utc>>,
    /// Where to look; `None` for a credential, a node and a deleted project.
    pub project: Option<ProjectId>,
    /// What is tried again by itself, and when.
    pub again: Option<Again>,
}

/// A removal that failed and is tried again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    pub removal: RemovalId,
    pub at: DateTime<Utc>,
}

/// How many of a kind of trouble there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleCount {
    pub trouble: Trouble,
    pub count: u64,
}

/// Runs that started in an hour, by how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    pub completed: u64,
    /// Partially failed, skipped or cancelled.
    pub incomplete: u64,
    pub failed: u64,
    pub running: u64,
}

impl Hour {
    /// Counts a number of runs.
    pub fn add(&mut self, phase: BackupPhase, count: u64) {
        let of = match phase {
            BackupPhase::Completed | BackupPhase::Deleting => &mut self.completed,
            BackupPhase::PartiallyFailed | BackupPhase::Skipped | BackupPhase::Cancelled => &mut self.incomplete,
            BackupPhase::Failed => &mut self.failed,
            BackupPhase::Queued | BackupPhase::InProgress => &mut self.running,
        };
        *of += count;
    }

    pub const fn total(&self) -> u64 {
        self.completed + self.incomplete + self.failed + self.running
    }
}

/// What the backups of a day added to their buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayGrowth {
    pub day: NaiveDate,
    pub added: u64,
    /// All that was added until the end of the day.
    pub stored: u64,
}

/// An organization in a Partner's overview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationStanding {
    pub id: crate::ids::OrganizationId,
    pub name: String,
    pub standings: Standings,
    pub overdue: u64,
    pub stored: u64,
}

/// The way from an empty installation to a backup that can be restored without Holdfast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "one for each step")]
pub struct Guide {
    /// Whether there is a credential.
    pub credential: bool,
    /// The project that comes next: one without backup, without a policy or without a backup, in this order, or else any.
    pub project: Option<(ProjectId, String)>,
    /// Whether its backup is on.
    pub enabled: bool,
    /// Whether it has a policy.
    pub policy: bool,
    /// Whether a backup was ever completed.
    pub backup: bool,
    /// Whether somebody is told when something fails.
    pub channel: bool,
    /// Whether a recovery kit was ever given out.
    pub recovery_kit: bool,
}

impl Guide {
    /// Whether nothing of it is left.
    pub const fn is_done(&self) -> bool {
        self.credential && self.enabled && self.policy && self.backup && self.channel && self.recovery_kit
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    pub standings: Standings,
    /// The worst first, [`MOST_SHOWN`] of each kind.
    pub attention: Vec<Attention>,
    pub counts: Vec<TroubleCount>,
    /// The last 24 hours, the oldest first; the last one is the hour that has begun.
    pub hours: Vec<Hour>,
    pub first_hour: DateTime<Utc>,
    /// The last [`GROWTH_DAYS`] days in UTC, the oldest first.
    pub growth: Vec<DayGrowth>,
    /// For Partners; empty for everybody else.
    pub organizations: Vec<OrganizationStanding>,
    /// How far the way to a backup that can be restored has been gone; `None` for whoever only looks on.
    pub guide: Option<Guide>,
}
