//! What is concluded from two looks at the clocks. Nothing here asks anybody.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::{Boot, Clock},
    entity::clock_watch::Model,
};

/// Corrections up to here are no jumps.
pub const TOLERATED: TimeDelta = TimeDelta::seconds(30);

/// Jumps that come to more put the clock in doubt.
const MOST: TimeDelta = TimeDelta::days(1);

/// A clock that has not jumped for so long is steady.
const STEADY_FOR: TimeDelta = TimeDelta::hours(1);

/// Clocks that differ by no more agree.
const AGREED: TimeDelta = TimeDelta::minutes(1);

/// Both clocks at the same moment.
pub struct Reading {
    pub wall: DateTime<Utc>,
    pub boot: Boot,
}

impl Reading {
    pub fn now(clock: &Clock) -> Self {
        Self { wall: clock.now(), boot: clock.boot() }
    }

    fn boot_ms(&self) -> i64 {
        self.boot.elapsed.num_milliseconds()
    }

    /// The row of the very first look, with which nothing can be compared.
    pub fn first(self, node: &str) -> Model {
        Model {
            node: node.to_owned(),
            wall_at: self.wall,
            boot_ms: self.boot_ms(),
            steady_ms: self.boot_ms(),
            boot_id: self.boot.id,
            ahead_ms: 0,
            restarted: false,
            doubtful_since: None,
            jump_ms: None,
        }
    }
}

fn ahead(row: &Model) -> TimeDelta {
    TimeDelta::milliseconds(row.ahead_ms)
}

/// How far the wall clock has jumped since `last`; back where it is negative.
///
/// Where the machine was started anew in between, or another machine was seen last, up to a day is taken for the time that
/// has passed meanwhile.
pub fn jump(last: &Model, reading: &Reading) -> TimeDelta {
    let passed = reading.wall - last.wall_at;
    if last.boot_id == reading.boot.id {
        passed - TimeDelta::milliseconds(reading.boot_ms() - last.boot_ms)
    } else if (-TOLERATED..=MOST).contains(&passed) {
        TimeDelta::zero()
    } else {
        passed
    }
}

/// What `last` becomes by this look.
pub fn seen(last: Model, reading: &Reading) -> Model {
    let jump = jump(&last, reading);
    let restarted = last.boot_id != reading.boot.id;
    let ahead = ahead(&last) + jump;
    let in_doubt = ahead.abs() > MOST || (restarted && jump < -TOLERATED);
    Model {
        wall_at: reading.wall,
        boot_id: reading.boot.id.clone(),
        boot_ms: reading.boot_ms(),
        steady_ms: if restarted || jump.abs() > TOLERATED { reading.boot_ms() } else { last.steady_ms },
        ahead_ms: ahead.num_milliseconds(),
        restarted: last.restarted || restarted,
        doubtful_since: last.doubtful_since.or(in_doubt.then(|| reading.wall - ahead)),
        jump_ms: last.jump_ms.or(in_doubt.then(|| ahead.num_milliseconds())),
        node: last.node,
    }
}

/// Whether it is so far behind that it is in doubt.
pub fn is_far_behind(row: &Model) -> bool {
    ahead(row) < -MOST
}

/// Whether the clock has been steady for long enough, and is not simply as it was, so that witnesses are worth asking.
pub fn may_settle(row: &Model) -> bool {
    let differs = row.doubtful_since.is_some() || row.restarted || ahead(row).abs() > AGREED;
    differs && is_steady(row)
}

/// Whether it has not jumped for an hour.
pub fn is_steady(row: &Model) -> bool {
    TimeDelta::milliseconds(row.boot_ms - row.steady_ms) >= STEADY_FOR
}

/// Whether a clock that has been steady is right, where `differences` are those to the witnesses that there are. They
/// are asked at the end alone: the clock has kept step with the boot clock for all that time, so one that agrees now has
/// agreed throughout.
pub fn is_settled(row: &Model, differences: &[TimeDelta]) -> bool {
    let agree = differences.iter().all(|difference| difference.abs() <= AGREED);
    if agree && !differences.is_empty() {
        return true;
    }
    // Back to where it was before it jumped. How long a start of the machine took, nobody knows.
    let slack = if row.restarted { MOST } else { AGREED };
    let as_before = (-AGREED..=slack).contains(&ahead(row));
    (as_before && (agree || !row.restarted)) || (row.doubtful_since.is_none() && agree)
}

