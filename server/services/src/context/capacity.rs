//! The runs that this process works on.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How long a run is alone that a process did not survive. What ends a process does so soon; a run that is only long
/// would keep all others waiting.
const ALONE_FOR: Duration = Duration::from_hours(1);

/// The runs of one process.
#[derive(Default)]
pub struct Capacity {
    runs: Mutex<Runs>,
    /// Held while a worker looks for a run, so that each of them sees what the one before has taken.
    claiming: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Runs {
    next: u64,
    working: HashMap<u64, Working>,
    /// Whose run was claimed last.
    last: Option<i64>,
}

struct Working {
    /// `None` where the database does not say whose run it is.
    organization: Option<i64>,
    /// Until when nothing is claimed beside it.
    alone_until: Option<Instant>,
}

/// A run that is worked on, until it is dropped.
pub struct Taken<'a> {
    capacity: &'a Capacity,
    number: u64,
}

impl Capacity {
    /// Keeps other workers from claiming until it is dropped.
    pub async fn claiming(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.claiming.lock().await
    }

    /// Notes a claimed run of the organization; one that a process has not survived before has to be `alone`.
    pub fn take(&self, organization: Option<i64>, alone: bool) -> Taken<'_> {
        let mut runs = self.runs();
        runs.next += 1;
        let number = runs.next;
        let alone_until = alone.then(|| Instant::now() + ALONE_FOR);
        runs.working.insert(number, Working { organization, alone_until });
        runs.last = organization;
        Taken { capacity: self, number }
    }

    /// Whether a run that has to be alone keeps others waiting.
    pub fn is_closed(&self) -> bool {
        let now = Instant::now();
        self.runs().working.values().any(|run| run.alone_until.is_some_and(|until| until > now))
    }

    pub fn is_idle(&self) -> bool {
        self.runs().working.is_empty()
    }

    pub fn last(&self) -> Option<i64> {
        self.runs().last
    }

    /// How many runs each organization has here.
    pub fn held(&self) -> HashMap<i64, usize> {
        count(self.runs().working.values().filter_map(|run| run.organization))
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.capacity.runs().working.remove(&self.number);
    }
}

/// How often each organization is among these.
pub fn count(organizations: impl Iterator<Item = i64>) -> HashMap<i64, usize> {
    let mut counts = HashMap::new();
    for organization in organizations {
        *counts.entry(organization).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worked_on_counts_until_it_ends() {
        let capacity = Capacity::default();
        assert!(capacity.is_idle());
        let (first, second) = (capacity.take(Some(7), false), capacity.take(Some(7), false));
        assert_eq!(capacity.held(), HashMap::from([(7, 2)]));
        drop(first);
        assert_eq!((capacity.held(), capacity.last()), (HashMap::from([(7, 1)]), Some(7)));
        drop(second);
        assert!(capacity.is_idle());
    }

    #[test]
    fn a_run_that_has_to_be_alone_keeps_others_waiting() {
        let capacity = Capacity::default();
        let alone = capacity.take(Some(7), true);
        assert!(capacity.is_closed());
        drop(alone);
        assert!(!capacity.is_closed());
    }
}
