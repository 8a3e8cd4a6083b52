//! Backups that are kept beyond their retention period: the last ones, and one for each of some hours, days and so on.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::{form::FormCheck, language::msgid, retention::Retention, rule::RuleError, schedule::TimeZone};

/// Most backups that one count keeps.
pub const MOST_KEPT: u16 = 1000;

/// The counts as typed; empty keeps none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeepForm {
    pub last: String,
    pub hourly: String,
    pub daily: String,
    pub weekly: String,
    pub monthly: String,
    pub yearly: String,
}

/// How many backups are kept whatever their age. As with restic, the newest of an hour, day, ISO week, month or year
/// stands for it, and hours without a backup do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeepCounts {
    pub last: u16,
    pub hourly: u16,
    pub daily: u16,
    pub weekly: u16,
    pub monthly: u16,
    pub yearly: u16,
}

impl KeepForm {
    /// The counts, with what is wrong noted at `keep.last` and so on.
    pub fn parse(&self, check: &mut FormCheck) -> Option<KeepCounts> {
        let last = check.field("keep.last", count(msgid("Keep Last"), &self.last));
        let hourly = check.field("keep.hourly", count(msgid("Keep Hourly"), &self.hourly));
        let daily = check.field("keep.daily", count(msgid("Keep Daily"), &self.daily));
        let weekly = check.field("keep.weekly", count(msgid("Keep Weekly"), &self.weekly));
        let monthly = check.field("keep.monthly", count(msgid("Keep Monthly"), &self.monthly));
        let yearly = check.field("keep.yearly", count(msgid("Keep Yearly"), &self.yearly));
        Some(KeepCounts {
            last: last?,
            hourly: hourly?,
            daily: daily?,
            weekly: weekly?,
            monthly: monthly?,
            yearly: yearly?,
        })
    }
}

fn count(field: &'static str, text: &str) -> Result<u16, RuleError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().ok().filter(|count| *count <= MOST_KEPT).ok_or(RuleError::Count { field, max: MOST_KEPT })
}

impl From<KeepCounts> for KeepForm {
    fn from(counts: KeepCounts) -> Self {
        let text = |count: u16| if count == 0 { String::new() } else { count.to_string() };
        Self {
            last: text(counts.last),
            hourly: text(counts.hourly),
            daily: text(counts.daily),
            weekly: text(counts.weekly),
            monthly: text(counts.monthly),
            yearly: text(counts.yearly),
        }
    }
}

impl KeepCounts {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Which of the backups are kept, given their times from the newest to the oldest. Hours, days and so on are those of
    /// the zone.
    pub fn kept(&self, newest_first: &[DateTime<Utc>], zone: TimeZone) -> Vec<bool> {
        let mut kept: Vec<bool> = (0..newest_first.len()).map(|index| index < usize::from(self.last)).collect();
        let local: Vec<NaiveDateTime> = newest_first.iter().map(|time| zone.wall_clock(*time)).collect();
        let rules: [(u16, Period); 5] = [
            (self.hourly, |at| (at.year(), at.ordinal(), at.hour())),
            (self.daily, |at| (at.year(), at.ordinal(), 0)),
            (self.weekly, |at| (at.iso_week().year(), at.iso_week().week(), 0)),
            (self.monthly, |at| (at.year(), at.month(), 0)),
            (self.yearly, |at| (at.year(), 0, 0)),
        ];
        for (count, period) in rules {
            keep_newest_of_each(&mut kept, &local, count, period);
        }
        kept
    }
}

/// Which of a policy's backups remain at `now`, given their times from the newest to the oldest: those whose retention
/// period has not ended, those that the counts keep, and the newest.
pub fn remaining(
    newest_first: &[DateTime<Utc>],
    now: DateTime<Utc>,
    retention: Retention,
    counts: KeepCounts,
    zone: TimeZone,
) -> Vec<bool> {
    let kept = counts.kept(newest_first, zone).into_iter();
    let remains =
        |((index, time), kept): ((usize, &DateTime<Utc>), bool)| index == 0 || kept || retention.end(*time) > now;
    newest_first.iter().enumerate().zip(kept).map(remains).collect()
}

/// Names the hour, day and so on that a time lies in.
type Period = fn(NaiveDateTime) -> (i32, u32, u32);

fn keep_newest_of_each(kept: &mut [bool], local: &[NaiveDateTime], count: u16, period: Period) {
    let mut last = None;
    let mut left = count;
    for (kept, at) in kept.iter_mut().zip(local) {
        if left == 0 {
            return;
        }
        let this = Some(period(*at));
        if this != last {
            *kept = true;
            last = this;
            left -= 1;
        }
    }
}

