//! Whether this process can do its work.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use crate::start::Services;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The dispatcher ticks every second. After so long without a tick it stands still, on the busiest machine too.
const SILENCE: Duration = Duration::from_mins(1);

/// What a process needs to do its work, and whether it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The database answers.
    pub database: bool,
    /// Schedules are looked at.
    pub scheduler: bool,
}

impl Readiness {
    pub const fn is_ready(self) -> bool {
        self.database && self.scheduler
    }
}

/// Looks at the database and the scheduler. Takes 5 seconds at most.
pub async fn readiness(services: &Services) -> Readiness {
    let database = match tokio::time::timeout(PATIENCE, services.db().ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready: the database does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("not ready: the database does not answer in time");
            false
        }
    };
    Readiness { database, scheduler: services.pulse().silence() < SILENCE }
}

/// When the dispatcher was last seen.
#[derive(Debug)]
pub(crate) struct Pulse {
    since: Instant,
    /// Milliseconds after `since`.
    last: AtomicU64,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), last: AtomicU64::new(0) }
    }

    pub(crate) fn beat(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// How long ago the last beat was, or the start where there was none yet.
    fn silence(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatcher_that_stands_still_is_noticed_and_a_tick_makes_it_good() {
        let Some(since) = Instant::now().checked_sub(SILENCE * 2) else { return };
        let pulse = Pulse { since, last: AtomicU64::new(0) };
        assert!(pulse.silence() >= SILENCE);
        pulse.beat();
        assert!(pulse.silence() < SILENCE);
    }
}
