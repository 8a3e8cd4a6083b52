//! Time zones, and what their clocks show.

use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::rule::RuleError;

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

    /// What a clock on the wall of that zone shows.
    pub(crate) fn wall_clock(self, moment: DateTime<Utc>) -> NaiveDateTime {
        moment.with_timezone(&self.0).naive_local()
    }

    /// The instant of a local time, and the second one where clocks are put back over it. A local time that is skipped is
    /// read with the offset before the change (RFC 5545, section 3.3.5).
    pub(super) fn instants(self, local: NaiveDateTime) -> (DateTime<Utc>, Option<DateTime<Utc>>) {
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(instant) => (instant.to_utc(), None),
            LocalResult::Ambiguous(first, second) => (first.to_utc(), Some(second.to_utc())),
            LocalResult::None => {
                let a_day_before = self.0.offset_from_utc_datetime(&(local - TimeDelta::days(1))).fix();
                ((local - a_day_before).and_utc(), None)
            }
        }
    }

    /// What a clock on the wall of that zone shows, written as if it were UTC.
    pub fn shown(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        self.wall_clock(moment).and_utc()
    }

    /// The instant of a local time, the first of two.
    pub(crate) fn start_of(self, local: NaiveDateTime) -> DateTime<Utc> {
        self.instants(local).0
    }

    /// Whether the offset is the same from `margin` before the moment to `margin` after it.
    pub(super) fn is_steady_around(self, moment: DateTime<Utc>, margin: TimeDelta) -> bool {
        let offset = |moment: DateTime<Utc>| self.0.offset_from_utc_datetime(&moment.naive_utc()).fix();
        offset(moment - margin) == offset(moment + margin)
    }

    /// A moment as a clock on the wall of that zone shows it, such as `2026-03-29 03:30 CEST`.
    pub fn local(self, moment: DateTime<Utc>) -> String {
        moment.with_timezone(&self.0).format("%Y-%m-%d %H:%M %Z").to_string()
    }
}
