//! How far a run has come, from the counts of its row.

use chrono::{DateTime, Utc};
use model::backup::Progress;

use crate::{clock::Clock, error::Refusal};

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
pub type Counts = (i64, i64, i64, i64);

/// `started` is when a running one began.
pub fn progress(
    clock: &Clock,
    started: Option<DateTime<Utc>>,
    (files, bytes, all_files, all_bytes): Counts,
) -> Progress {
    let elapsed = started.map_or(0, |started| (clock.now() - started).num_seconds());
    Progress {
        files: count(files),
        bytes: count(bytes),
        total_files: count(all_files),
        total_bytes: count(all_bytes),
        seconds: count(elapsed),
    }
}

/// A count as it is stored. The database has no unsigned numbers; none of these is ever negative.
pub fn count(stored: i64) -> u64 {
    stored.try_into().unwrap_or_default()
}
