//! Clocks that stand still, and that a test sets.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::{Boot, Timepiece};

#[derive(Clone)]
pub struct TestTime(Arc<Mutex<Hands>>);

struct Hands {
    wall: DateTime<Utc>,
    boot: Boot,
    /// How far what other machines tell is from the wall clock.
    others: Option<TimeDelta>,
}

impl TestTime {
    pub fn new(wall: DateTime<Utc>) -> Self {
        let boot = Boot { id: "first".to_owned(), elapsed: TimeDelta::hours(1) };
        Self(Arc::new(Mutex::new(Hands { wall, boot, others: None })))
    }

    /// Time passes.
    pub fn pass(&self, time: TimeDelta) {
        let mut hands = self.0.lock().unwrap();
        hands.wall += time;
        hands.boot.elapsed += time;
    }

    /// The wall clock jumps, and nothing else.
    pub fn jump(&self, jump: TimeDelta) {
        let mut hands = self.0.lock().unwrap();
        hands.wall += jump;
        hands.others = hands.others.map(|others| others - jump);
    }

    /// The machine is started anew.
    pub fn reboot(&self, id: &str) {
        self.0.lock().unwrap().boot = Boot { id: id.to_owned(), elapsed: TimeDelta::zero() };
    }

    /// Other machines tell a time, so far from the wall clock of now.
    pub fn hear(&self, difference: TimeDelta) {
        self.0.lock().unwrap().others = Some(difference);
    }
}

impl Timepiece for TestTime {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().unwrap().wall
    }

    fn boot(&self) -> Boot {
        self.0.lock().unwrap().boot.clone()
    }

    fn heard(&self) -> Option<DateTime<Utc>> {
        let hands = self.0.lock().unwrap();
        hands.others.map(|others| hands.wall + others)
    }
}
