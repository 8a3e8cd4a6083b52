//! Whether the dispatcher ticks.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

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
    pub(crate) fn silence(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_dispatcher_that_stands_still_is_noticed_and_a_tick_makes_it_good() {
        let Some(since) = Instant::now().checked_sub(LONG * 2) else { return };
        let pulse = Pulse { since, last: AtomicU64::new(0) };
        assert!(pulse.silence() >= LONG);
        pulse.beat();
        assert!(pulse.silence() < LONG);
    }
}
