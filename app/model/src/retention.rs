//! How long a backup is kept.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{language::msgid, rule::RuleError};

/// What the form starts with: 30 days.
pub const DEFAULT_RETENTION: &str = "30d";

const HOUR: u64 = 3600;
const LONGEST: u64 = 100 * 365 * 24 * HOUR;

/// A duration such as `72h`, `30d` or `10h30m`, from one hour to 100 years, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Retention {
    seconds: u64,
}

impl Retention {
    /// Units: `w`, `d`, `h`, `m`, `s`, each at most once, from the longest to the shortest.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RuleError::Missing { field: msgid("Retention Period") });
        }
        Self::from_seconds(seconds(text).ok_or(RuleError::Retention)?)
    }

    pub fn from_seconds(seconds: u64) -> Result<Self, RuleError> {
        if (HOUR..=LONGEST).contains(&seconds) { Ok(Self { seconds }) } else { Err(RuleError::RetentionRange) }
    }

    pub const fn seconds(self) -> u64 {
        self.seconds
    }

    /// When a backup that was complete at `from` may go.
    pub fn end(self, from: DateTime<Utc>) -> DateTime<Utc> {
        let seconds = i64::try_from(self.seconds).unwrap_or(i64::MAX);
        let span = TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX);
        from.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// The whole seconds of a duration such as `72h`, `30d` or `10h30m`. Units: `w`, `d`, `h`, `m`, `s`, each at most once,
/// from the longest to the shortest; `None` for anything else.
pub fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0_u64;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            'w' => 7 * 24 * HOUR,
            'd' => 24 * HOUR,
            'h' => HOUR,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    Some(total)
}

impl fmt::Display for Retention {
    /// The shortest form that parses to the same: days, hours, minutes and seconds, those that are not zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.seconds / 86_400, 'd'),
            (self.seconds % 86_400 / HOUR, 'h'),
            (self.seconds % HOUR / 60, 'm'),
            (self.seconds % 60, 's'),
        ];
        parts.iter().filter(|(number, _)| *number > 0).try_for_each(|(number, unit)| write!(f, "{number}{unit}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_of_the_usual_kinds() {
        for (text, seconds) in [
            ("72h", 72 * HOUR),
            ("30d", 720 * HOUR),
            ("10h30m", 37_800),
            ("2w", 14 * 24 * HOUR),
            (DEFAULT_RETENTION, 720 * HOUR),
        ] {
            assert_eq!(Retention::parse(text).unwrap().seconds(), seconds, "{text}");
        }
        for bad in ["", "5", "h", "1h1h", "30m10h", "-1h", "1.5h", "1y", "99999999999999999999h", "1 h"] {
            assert!(Retention::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Retention::parse("59m").unwrap_err(), RuleError::RetentionRange);
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same(seconds in HOUR..LONGEST) {
            let retention = Retention::from_seconds(seconds).unwrap();
            prop_assert_eq!(Retention::parse(&retention.to_string()).unwrap(), retention);
        }

        #[test]
        fn no_text_makes_the_rule_panic(text in "\\PC{0,30}") {
            let _ = Retention::parse(&text);
        }
    }
}
