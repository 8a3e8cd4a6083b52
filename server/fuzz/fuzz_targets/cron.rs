//! A cron expression and a time zone: read, put into words, and the next runs computed.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use model::schedule::{CronPeriod, TimeZone};

/// 2026-11-25T00:00:00Z, and seconds from it that the input may move the clock by: eight years.
const NOW: i64 = 1_795_564_800;
const MOVES: i64 = 8 * 365 * 86_400;

/// The search for runs of a rare date goes through years, which takes milliseconds: one input of so many goes that far.
const SEARCHED: u32 = 16;

fuzz_target!(|input: (u32, &str, &str)| {
    let (moved, zone, expression) = input;
    if let Ok(period) = CronPeriod::stored(expression) {
        let _ = period.in_words();
        assert!(CronPeriod::stored(period.as_str()).is_ok(), "what was accepted is read again");
    }
    if !moved.is_multiple_of(SEARCHED) {
        return;
    }
    let now = DateTime::from_timestamp(NOW + i64::from(moved) % MOVES, 0).expect("a moment of this century");
    let zone = TimeZone::parse(zone).unwrap_or(TimeZone::UTC);
    let Ok(period) = CronPeriod::parse(expression, now) else { return };
    let runs = period.next_runs(zone, now, 5);
    assert!(runs.iter().all(|run| *run > now), "a run is not in the past");
    assert!(runs.is_sorted_by(|earlier, later| earlier < later), "no run comes twice");
});
