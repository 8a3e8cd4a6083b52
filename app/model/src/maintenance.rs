//! Maintenance of a project's repository: removing what is not needed, verifying, repairing.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    backup::{Progress, phases},
    form::Ticked,
    ids::{BackupId, MaintenanceId, ProjectId},
    language::msgid,
    rule::RuleError,
};

phases! {
    /// What is done to a repository.
    MaintenanceKind {
        /// Removes what no backup needs any more.
        Prune = "Prune",
        /// Looks whether everything is as it was written.
        Verification = "Verification",
        /// Makes the best of what a verification found.
        Repair = "Repair",
    }
}

phases! {
    /// The state of a maintenance.
    MaintenancePhase {
        Queued = msgid("Queued"),
        InProgress = msgid("InProgress"),
        Completed = msgid("Completed"),
        Failed = msgid("Failed"),
        Cancelled = msgid("Cancelled"),
    }
}

impl MaintenancePhase {
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }
}

/// A damaged file of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedFile {
    pub kind: DamagedKind,
    /// Its name: 64 hexadecimal digits.
    pub id: String,
    pub damage: Damage,
}

/// What a damaged file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DamagedKind {
    Pack,
    Index,
    Snapshot,
    /// The repository's configuration, without which nothing opens it.
    Config,
    /// What the password opens.
    Key,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Damage {
    Missing,
    Size,
    Content,
}

impl DamagedFile {
    /// Its key below the repository's place in the bucket, in restic's layout.
    pub fn key(&self) -> String {
        match self.kind {
            DamagedKind::Pack => format!("data/{}/{}", self.id.get(..2).unwrap_or_default(), self.id),
            DamagedKind::Index => format!("index/{}", self.id),
            DamagedKind::Snapshot => format!("snapshots/{}", self.id),
            DamagedKind::Config => "config".to_owned(),
            DamagedKind::Key => format!("keys/{}", self.id),
        }
    }
}

impl fmt::Display for Damage {
    /// What is said of the file, after its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Missing => tr!("is missing"),
            Self::Size => tr!("has another size than when it was written"),
            Self::Content => tr!("is not as it was written"),
        })
    }
}

/// What the page Repository shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryView {
    pub project: ProjectId,
    /// `None` while the project's backup is off.
    pub repository: Option<RepositoryState>,
    /// The newest first.
    pub runs: Vec<MaintenanceRow>,
    /// Whether the reading person may ask for maintenance.
    pub may_manage: bool,
}

/// How a repository is, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryState {
    pub health: Health,
    /// Bytes in the bucket, at the last prune or verification.
    pub stored: Option<u64>,
    /// Of them, bytes that no backup needs and a prune will remove.
    pub unused: Option<u64>,
    /// Whether the bucket keeps what is deleted, and what that takes, as far as it was measured.
    pub keeps_versions: bool,
    pub noncurrent: Option<u64>,
    /// Backups that are marked for deletion and not removed yet.
    pub waiting: u64,
    /// Bytes that these added, some of which other backups may need.
    pub waiting_added: u64,
    pub pruned: Option<DateTime<Utc>>,
    pub prune_due: Option<DateTime<Utc>>,
    pub verified: Option<DateTime<Utc>>,
    pub verify_due: Option<DateTime<Utc>>,
    /// In how many weekly verifications all data is read.
    pub weeks: u32,
    pub damaged: Vec<DamagedFile>,
    /// Backups that cannot be restored whole.
    pub damaged_backups: Vec<DamagedBackup>,
}

/// Whether a repository can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// No verification has come to its end yet.
    NotVerified,
    Sound,
    Damaged,
}

impl Health {
    /// From when it was verified, and since when damage is known.
    pub const fn of(verified: Option<DateTime<Utc>>, damaged: Option<DateTime<Utc>>) -> Self {
        match (verified, damaged) {
            (_, Some(_)) => Self::Damaged,
            (Some(_), None) => Self::Sound,
            (None, None) => Self::NotVerified,
        }
    }
}

/// A backup that cannot be restored whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedBackup {
    pub id: BackupId,
    pub name: String,
}

/// One maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceRow {
    pub id: MaintenanceId,
    pub kind: MaintenanceKind,
    pub phase: MaintenancePhase,
    pub queued: DateTime<Utc>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub progress: Progress,
    /// Whether all data is read, for a verification.
    pub whole: bool,
    /// What it came to, in a sentence.
    pub outcome: Option<String>,
    /// What failed or what it waits for, and what to do next.
    pub cause: Option<String>,
    /// `None` where it was due.
    pub created_by: Option<String>,
    pub cancel_requested: bool,
}

/// A person's wish that a repository be verified.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VerifyForm {
    pub project: String,
    /// Read all data, not the next part.
    pub whole: Ticked,
}

impl VerifyForm {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        self.project.parse().map_err(|_| RuleError::Unlisted { field: msgid("Project") })
    }
}

/// A form that names a maintenance and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MaintenanceRef {
    pub maintenance: String,
}

impl MaintenanceRef {
    pub fn maintenance(&self) -> Result<MaintenanceId, RuleError> {
        self.maintenance.parse().map_err(|_| RuleError::Unlisted { field: msgid("Maintenance") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_named_as_it_lies_in_the_bucket() {
        let file = |kind| DamagedFile { kind, id: "ab".repeat(32), damage: Damage::Missing };
        assert_eq!(file(DamagedKind::Pack).key(), format!("data/ab/{}", "ab".repeat(32)));
        assert_eq!(file(DamagedKind::Index).key(), format!("index/{}", "ab".repeat(32)));
    }

    #[test]
    fn known_damage_counts_whatever_was_verified_since() {
        let now = Some(DateTime::UNIX_EPOCH);
        assert_eq!(Health::of(None, None), Health::NotVerified);
        assert_eq!(Health::of(now, None), Health::Sound);
        assert_eq!(Health::of(now, now), Health::Damaged);
    }
}
