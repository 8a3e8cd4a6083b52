//! How a project stands, the worst first.

use model::{backup::BackupPhase, project::ProjectRow};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Failed,
    PartiallyFailed,
    /// The last run was skipped or cancelled.
    Missed,
    Running,
    /// Backup is on, but there is no backup yet.
    Waiting,
    Protected,
    Off,
}

impl Standing {
    pub fn of(row: &ProjectRow) -> Self {
        let Some(last) = &row.last_backup else {
            return if row.backup_enabled { Self::Waiting } else { Self::Off };
        };
        match last.phase {
            BackupPhase::Queued | BackupPhase::InProgress => Self::Running,
            _ if !row.backup_enabled => Self::Off,
            BackupPhase::Failed => Self::Failed,
            BackupPhase::PartiallyFailed => Self::PartiallyFailed,
            BackupPhase::Cancelled | BackupPhase::Skipped => Self::Missed,
            BackupPhase::Completed | BackupPhase::Deleting => Self::Protected,
        }
    }

    pub const fn needs_attention(self) -> bool {
        matches!(self, Self::Failed | Self::PartiallyFailed | Self::Missed)
    }
}
