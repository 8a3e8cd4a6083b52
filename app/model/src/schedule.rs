//! When a policy runs: a cron expression in a time zone.

mod description;
mod time_zone;
mod words;

#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};

pub use self::{
    time_zone::TimeZone,
    words::{CronField, CronWords},
};
use crate::{
    language::msgid,
    rule::{EMPTY_ITEM, RuleError},
};

/// Common periods: the expression and its words, to be translated, in the order in which the form offers them.
pub const COMMON_PERIODS: [(&str, &str); 8] = [
    ("* * * * *", msgid("Every minute")),
    ("*/15 * * * *", msgid("Every 15 minutes")),
    ("0 * * * *", msgid("Every hour")),
    ("0 */6 * * *", msgid("Every 6 hours")),
    ("30 2 * * *", msgid("Every day at 02:30")),
    ("30 2 * * 1-5", msgid("Every weekday at 02:30")),
    ("30 2 * * 0", msgid("Every Sunday at 02:30")),
    ("30 2 1 * *", msgid("On the first of every month at 02:30")),
];

/// Common periods of a project's first policy, and the name that the policy gets.
pub const FIRST_PERIODS: [(&str, &str); 5] = [
    ("0 * * * *", "hourly"),
    ("0 */6 * * *", "six-hourly"),
    (USUAL_PERIOD, "daily"),
    ("30 2 * * 0", "weekly"),
    ("30 2 1 * *", "monthly"),
];

/// A common period in words, to be translated.
pub fn words_of_common(expression: &str) -> Option<&'static str> {
    COMMON_PERIODS.iter().find(|(common, _)| *common == expression).map(|(_, words)| *words)
}

/// What cron programs take for five fields (crontab(5)).
const MACROS: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The period that the form starts with.
pub const USUAL_PERIOD: &str = "30 2 * * *";

/// The value by which the form's select says that the expression is typed.
pub const CUSTOM_PERIOD: &str = "custom";

/// More than any zone's clocks are put forward or back in a change of daylight-saving time.
const MOST_SHIFTED: TimeDelta = TimeDelta::hours(3);

/// Days within which every day that there is comes: a certain weekday on 29 February, within forty years.
const RAREST_DAY: i64 = 41 * 366;

/// A five-field cron expression (minute hour day month weekday) that fires some day.
#[derive(Clone, Debug, PartialEq)]
pub struct CronPeriod {
    cron: Cron,
    text: String,
}

impl CronPeriod {
    /// `now` decides whether the expression still fires.
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, RuleError> {
        let period = Self::stored(text)?;
        // croner takes them for nothing.
        if period.text.split([' ', ',']).any(|item| item.trim_start_matches('+').is_empty()) {
            return Err(RuleError::CronSyntax { reason: EMPTY_ITEM.to_owned() });
        }
        if period.names_a_day(now) { Ok(period) } else { Err(RuleError::CronNever) }
    }

    /// Whether there is a day on which it fires. croner would look for one until the year 5000, which takes seconds.
    fn names_a_day(&self, now: DateTime<Utc>) -> bool {
        let days = self.text.splitn(3, ' ').nth(2).unwrap_or_default();
        let Ok(at_midnight) = Self::stored(&format!("0 0 {days}")) else { return false };
        let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
        (0..RAREST_DAY)
            .any(|day| at_midnight.cron.is_time_matching(&(midnight + TimeDelta::days(day))).unwrap_or(false))
    }

