//! Moments in words: always UTC, so that a server and a browser write the same.

use chrono::{DateTime, Datelike, Timelike, Utc};

pub type Moment = DateTime<Utc>;

/// The day, such as `2026-11-24`.
pub fn date(at: Moment) -> String {
    format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day())
}

/// The time of day to the minute, such as `20:37 UTC`.
pub fn clock(at: Moment) -> String {
    format!("{:02}:{:02} UTC", at.hour(), at.minute())
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
    }
}
