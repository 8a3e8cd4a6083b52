//! Moments in words: UTC, so that a server and a browser write the same.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};

pub type Moment = DateTime<Utc>;

/// The day, such as `2026-11-24`.
pub fn date(at: Moment) -> String {
    day(at.date_naive())
}

/// A day, such as `2026-11-24`.
pub fn day(date: NaiveDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

/// The time of day to the minute, such as `20:37 UTC`.
pub fn clock(at: Moment) -> String {
    format!("{} UTC", of_day(at))
}

/// The time of day alone, such as `20:37`, of a moment that was moved to some zone's clock.
pub fn of_day(at: Moment) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// To the second, such as `2026-11-24 20:37:05 UTC`.
pub fn exact(at: Moment) -> String {
    format!("{} {}:{:02} UTC", date(at), of_day(at), at.second())
}

/// The second alone, in two digits.
pub fn second(at: Moment) -> String {
    format!("{:02}", at.second())
}

/// How far away a moment is, such as "5 min ago" or "in 3 h"; `None` where it is a week or more.
pub fn away(at: Moment, now: Moment) -> Option<String> {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const WEEK: u64 = 7 * DAY;
    let seconds = now.signed_duration_since(at).num_seconds();
    let (past, far) = (seconds >= 0, seconds.unsigned_abs());
    Some(match (far, past) {
        (..MINUTE, true) => tr!("just now"),
        (..MINUTE, false) => tr!("in a moment"),
        (..HOUR, true) => tr!("{} min ago", far / MINUTE),
        (..HOUR, false) => tr!("in {} min", far / MINUTE),
        (..DAY, true) => tr!("{} h ago", far / HOUR),
        (..DAY, false) => tr!("in {} h", far / HOUR),
        (..WEEK, true) => tr!("{n} day ago" | "{n} days ago" % far / DAY),
        (..WEEK, false) => tr!("in {n} day" | "in {n} days" % far / DAY),
        _ => return None,
    })
}

/// So many minutes later, or earlier where they are negative.
pub fn later(at: Moment, minutes: i64) -> Moment {
    TimeDelta::try_minutes(minutes).and_then(|span| at.checked_add_signed(span)).unwrap_or(at)
}

/// Both, such as `2026-11-24 20:37 UTC`.
pub fn text(at: Moment) -> String {
    format!("{} {}", date(at), clock(at))
}

/// The form that HTML's `datetime` takes, to the second.
pub fn machine(at: Moment) -> String {
    format!("{}T{:02}:{:02}:{:02}Z", date(at), at.hour(), at.minute(), at.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_moments_are_told_by_their_distance() {
        let now: Moment = "2026-01-04T05:06:07Z".parse().unwrap();
        let told = |minutes| away(later(now, minutes), now);
        for (minutes, words) in
            [(0, "just now"), (-59, "59 min ago"), (90, "in 1 h"), (-24 * 60, "1 day ago"), (6 * 24 * 60, "in 6 days")]
        {
            assert_eq!(told(minutes).as_deref(), Some(words));
        }
        assert_eq!((told(-7 * 24 * 60), told(7 * 24 * 60)), (None, None));
    }

    #[test]
    fn moments_are_written_to_the_minute() {
        let at: Moment = "2026-01-04T05:06:07Z".parse().unwrap();
        assert_eq!(text(at), "2026-01-04 05:06 UTC");
        assert_eq!(machine(at), "2026-01-04T05:06:07Z");
        assert_eq!(exact(at), "2026-01-04 05:06:07 UTC");
        assert_eq!((of_day(later(at, -330)), date(later(at, -330))), ("23:36".to_owned(), "2026-01-03".to_owned()));
    }
}