    /// Reads an expression that was accepted before.
    pub fn stored(text: &str) -> Result<Self, RuleError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = MACROS.iter().find(|(name, _)| *name == text).map_or(text, |(_, fields)| (*fields).to_owned());
        if text.is_empty() {
            return Err(RuleError::Missing { field: msgid("Cron Expression") });
        }
        if text.len() > 200 {
            return Err(RuleError::Length { field: msgid("Cron Expression"), min: 1, max: 200 });
        }
        let fields = text.split(' ').count();
        if fields != 5 {
            return Err(RuleError::CronFields { fields });
        }
        let cron = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build()
            .parse(&text)
            .map_err(|error| RuleError::CronSyntax { reason: error.to_string() })?;
        Ok(Self { cron, text })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The next time strictly after `after`; `None` where there is none in the years that croner looks at.
    ///
    /// Across changes of the zone's offset no run is lost and none doubled. A local time that is skipped is read with
    /// the offset before the change, and one that comes twice is its first (RFC 5545, section 3.3.5); a schedule of
    /// every hour runs in both.
    pub fn next_after(&self, zone: TimeZone, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.runs_at(zone, self.next_local(zone.wall_clock(after))?).next()?;
        if zone.is_steady_around(after, MOST_SHIFTED) && zone.is_steady_around(next, MOST_SHIFTED) {
            return Some(next);
        }
        self.next_near_a_change(zone, after)
    }

    /// The same where the order of instants may differ from that of local times.
    fn next_near_a_change(&self, zone: TimeZone, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut next: Option<DateTime<Utc>> = None;
        let mut local = zone.wall_clock(after) - MOST_SHIFTED;
        while let Some(candidate) = self.next_local(local) {
            if next.is_some_and(|next| candidate > zone.wall_clock(next) + MOST_SHIFTED) {
                break;
            }
            next = self.runs_at(zone, candidate).filter(|run| *run > after).chain(next).min();
            local = candidate;
        }
        next
    }

    /// The next local time strictly after `after` that the expression names, on a clock that is never changed.
    fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        self.cron.find_next_occurrence(&after.and_utc(), false).ok().map(|next| next.naive_utc())
    }

    /// The instants at which a run of that local time is due.
    fn runs_at(&self, zone: TimeZone, local: NaiveDateTime) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let repeated = self.is_every_hour();
        let (first, second) = zone.instants(local);
        std::iter::once(first).chain(second.filter(|_| repeated))
    }

    fn is_every_hour(&self) -> bool {
        matches!(self.text.split(' ').nth(1), Some("*" | "*/1" | "0-23"))
    }

    /// The next `count` times after `after`.
    pub fn next_runs(&self, zone: TimeZone, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next_after(zone, after), |last| self.next_after(zone, *last)).take(count).collect()
    }

    /// The runs after `after` and before `until`, in their order.
    ///
    /// A schedule runs at the same minutes of each of its hours, so only the hours are looked for. Where a zone's clocks
    /// are changed by less than an hour, the runs of that hour may be told with the offset at its start.
    pub fn runs_between(&self, zone: TimeZone, after: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let (minutes, hours) = self.text.split_once(' ').unwrap_or_default();
        let (Ok(minutes), Ok(hours)) =
            (Self::stored(&format!("{minutes} * * * *")), Self::stored(&format!("0 {hours}")))
        else {
            return Vec::new();
        };
        let before_an_hour = DateTime::UNIX_EPOCH - TimeDelta::seconds(1);
        let in_an_hour = |run: &DateTime<Utc>| *run < DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let minutes = std::iter::successors(minutes.next_after(TimeZone::UTC, before_an_hour), |last| {
            minutes.next_after(TimeZone::UTC, *last)
        });
        let minutes: Vec<TimeDelta> = minutes.take_while(in_an_hour).map(|run| run - DateTime::UNIX_EPOCH).collect();
        let first = hours.next_after(zone, after - TimeDelta::hours(1));
        std::iter::successors(first, |hour| hours.next_after(zone, *hour))
            .take_while(|hour| *hour < until)
            .flat_map(|hour| minutes.iter().map(move |minute| hour + *minute))
            .filter(|run| *run > after && *run < until)
            .collect()
    }

    /// What the expression means.
    pub fn in_words(&self) -> String {
        match words_of_common(&self.text) {
            Some(words) => tr!(words),
            None => description::of(&self.cron, &self.text),
        }
    }
}

/// What a cron expression means, for the form and the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronPreview {
    pub words: String,
    /// The next five runs in the policy's zone.
    pub next_runs: Vec<String>,
}
