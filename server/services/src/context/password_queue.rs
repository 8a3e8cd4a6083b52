//! Who may have a password looked at: bounded in number and in time, so that a flood of sign-ins costs those alone who
//! take part in it.
//!
//! There are two lanes. One is for networks from which somebody signed in lately, and for people who are signed in; the
//! other one for everybody else. Where a lane is full, whoever comes is refused at once, before the database is asked
//! for anything.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::error::ServiceError;

/// Passwords that are looked at in the same moment, each with 19 MiB, of known networks and of others.
const KNOWN_AT_ONCE: usize = 3;
const OTHERS_AT_ONCE: usize = 5;

/// How many may be in a lane: those whose password is looked at, and those who wait.
const KNOWN_PLACES: usize = 32;
const OTHER_PLACES: usize = 40;

/// How many of the known networks' places one of them may have. What it sends more waits with the others.
const PLACES_OF_A_NETWORK: usize = 8;

/// How long somebody with a place waits for their turn.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// After how many seconds a refused person may try again.
const TRY_AGAIN_AFTER: u64 = 5;

/// Sign-ins that may fail from unknown networks at once, and how many more each second: so that guesses from ever new
/// networks do not keep the processors busy for hours.
const BUDGET: f64 = 500.0;
const BUDGET_PER_SECOND: f64 = 5.0;

/// The lanes of one process.
pub struct PasswordQueue {
    known: Lane,
    others: Lane,
    /// The places that each known network has.
    held: Arc<Mutex<HashMap<String, usize>>>,
    budget: Arc<Mutex<Budget>>,
}

struct Lane {
    places: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
}

/// A place in a lane, until it is dropped.
pub struct Place {
    at_once: Arc<Semaphore>,
    _in_lane: OwnedSemaphorePermit,
    _of_network: Option<OfNetwork>,
    /// What the place has cost, where it costs something.
    paid_from: Option<Arc<Mutex<Budget>>>,
}

/// One of the places that a network has.
struct OfNetwork {
    network: String,
    held: Arc<Mutex<HashMap<String, usize>>>,
}

/// A bucket of tokens that fills up again.
struct Budget {
    left: f64,
    at: Instant,
}

impl PasswordQueue {
    pub fn new() -> Self {
        Self {
            known: Lane::new(KNOWN_AT_ONCE, KNOWN_PLACES),
            others: Lane::new(OTHERS_AT_ONCE, OTHER_PLACES),
            held: Arc::default(),
            budget: Arc::new(Mutex::new(Budget { left: BUDGET, at: Instant::now() })),
        }
    }

    /// A place for a known network.
    pub fn enter_known(&self, network: &str) -> Option<Place> {
        let of_network = OfNetwork::take(&self.held, network)?;
        let place = self.known.enter()?;
        Some(Place { _of_network: Some(of_network), ..place })
    }

    /// A place for an unknown network. It costs one of the budget, until it turns out that the password was right.
    pub fn enter_others(&self) -> Option<Place> {
        let place = self.others.enter()?;
        let paid = self.budget.lock().unwrap_or_else(PoisonError::into_inner).pay(Instant::now());
        paid.then(|| Place { paid_from: Some(self.budget.clone()), ..place })
    }

    /// A place for somebody who is known by other means than the network.
    pub fn enter_trusted(&self) -> Option<Place> {
        self.known.enter().or_else(|| self.others.enter())
    }
}

/// That all places are taken.
pub const fn busy() -> ServiceError {
    ServiceError::Busy { seconds: TRY_AGAIN_AFTER }
}

impl Place {
    /// The turn, when it has come. It lasts until it is dropped, also where whoever asked has gone meanwhile.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, ServiceError> {
        self.turn_within(LONGEST_WAIT).await
    }

    async fn turn_within(&self, longest: Duration) -> Result<OwnedSemaphorePermit, ServiceError> {
        match timeout(longest, self.at_once.clone().acquire_owned()).await {
            Ok(Ok(turn)) => Ok(turn),
            // Closed is the semaphore never.
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// The password was right, so the place costs nothing.
    pub fn succeeded(self) {
        if let Some(budget) = &self.paid_from {
            budget.lock().unwrap_or_else(PoisonError::into_inner).give_back();
        }
    }
}

impl Lane {
    fn new(at_once: usize, places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), at_once: Arc::new(Semaphore::new(at_once)) }
    }

    fn enter(&self) -> Option<Place> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Place { at_once: self.at_once.clone(), _in_lane: place, _of_network: None, paid_from: None })
    }
}

impl OfNetwork {
    fn take(held: &Arc<Mutex<HashMap<String, usize>>>, network: &str) -> Option<Self> {
        let mut counts = held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network.to_owned()).or_default();
        if *count >= PLACES_OF_A_NETWORK {
            return None;
        }
        *count += 1;
        Some(Self { network: network.to_owned(), held: held.clone() })
    }
}

impl Drop for OfNetwork {
    fn drop(&mut self) {
        let mut counts = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

impl Budget {
    /// Takes one, where there is one.
    fn pay(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * BUDGET_PER_SECOND).min(BUDGET);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }

    fn give_back(&mut self) {
        self.left = (self.left + 1.0).min(BUDGET);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_refuses_at_once_and_leaves_the_other_one_alone() {
        let queue = PasswordQueue::new();
        let strangers: Vec<_> = (0..OTHER_PLACES).map(|_| queue.enter_others().unwrap()).collect();
        assert!(queue.enter_others().is_none());
        assert!(queue.enter_known("home").is_some());
        drop(strangers);
        assert!(queue.enter_others().is_some());
    }

    #[test]
    fn one_known_network_does_not_fill_the_lane() {
        let queue = PasswordQueue::new();
        let home: Vec<_> = (0..PLACES_OF_A_NETWORK).map(|_| queue.enter_known("home").unwrap()).collect();
        assert!(queue.enter_known("home").is_none());
        assert!(queue.enter_known("office").is_some());
        drop(home);
        assert!(queue.enter_known("home").is_some());
        assert!(queue.held.lock().unwrap().is_empty(), "nothing is left behind");
    }

    #[test]
    fn failures_from_unknown_networks_have_a_budget() {
        let queue = PasswordQueue::new();
        let spend = || queue.enter_others().is_some();
        let spent = std::iter::repeat_with(spend).take_while(|entered| *entered).count();
        // It fills up while it is spent.
        assert!((500..520).contains(&spent), "{spent}");
        assert!(queue.enter_known("home").is_some(), "known networks have none");
        queue.budget.lock().unwrap().give_back();
        queue.enter_others().unwrap().succeeded();
        assert!(queue.enter_others().is_some(), "what was right costs nothing");
        let mut budget = Budget { left: 0.0, at: Instant::now() };
        let later = budget.at + Duration::from_secs(2);
        assert_eq!((0..12).filter(|_| budget.pay(later)).count(), 10);
    }

    #[tokio::test]
    async fn a_place_waits_so_long_and_no_longer() {
        let queue = PasswordQueue::new();
        let places: Vec<_> = (0..=OTHERS_AT_ONCE).map(|_| queue.enter_others().unwrap()).collect();
        let mut turns = Vec::new();
        for place in &places[1..] {
            turns.push(place.turn().await.unwrap());
        }
        let refused = places[0].turn_within(Duration::from_millis(10)).await;
        assert!(matches!(refused, Err(ServiceError::Busy { .. })));
        turns.pop();
        assert!(places[0].turn().await.is_ok());
    }
}
