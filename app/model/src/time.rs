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
    fn moments_are_written_to_the_minute() {
        let at: Moment = "2026-01-04T05:06:07Z".parse().unwrap();
        assert_eq!(text(at), "2026-01-04 05:06 UTC");
        assert_eq!(machine(at), "2026-01-04T05:06:07Z");
        assert_eq!(exact(at), "2026-01-04 05:06:07 UTC");
        assert_eq!((of_day(later(at, -330)), date(later(at, -330))), ("23:36".to_owned(), "2026-01-03".to_owned()));
    }
}
