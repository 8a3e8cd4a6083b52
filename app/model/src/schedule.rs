//! When a policy runs: a cron expression in a time zone.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use serde::{Deserialize, Serialize};

use crate::rule::RuleError;

/// Common periods: the expression and its words, in the order in which the form offers them.
pub const COMMON_PERIODS: [(&str, &str); 8] = [
    ("* * * * *", "Every minute"),
    ("*/15 * * * *", "Every 15 minutes"),
    ("0 * * * *", "Every hour"),
    ("0 */6 * * *", "Every 6 hours"),
    ("30 2 * * *", "Every day at 02:30"),
    ("30 2 * * 1-5", "Every weekday at 02:30"),
    ("30 2 * * 0", "Every Sunday at 02:30"),
    ("30 2 1 * *", "On the first of every month at 02:30"),
];

/// The value by which the form's select says that the expression is typed.
pub const CUSTOM_PERIOD: &str = "custom";

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
        if period.next_after(TimeZone::UTC, now).is_none() {
            return Err(RuleError::CronNever);
        }
        Ok(period)
    }

    /// Reads an expression that was accepted before.
    pub fn stored(text: &str) -> Result<Self, RuleError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Err(RuleError::Missing { field: "Cron Expression" });
        }
        if text.len() > 200 {
            return Err(RuleError::Length { field: "Cron Expression", min: 1, max: 200 });
        }
        let fields = text.split(' ').count();
        if fields != 5 {
            return Err(RuleError::CronSyntax { reason: format!("it has {fields} fields instead of 5") });
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
    pub fn next_after(&self, zone: TimeZone, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&after.with_timezone(&zone.0), false).ok().map(|next| next.with_timezone(&Utc))
    }

    /// The next `count` times after `after`.
    pub fn next_runs(&self, zone: TimeZone, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next_after(zone, after), |last| self.next_after(zone, *last)).take(count).collect()
    }

    /// What the expression means, in English.
    pub fn in_words(&self) -> String {
        COMMON_PERIODS
            .iter()
            .find(|(expression, _)| *expression == self.text)
            .map_or_else(|| self.cron.describe().trim_end_matches('.').to_owned(), |(_, words)| (*words).to_owned())
    }
}

/// An IANA time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(Tz);

impl TimeZone {
    pub const UTC: Self = Self(Tz::UTC);

    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Tz::from_str(text.trim()).map(Self).map_err(|_| RuleError::TimeZone)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// A moment as a clock on the wall of that zone shows it, such as `2026-03-29 03:30 CEST`.
    pub fn local(self, moment: DateTime<Utc>) -> String {
        moment.with_timezone(&self.0).format("%Y-%m-%d %H:%M %Z").to_string()
    }
}

/// What a cron expression means, for the form and the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronPreview {
    pub words: String,
    /// The next five runs in the policy's zone.
    pub next_runs: Vec<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn now() -> DateTime<Utc> {
        at("2026-11-24T12:00:30Z")
    }

    #[test]
    fn five_fields_with_lists_ranges_steps_and_names() {
        for good in ["* * * * *", "*/5 0-6,22 1,15 JAN-MAR MON-FRI", "0 0 * * 7", "  30   2 * * * "] {
            assert!(CronPeriod::parse(good, now()).is_ok(), "{good}");
        }
        for bad in ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "x * * * *", "@daily", "*/0 * * * *"] {
            assert!(CronPeriod::parse(bad, now()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_expression_that_never_fires_is_refused() {
        assert_eq!(CronPeriod::parse("0 0 30 2 *", now()).unwrap_err(), RuleError::CronNever);
        assert!(CronPeriod::parse("0 0 29 2 *", now()).is_ok());
    }

    #[test]
    fn the_first_run_comes_at_the_next_cron_time() {
        let period = CronPeriod::parse("* * * * *", now()).unwrap();
        assert_eq!(period.next_after(TimeZone::UTC, now()), Some(at("2026-11-24T12:01:00Z")));
        assert_eq!(period.next_after(TimeZone::UTC, at("2026-11-24T12:01:00Z")), Some(at("2026-11-24T12:02:00Z")));
    }

    #[test]
    fn times_are_of_the_zone() {
        let zone = TimeZone::parse("Europe/Prague").unwrap();
        let period = CronPeriod::parse("30 2 * * *", now()).unwrap();
        assert_eq!(period.next_after(zone, now()), Some(at("2026-11-25T01:30:00Z")));
        assert_eq!(zone.local(at("2026-11-25T01:30:00Z")), "2026-11-25 02:30 CET");
        assert!(TimeZone::parse("Mars/Olympus").is_err());
    }

    #[test]
    fn common_periods_are_valid_and_have_words() {
        for (expression, words) in COMMON_PERIODS {
            let period = CronPeriod::parse(expression, now()).unwrap();
            assert_eq!(period.in_words(), words);
            assert_eq!(period.next_runs(TimeZone::UTC, now(), 5).len(), 5);
        }
        assert!(!CronPeriod::parse("5 4 * * 2", now()).unwrap().in_words().is_empty());
    }

    proptest! {
        #[test]
        fn no_expression_makes_the_rule_panic(text in "[0-9*/,\\-A-Za-z#LW? ]{0,40}") {
            let _ = CronPeriod::parse(&text, now());
        }
    }
}