impl KeepCounts {
    /// As people read it, such as `last 3, 7 daily, 12 monthly`; nothing where nothing is kept.
    pub fn in_words(self) -> String {
        let parts = [
            (self.last, tr!("last {n}" | "last {n}" % self.last)),
            (self.hourly, tr!("{n} hourly" | "{n} hourly" % self.hourly)),
            (self.daily, tr!("{n} daily" | "{n} daily" % self.daily)),
            (self.weekly, tr!("{n} weekly" | "{n} weekly" % self.weekly)),
            (self.monthly, tr!("{n} monthly" | "{n} monthly" % self.monthly)),
            (self.yearly, tr!("{n} yearly" | "{n} yearly" % self.yearly)),
        ];
        let kept = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words);
        kept.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for KeepCounts {
    /// As the audit log writes it: the same, in English whatever the reader's language.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.last > 0 {
            parts.push(format!("last {}", self.last));
        }
        let of_each = [
            (self.hourly, "hourly"),
            (self.daily, "daily"),
            (self.weekly, "weekly"),
            (self.monthly, "monthly"),
            (self.yearly, "yearly"),
        ];
        parts.extend(of_each.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn kept(counts: KeepCounts, times: &[&str], zone: &str) -> Vec<usize> {
        let times: Vec<_> = times.iter().map(|time| at(time)).collect();
        let kept = counts.kept(&times, TimeZone::parse(zone).unwrap());
        kept.iter().enumerate().filter_map(|(index, kept)| kept.then_some(index)).collect()
    }

    #[test]
    fn the_newest_of_each_day_stands_for_it() {
        let times = [
            "2026-11-24T20:00:00Z",
            "2026-11-24T08:00:00Z",
            "2026-11-22T23:30:00Z",
            "2026-11-22T08:00:00Z",
            "2026-10-01T08:00:00Z",
        ];
        let daily = KeepCounts { daily: 2, ..KeepCounts::default() };
        assert_eq!(kept(daily, &times, "UTC"), [0, 2], "a day without a backup does not count");
        let three = KeepCounts { daily: 3, ..KeepCounts::default() };
        assert_eq!(kept(three, &times, "Europe/Prague"), [0, 2, 3], "23:30 in London is the next day in Prague");
        let more = KeepCounts { last: 2, monthly: 2, ..KeepCounts::default() };
        assert_eq!(kept(more, &times, "UTC"), [0, 1, 4]);
    }

    #[test]
    fn a_week_may_lie_in_two_years() {
        let times = ["2026-01-01T08:00:00Z", "2025-12-30T08:00:00Z", "2025-12-27T08:00:00Z"];
        let weekly = KeepCounts { weekly: 2, ..KeepCounts::default() };
        assert_eq!(kept(weekly, &times, "UTC"), [0, 2]);
        let yearly = KeepCounts { yearly: 5, ..KeepCounts::default() };
        assert_eq!(kept(yearly, &times, "UTC"), [0, 1]);
    }

    #[test]
    fn counts_are_typed_as_numbers_and_nothing_means_none() {
        let mut check = FormCheck::default();
        let form = KeepForm { last: "3".to_owned(), daily: " 7 ".to_owned(), ..KeepForm::default() };
        let counts = form.parse(&mut check).unwrap();
        assert_eq!((counts.last, counts.daily, counts.to_string().as_str()), (3, 7, "last 3, 7 daily"));
        assert_eq!(counts.in_words(), counts.to_string());
        assert_eq!(KeepForm::from(counts).daily, "7");
        for bad in ["-1", "many", "1001", "1.5"] {
            let mut check = FormCheck::default();
            let form = KeepForm { weekly: bad.to_owned(), ..KeepForm::default() };
            assert!(form.parse(&mut check).is_none(), "{bad}");
            let errors = check.finish(None::<()>).unwrap_err();
            assert_eq!(errors.message_for("keep.weekly"), Some("Keep Weekly must be a whole number from 0 to 1000"));
        }
    }

    proptest! {
        #[test]
        fn a_rule_keeps_as_many_as_it_says_and_the_newest_first(
            gaps in prop::collection::vec(1..100_000_i64, 0..60),
            hourly in 0..20_u16,
        ) {
            let mut time = at("2026-11-24T20:00:00Z");
            let times: Vec<_> = gaps.iter().map(|gap| { time -= TimeDelta::seconds(*gap); time }).collect();
            let kept = KeepCounts { hourly, ..KeepCounts::default() }.kept(&times, TimeZone::UTC);
            let count = kept.iter().filter(|kept| **kept).count();
            prop_assert!(count <= usize::from(hourly));
            prop_assert_eq!(kept.first().copied().unwrap_or_default(), hourly > 0 && !times.is_empty());
        }
    }
}
