//! A retention period, and the counts beside it with a list of backups.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use model::{
    form::FormCheck,
    keep::KeepForm,
    retention::Retention,
    schedule::TimeZone,
};

/// Backups are at most so many seconds old: the year 1970 is the oldest.
const NOW: i64 = 1_795_564_800;

fuzz_target!(|input: (&str, [&str; 6], &str, Vec<u32>)| {
    let (text, [last, hourly, daily, weekly, monthly, yearly], zone, ages) = input;
    if let Ok(retention) = Retention::parse(text) {
        assert_eq!(Retention::parse(&retention.to_string()).ok(), Some(retention), "what is shown is read again");
    }
    let [last, hourly, daily, weekly, monthly, yearly] =
        [last, hourly, daily, weekly, monthly, yearly].map(str::to_owned);
    let form = KeepForm { last, hourly, daily, weekly, monthly, yearly };
    let Some(counts) = form.parse(&mut FormCheck::default()) else { return };
    let mut backups: Vec<_> = ages
        .iter()
        .filter_map(|age| DateTime::from_timestamp(NOW - i64::from(*age) % NOW, 0))
        .collect();
    backups.sort_unstable_by(|left, right| right.cmp(left));
    let kept = counts.kept(&backups, TimeZone::parse(zone).unwrap_or(TimeZone::UTC));
    assert_eq!(kept.len(), backups.len());
});
