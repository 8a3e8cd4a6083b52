//! The dashboard: what needs attention, and how backups went.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{backup::BackupPhase, ids::ProjectId, language::msgid};

/// What is shown of each kind of trouble; the rest is counted.
pub const MOST_SHOWN: u64 = 20;

/// Days that growth is shown of.
pub const GROWTH_DAYS: u32 = 90;

/// Why something needs attention, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Trouble {
    /// A verification found that the repository is damaged.
    Damaged,
    /// A node's clock jumped, and nothing is deleted until it can be trusted.
    ClockInDoubt,
    Failed,
    Overdue,
    CredentialLocked,
    PartiallyFailed,
    NeverBackedUp,
    /// The last run was cancelled.
    Missed,
    PolicyPaused,
}

impl Trouble {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Damaged => msgid("Repository damaged"),
            Self::ClockInDoubt => msgid("Clock in doubt"),
            Self::Failed => msgid("Failed"),
            Self::Overdue => msgid("Overdue"),
            Self::CredentialLocked => msgid("Credential locked"),
            Self::PartiallyFailed => msgid("Partially failed"),
            Self::NeverBackedUp => msgid("Never backed up"),
            Self::Missed => msgid("Cancelled"),
            Self::PolicyPaused => msgid("Paused"),
        }
    }
}

/// Something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    pub trouble: Trouble,
    /// A project, a credential, or a node.
    pub name: String,
    /// Empty for a node, which is nobody's own.
    pub organization: String,
    /// More about it, such as the policy that is meant.
    pub detail: String,
    /// Since when, as far as it is known.
    pub at: Option<DateTime<Utc>>,
    /// Where to look; `None` for a credential and a node.
    pub project: Option<ProjectId>,
}

/// How many of a kind of trouble there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleCount {
    pub trouble: Trouble,
    pub count: u64,
}

/// Projects by how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standings {
    /// The last run failed, in whole or in part, or was cancelled.
    pub troubled: u64,
    pub running: u64,
    pub protected: u64,
    /// Backup is on, and nothing has run yet.
    pub waiting: u64,
    /// Backup is off.
    pub off: u64,
}

impl Standings {
    /// Counts a number of projects that stand alike.
    pub fn add(&mut self, enabled: bool, last: Option<BackupPhase>, count: u64) {
        let of = match last {
            Some(BackupPhase::Queued | BackupPhase::InProgress) => &mut self.running,
            _ if !enabled => &mut self.off,
            None => &mut self.waiting,
            Some(
                BackupPhase::Failed | BackupPhase::PartiallyFailed | BackupPhase::Cancelled | BackupPhase::Skipped,
            ) => &mut self.troubled,
            Some(BackupPhase::Completed | BackupPhase::Deleting) => &mut self.protected,
        };
        *of += count;
    }

    pub const fn total(&self) -> u64 {
        self.troubled + self.running + self.protected + self.waiting + self.off
    }
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
    /// Whether anything was ever run.
    pub started: bool,
    /// A project that waits for its first backup.
    pub waiting_project: Option<ProjectId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_project_stands_in_one_place() {
        let mut standings = Standings::default();
        for enabled in [true, false] {
            for phase in BackupPhase::ALL.iter().copied().map(Some).chain([None]) {
                standings.add(enabled, phase, 1);
            }
        }
        let expected = Standings { troubled: 4, running: 4, protected: 2, waiting: 1, off: 7 };
        assert_eq!((standings, standings.total()), (expected, 18));
    }
}
