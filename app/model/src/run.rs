//! One run as its page shows it: a backup, a restore, or maintenance.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    backup::{BackupRow, Progress},
    ids::{BackupId, MaintenanceId, RestoreId},
    language::msgid,
    maintenance::MaintenanceRow,
    restore::RestoreRow,
    rule::RuleError,
};

/// How often a backup that fails is tried, the first time included.
pub const ATTEMPTS: u32 = 4;

/// Most characters of a run's log that are kept.
pub const LONGEST_LOG: usize = 1_000_000;

/// Names a run in addresses, such as `backup-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RunRef {
    Backup(BackupId),
    Restore(RestoreId),
    Maintenance(MaintenanceId),
}

impl fmt::Display for RunRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backup(id) => write!(f, "backup-{id}"),
            Self::Restore(id) => write!(f, "restore-{id}"),
            Self::Maintenance(id) => write!(f, "maintenance-{id}"),
        }
    }
}

impl FromStr for RunRef {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unlisted = || RuleError::Unlisted { field: msgid("Run") };
        let (kind, id) = text.split_once('-').ok_or_else(unlisted)?;
        let id = id.parse().map_err(|_| unlisted())?;
        match kind {
            "backup" => Ok(Self::Backup(BackupId(id))),
            "restore" => Ok(Self::Restore(RestoreId(id))),
            "maintenance" => Ok(Self::Maintenance(MaintenanceId(id))),
            _ => Err(unlisted()),
        }
    }
}

/// What a run's page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    pub project_name: String,
    pub run: Run,
    /// The oldest line first.
    pub log: Vec<LogLine>,
    /// How long runs like it took lately, in seconds; `None` where there was none.
    pub usual: Option<u64>,
}

/// A run of one of the kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Run {
    Backup(BackupRow),
    Restore(RestoreRow),
    Maintenance(MaintenanceRow),
}

impl Run {
    /// Whether it waits for a worker, has one, or will be tried again by itself.
    pub fn goes_on(&self) -> bool {
        match self {
            Self::Backup(row) => row.phase.is_active() || row.retry_at.is_some(),
            Self::Restore(row) => row.phase.is_active(),
            Self::Maintenance(row) => row.phase.is_active(),
        }
    }
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: DateTime<Utc>,
    /// The node that did it.
    pub node: String,
    pub text: String,
}

/// What takes more room in a backup than in the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// The run is no backup with data.
    NoData,
    /// It can be compared, and nobody has asked for that.
    Offered,
    /// There is no backup before it.
    First,
    /// It takes too long.
    TooLong,
    Made {
        /// The name of the backup before.
        since: String,
        /// The most first.
        grown: Vec<Grown>,
    },
}

/// A file or folder that grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grown {
    /// From the top of the backup.
    pub path: String,
    pub is_folder: bool,
    /// How many bytes it takes more in the source.
    pub bytes: u64,
}

/// How far a run has come, by what runs like it took where its own total is not known.
///
/// Percent, at most 99 while nobody knows, and seconds left.
pub fn estimate(progress: &Progress, usual: Option<u64>) -> (Option<u8>, Option<u64>) {
    if let Some(percent) = progress.percent() {
        return (Some(percent), progress.seconds_left());
    }
    let Some(usual) = usual.filter(|usual| *usual > 0) else { return (None, None) };
    let percent = u8::try_from(progress.seconds.saturating_mul(100) / usual).unwrap_or(u8::MAX).min(99);
    (Some(percent), usual.checked_sub(progress.seconds).filter(|left| *left > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_kind_and_id() {
        for (run, name) in [
            (RunRef::Backup(BackupId(12)), "backup-12"),
            (RunRef::Restore(RestoreId(3)), "restore-3"),
            (RunRef::Maintenance(MaintenanceId(4)), "maintenance-4"),
        ] {
            assert_eq!((run.to_string().as_str(), name.parse()), (name, Ok(run)));
        }
        for wrong in ["", "12", "backup", "backup-", "backup-x", "policy-1", "backup-99999999999999999999"] {
            assert!(wrong.parse::<RunRef>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn earlier_runs_tell_how_long_it_takes_until_the_total_is_known() {
        let counting = |seconds| Progress { seconds, ..Progress::default() };
        assert_eq!(estimate(&counting(30), Some(120)), (Some(25), Some(90)));
        assert_eq!(estimate(&counting(500), Some(120)), (Some(99), None));
        assert_eq!(estimate(&counting(30), None), (None, None));
        let known = Progress { bytes: 50, total_bytes: 200, seconds: 10, ..Progress::default() };
        assert_eq!(estimate(&known, Some(1000)), (Some(25), Some(30)));
    }
}
