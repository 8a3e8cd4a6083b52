//! How far a run has come.

use chrono::{DateTime, Utc};

/// Told how a snapshot or restore proceeds. Called from several threads, up to some hundred times a
/// second: an implementation stores the figures and returns.
pub trait Progress: Send + Sync {
    /// How much there is in all. May come while work is going on already, and more than once.
    fn total(&self, files: u64, bytes: u64);
    /// That much more is done.
    fn advance(&self, files: u64, bytes: u64);

    /// The S3 service is away, and the run has waited for it since then; `None`: it waits no longer. Comes in pairs.
    fn waiting(&self, _since: Option<DateTime<Utc>>) {}
}

/// For work that nobody watches.
impl Progress for () {
    fn total(&self, _files: u64, _bytes: u64) {}
    fn advance(&self, _files: u64, _bytes: u64) {}
}