/// From now on the clock is right as it is.
pub fn trusted(row: Model) -> Model {
    Model { ahead_ms: 0, restarted: false, doubtful_since: None, jump_ms: None, ..row }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: TimeDelta = TimeDelta::minutes(1);

    fn reading(boot: &str, wall_minutes: i64, boot_minutes: i64) -> Reading {
        let start: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();
        let boot = Boot { id: boot.to_owned(), elapsed: MINUTE * i32::try_from(boot_minutes).unwrap() };
        Reading { wall: start + TimeDelta::minutes(wall_minutes), boot }
    }

    /// How far it is ahead, in minutes, and whether it is in doubt.
    fn after(readings: &[Reading]) -> (i64, bool) {
        let first = reading("a", 0, 0).first("here");
        let row = readings.iter().fold(first, seen);
        (row.ahead_ms / 60_000, row.doubtful_since.is_some())
    }

    const DAY: i64 = 24 * 60;

    #[test]
    fn jumps_are_what_the_boot_clock_has_not_counted() {
        assert_eq!(after(&[reading("a", 7 * DAY, 7 * DAY)]), (0, false), "a week without the process");
        assert_eq!(after(&[reading("a", -120, 0)]), (-120, false));
        assert_eq!(after(&[reading("a", DAY, 0)]), (DAY, false));
        assert_eq!(after(&[reading("a", DAY + 1, 0)]), (DAY + 1, true));
        assert_eq!(after(&[reading("a", -DAY - 1, 0)]), (-DAY - 1, true));
        assert_eq!(after(&[reading("a", DAY, 0), reading("a", DAY + 2, 1)]), (DAY + 1, true), "in two steps");
        assert_eq!(after(&[reading("a", 3650 * DAY, 0), reading("a", 2, 2)]), (0, true), "and back");
    }

    #[test]
    fn a_start_of_the_machine_takes_less_than_a_day_and_no_time_back() {
        assert_eq!(after(&[reading("b", 20, 1)]), (0, false));
        assert_eq!(after(&[reading("b", DAY, 1)]), (0, false));
        assert_eq!(after(&[reading("b", DAY + 1, 1)]), (DAY + 1, true));
        assert_eq!(after(&[reading("b", -1, 1)]), (-1, true));
    }

    fn settles(readings: &[Reading], differences: &[TimeDelta]) -> bool {
        let row = readings.iter().fold(reading("a", 0, 0).first("here"), seen);
        may_settle(&row) && is_settled(&row, differences)
    }

    #[test]
    fn an_hour_is_waited_for_and_then_the_witnesses_decide() {
        let ahead = |minutes| [reading("a", 2 * DAY, 0), reading("a", 2 * DAY + minutes, minutes)];
        let agrees = [TimeDelta::seconds(3)];
        assert!(!settles(&ahead(59), &agrees));
        assert!(settles(&ahead(60), &agrees));
        assert!(!settles(&ahead(60), &[]), "nobody else says so");
        assert!(!settles(&ahead(60), &[agrees[0], MINUTE * 2]), "they contradict each other");
        let back = |minutes| [reading("a", 2 * DAY, 0), reading("a", 1, 1), reading("a", minutes, minutes)];
        assert!(!settles(&back(60), &[]));
        assert!(settles(&back(61), &[]));
        assert!(settles(&back(61), &[MINUTE * 2]), "it is where it was");
        let restarted = [reading("b", -5 * DAY, 0), reading("b", 9, 1), reading("b", 69, 61)];
        assert!(settles(&restarted, &[]));
        assert!(!settles(&restarted, &[MINUTE * 2]), "it may have taken another time");
    }

    #[test]
    fn a_small_correction_is_accepted_unless_a_witness_contradicts() {
        let corrected = [reading("a", -120, 0), reading("a", -60, 60)];
        assert!(settles(&corrected, &[]) && settles(&corrected, &[MINUTE]));
        assert!(!settles(&corrected, &[MINUTE * 120]));
    }
}
