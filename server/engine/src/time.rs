//! The time that nobody on this machine can set: that since its start, and what S3 services say it is.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::time::{ClockId, clock_gettime};

/// The time that an S3 service told last, less the time since the machine's start when it did, in milliseconds. One
/// number, so that the two belong together.
static HEARD: AtomicI64 = AtomicI64::new(NOTHING);

const NOTHING: i64 = i64::MIN;

/// The time since the machine was started, suspended or not (`CLOCK_BOOTTIME`, `clock_gettime(2)`). Setting the wall
/// clock does not change it.
pub fn boot_time() -> Duration {
    let since = clock_gettime(ClockId::Boottime);
    let (seconds, nanoseconds) = (u64::try_from(since.tv_sec), u32::try_from(since.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// The present time by the `Date` (RFC 9110, section 6.6.1) of the newest answer of any S3 service to this process, to
/// the second; `None` where there was none yet. The time since that answer is counted by [`boot_time`], so that the wall
/// clock has no part in it.
pub fn heard_time() -> Option<DateTime<Utc>> {
    match HEARD.load(Ordering::Relaxed) {
        NOTHING => None,
        offset => DateTime::from_timestamp_millis(offset.saturating_add(boot_milliseconds())),
    }
}

/// Notes the `Date` of an answer. What is no date is passed over.
pub fn hear(date: &str) {
    if let Ok(told) = DateTime::parse_from_rfc2822(date) {
        // Cut to the second, it is half a second old on average.
        let told = told + TimeDelta::milliseconds(500);
        HEARD.store(told.timestamp_millis() - boot_milliseconds(), Ordering::Relaxed);
    }
}

fn boot_milliseconds() -> i64 {
    i64::try_from(boot_time().as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_goes_on_and_nonsense_is_passed_over() {
        hear("Sun, 29 Nov 2026 12:00:00 GMT");
        let told: DateTime<Utc> = "2026-11-29T12:00:00Z".parse().unwrap();
        let within = |time: DateTime<Utc>| (TimeDelta::zero()..TimeDelta::minutes(1)).contains(&(time - told));
        assert!(heard_time().is_some_and(within), "{:?}", heard_time());
        hear("yesterday");
        assert!(heard_time().is_some_and(within));
        assert!(boot_time() > Duration::ZERO);
    }
}
