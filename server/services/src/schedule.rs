//! What a stored policy says of times: when it runs next, and which backups it keeps.

use chrono::{DateTime, Utc};
use model::{
    keep::KeepCounts,
    schedule::{CronPeriod, TimeZone},
};

use crate::entity::policy;

/// The next time of a stored schedule; `None` where it is not understood any more.
pub fn next_run(row: &policy::Model, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let schedule = CronPeriod::stored(&row.cron).and_then(|cron| Ok((cron, TimeZone::parse(&row.time_zone)?)));
    match schedule {
        Ok((cron, zone)) => cron.next_after(zone, after),
        Err(error) => {
            tracing::error!(policy = row.id, %error, "a stored schedule is not understood");
            None
        }
    }
}

pub fn keep(row: &policy::Model) -> KeepCounts {
    let count = |stored: i32| u16::try_from(stored).unwrap_or_default();
    KeepCounts {
        last: count(row.keep_last),
        hourly: count(row.keep_hourly),
        daily: count(row.keep_daily),
        weekly: count(row.keep_weekly),
        monthly: count(row.keep_monthly),
        yearly: count(row.keep_yearly),
    }
}
