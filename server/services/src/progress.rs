//! How far a run has come, from the counts of its row.

use chrono::{DateTime, Utc};
use model::backup::Progress;

use crate::{
    clock::Clock,
    entity::{backup, maintenance, restore},
    error::Refusal,
};

/// Why nothing can be done about a run in the state that it is in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunConflict {
    #[error("{}", tr!("This has already ended and cannot be cancelled"))]
    AlreadyEnded,
    #[error("{}", tr!("This is still running. Cancel it first"))]
    StillRunning,
}

impl Refusal for RunConflict {}

/// Files and bytes that are done, and files and bytes in all, as they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub files: i64,
    pub bytes: i64,
    pub total_files: i64,
    pub total_bytes: i64,
    pub waiting_since: Option<DateTime<Utc>>,
}

macro_rules! counts_of {
    ($($table:ident),+) => {$(
        impl From<&$table::Model> for Counts {
            fn from(row: &$table::Model) -> Self {
                Self {
                    files: row.done_files,
                    bytes: row.done_bytes,
                    total_files: row.total_files,
                    total_bytes: row.total_bytes,
                    waiting_since: row.waiting_since,
                }
            }
        }
    )+};
}

counts_of!(backup, restore, maintenance);

/// `started` is when a running one began.
pub fn progress(
    clock: &Clock,
    started: Option<DateTime<Utc>>,
    Counts { files, bytes, total_files, total_bytes, waiting_since }: Counts,
) -> Progress {
    let elapsed = started.map_or(0, |started| (clock.now() - started).num_seconds());
    Progress {
        files: count(files),
        bytes: count(bytes),
        total_files: count(total_files),
        total_bytes: count(total_bytes),
        seconds: count(elapsed),
        waiting_since,
    }
}

/// A count as it is stored. The database has no unsigned numbers; none of these is ever negative.
pub fn count(stored: i64) -> u64 {
    stored.try_into().unwrap_or_default()
}
