//! A cron expression field by field, in words and back: `*/15` is `every 15 minutes`, `1-5` is `Monday to Friday`.
//!
//! The browser composes with it at each key, so it stands on nothing but text. What people type is English in every
//! language: so are cron expressions.

use serde::{Deserialize, Serialize};

use crate::{form::FormCheck, language::msgid, rule::RuleError};

/// The five fields as a person writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CronWords {
    pub minute: String,
    pub hour: String,
    pub day: String,
    pub month: String,
    pub weekday: String,
}

/// One of the five fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CronField {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

/// More than any field that makes sense.
const LONGEST: usize = 200;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// How a weekday field names Sunday at the end of a range.
const SUNDAY_AT_THE_END: u8 = 7;

impl CronWords {
    /// The words of an expression; `None` where it says more than words of these fields can, such as the last day of
    /// each month.
    pub fn read(expression: &str) -> Option<Self> {
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        Some(Self {
            minute: CronField::Minute.words(minute)?,
            hour: CronField::Hour.words(hour)?,
            day: CronField::Day.words(day)?,
            month: CronField::Month.words(month)?,
            weekday: CronField::Weekday.words(weekday)?,
        })
    }

    /// The expression. An empty field is every one, and empty minutes are the full hour. What is not understood is noted
    /// at `compose.minute` and so on.
    pub fn compose(&self, check: &mut FormCheck) -> Option<String> {
        let minute = check.field("compose.minute", CronField::Minute.cron(&self.minute));
        let hour = check.field("compose.hour", CronField::Hour.cron(&self.hour));
        let day = check.field("compose.day", CronField::Day.cron(&self.day));
        let month = check.field("compose.month", CronField::Month.cron(&self.month));
        let weekday = check.field("compose.weekday", CronField::Weekday.cron(&self.weekday));
        Some([minute?, hour?, day?, month?, weekday?].join(" "))
    }

    pub fn is_empty(&self) -> bool {
        [&self.minute, &self.hour, &self.day, &self.month, &self.weekday].iter().all(|field| field.trim().is_empty())
    }
}

/// Numbers from the first to the last by steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// `None` is the whole range of the field.
    span: Option<(u8, u8)>,
    step: u8,
}

impl CronField {
    /// What the form calls it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Minute => msgid("Minutes"),
            Self::Hour => msgid("Hours"),
            Self::Day => msgid("Days of Month"),
            Self::Month => msgid("Months"),
            Self::Weekday => msgid("Weekdays"),
        }
    }

    /// Words to begin with.
    pub const fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Minute => &["0", "30", "0 and 30", "every 15 minutes", "every minute"],
            Self::Hour => &["2", "every hour", "every 6 hours", "8 to 17", "6, 12 and 18"],
            Self::Day => &["every day", "1", "1 and 15", "1 to 7"],
            Self::Month => &["every month", "January", "January, April, July and October", "every 2 months"],
            Self::Weekday => &["every day", "Monday to Friday", "Saturday and Sunday", "Sunday"],
        }
    }

    const fn range(self) -> (u8, u8) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, SUNDAY_AT_THE_END),
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day | Self::Weekday => "day",
            Self::Month => "month",
        }
    }

    /// The words of a field of an expression.
    pub fn words(self, cron: &str) -> Option<String> {
        let parts = self.parts(cron)?;
        let words: Vec<String> = parts.iter().map(|part| self.part_in_words(*part)).collect();
        match words.as_slice() {
            [before @ .., last] if !before.is_empty() => Some(format!("{} and {last}", before.join(", "))),
            _ => words.into_iter().next(),
        }
    }

    /// The field of an expression that the words mean.
    pub fn cron(self, words: &str) -> Result<String, RuleError> {
        let words = words.trim();
        if words.is_empty() {
            return Ok(if self == Self::Minute { "0" } else { "*" }.to_owned());
        }
        let parts = (words.len() <= LONGEST).then(|| self.parts(&self.without_words(words))).flatten();
        let parts = parts.ok_or(RuleError::CronWords { field: self.label(), example: self.examples()[2] })?;
        Ok(parts.into_iter().map(Part::in_cron).collect::<Vec<_>>().join(","))
    }

    /// `8 to 17 and 20` as `8-17,20`; what is not understood stays, for the next reader to refuse.
    fn without_words(self, words: &str) -> String {
        let words = words.to_lowercase().replace(" and ", ",");
        words.split(',').map(|item| self.item_without_words(item)).collect::<Vec<_>>().join(",")
    }

    fn item_without_words(self, item: &str) -> String {
        let is_unit = |word: &str| word.strip_suffix('s').unwrap_or(word) == self.unit();
        let tokens: Vec<&str> = item.split_whitespace().filter(|word| !is_unit(word)).collect();
        match tokens.as_slice() {
            ["every", "weekday"] | ["weekday" | "weekdays"] if self == Self::Weekday => "1-5".to_owned(),
            ["every"] => "*".to_owned(),
            ["every", step] if step.parse::<u8>().is_ok() => format!("*/{step}"),
            ["every", one] => (*one).to_owned(),
            [from, "to" | "-" | "–", until] => format!("{from}-{until}"),
            [from, "to" | "-" | "–", until, "every", step] => format!("{from}-{until}/{step}"),
            _ => tokens.join(" "),
        }
    }

    fn parts(self, cron: &str) -> Option<Vec<Part>> {
        let parts: Vec<Part> = cron.split(',').map(|part| self.part(part)).collect::<Option<_>>()?;
        let says_all_among_others = parts.len() > 1 && parts.contains(&Part { span: None, step: 1 });
        (!says_all_among_others).then_some(parts)
    }

    fn part(self, text: &str) -> Option<Part> {
        let (span, step) = match text.split_once('/') {
            Some((span, step)) => (span, step.parse().ok().filter(|step| (1..=self.range().1).contains(step))?),
            None => (text, 1),
        };
        if span == "*" {
            return Some(Part { span: None, step });
        }
        match span.split_once('-') {
            None if step == 1 => {
                let one = self.number(span)?;
                let one = if self == Self::Weekday && one == SUNDAY_AT_THE_END { 0 } else { one };
                Some(Part { span: Some((one, one)), step })
            }
            None => None,
            Some((from, until)) => self.part_between(self.number(from)?, self.number(until)?, step),
        }
    }

    fn part_between(self, from: u8, until: u8, step: u8) -> Option<Part> {
        let until = if self == Self::Weekday && until == 0 && from > 0 { SUNDAY_AT_THE_END } else { until };
        // From Sunday to the next has no words of its own.
        let is_twice_sunday = self == Self::Weekday && (from, until) == (0, SUNDAY_AT_THE_END);
        (from <= until && !is_twice_sunday).then_some(Part { span: Some((from, until)), step: step.max(1) })
    }

    /// A number of the field's range, or a name of at least three letters.
    fn number(self, text: &str) -> Option<u8> {
        let (least, most) = self.range();
        let number = if text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().ok()?
        } else {
            let named =
                |name: &&str| text.len() >= 3 && name.get(..text.len()).is_some_and(|n| n.eq_ignore_ascii_case(text));
            u8::try_from(self.names().iter().position(named)?).ok()? + least
        };
        (least..=most).contains(&number).then_some(number)
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &MONTHS,
            Self::Weekday => &WEEKDAYS,
            Self::Minute | Self::Hour | Self::Day => &[],
        }
    }

    fn name(self, number: u8) -> String {
        let index = usize::from(number - self.range().0);
        match self.names() {
            [] => number.to_string(),
            names => names[index % names.len()].to_owned(),
        }
    }

    fn part_in_words(self, Part { span, step }: Part) -> String {
        let unit = self.unit();
        match (span, step) {
            (None, 1) => format!("every {unit}"),
            (None, step) => format!("every {step} {unit}s"),
            (Some((from, until)), _) if from == until => self.name(from),
            (Some((from, until)), 1) => format!("{} to {}", self.name(from), self.name(until)),
            (Some((from, until)), step) => format!("{} to {} every {step}", self.name(from), self.name(until)),
        }
    }
}

impl Part {
    fn in_cron(self) -> String {
        match (self.span, self.step) {
            (None, 1) => "*".to_owned(),
            (None, step) => format!("*/{step}"),
            (Some((from, until)), _) if from == until => from.to_string(),
            (Some((from, until)), 1) => format!("{from}-{until}"),
            (Some((from, until)), step) => format!("{from}-{until}/{step}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use proptest::prelude::*;

    use super::{super::CronPeriod, *};

    fn words(expression: &str) -> Option<[String; 5]> {
        CronWords::read(expression).map(|words| [words.minute, words.hour, words.day, words.month, words.weekday])
    }

    fn composed(words: &CronWords) -> Option<String> {
        let mut check = FormCheck::default();
        let expression = words.compose(&mut check);
        check.finish(expression).ok()
    }

    #[test]
    fn an_expression_reads_as_a_person_would_say_it() {
        for (expression, said) in [
            ("30 2 * * *", ["30", "2", "every day", "every month", "every day"]),
            ("*/15 8-17 * * MON-FRI", ["every 15 minutes", "8 to 17", "every day", "every month", "Monday to Friday"]),
            ("0 */6 1,15 1-3 5-7", ["0", "every 6 hours", "1 and 15", "January to March", "Friday to Sunday"]),
            ("0 8-18/2 1,8,15 JAN,jul 7", ["0", "8 to 18 every 2", "1, 8 and 15", "January and July", "Sunday"]),
        ] {
            assert_eq!(words(expression).unwrap(), said, "{expression}");
        }
    }

    #[test]
    fn what_says_more_than_the_fields_is_left_alone() {
        for other in
            ["0 0 L * *", "0 0 15W * *", "0 0 * * FRI#2", "0 0 ? * *", "0 0 * *", "", "0 0 * * 0-7", "5/2 * * * *"]
        {
            assert_eq!(CronWords::read(other), None, "{other}");
        }
    }

    #[test]
    fn words_of_many_kinds_are_understood() {
        for (field, said, cron) in [
            (CronField::Minute, "", "0"),
            (CronField::Minute, "every minute", "*"),
            (CronField::Minute, "every 15", "*/15"),
            (CronField::Minute, "0 and 30", "0,30"),
            (CronField::Minute, "*/5", "*/5"),
            (CronField::Hour, "", "*"),
            (CronField::Hour, "8 to 17", "8-17"),
            (CronField::Hour, "8-17 , 20", "8-17,20"),
            (CronField::Hour, "8 to 18 every 2 hours", "8-18/2"),
            (CronField::Day, "1, 8 and 15", "1,8,15"),
            (CronField::Month, "jan, April AND sept", "1,4,9"),
            (CronField::Weekday, "every weekday", "1-5"),
            (CronField::Weekday, "Weekdays", "1-5"),
            (CronField::Weekday, "every Monday", "1"),
            (CronField::Weekday, "Friday to Sunday", "5-7"),
            (CronField::Weekday, "Sunday", "0"),
        ] {
            assert_eq!(field.cron(said).unwrap(), cron, "{said}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_told_at_their_field() {
        let hour = |words: &str| CronWords { hour: words.to_owned(), ..CronWords::default() };
        for bad in ["24", "noon", "17 to 8", "every 0", "every hour, 8", "8 to", ",", "-1", "1 2"] {
            let mut check = FormCheck::default();
            assert_eq!(hour(bad).compose(&mut check), None, "{bad}");
            let errors = check.finish(None::<()>).unwrap_err();
            let message = "Hours is not understood. Write it such as every 6 hours";
            assert_eq!(errors.message_for("compose.hour"), Some(message), "{bad}");
        }
    }

    #[test]
    fn the_examples_are_understood_and_read_back_as_they_are_written() {
        for field in [CronField::Minute, CronField::Hour, CronField::Day, CronField::Month, CronField::Weekday] {
            for example in field.examples() {
                assert_eq!(field.words(&field.cron(example).unwrap()).as_deref(), Some(*example));
            }
        }
    }

    fn part(least: u8, most: u8) -> impl Strategy<Value = String> {
        prop_oneof![
            (2..=most).prop_map(|step| format!("*/{step}")),
            (least..=most).prop_map(|one| one.to_string()),
            (least..most, 1..=most)
                .prop_map(move |(from, more)| format!("{from}-{}", from.saturating_add(more).min(most))),
            (least..most, 2..=most).prop_map(move |(from, step)| format!("{from}-{most}/{step}")),
        ]
    }

    fn field(least: u8, most: u8) -> impl Strategy<Value = String> {
        prop_oneof![
            Just("*".to_owned()),
            prop::collection::vec(part(least, most), 1..4).prop_map(|parts| parts.join(","))
        ]
    }

    proptest! {
        #[test]
        fn what_is_composed_reads_back_the_same(
            fields in (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
        ) {
            let expression = [fields.0, fields.1, fields.2, fields.3, fields.4].join(" ");
            let words = CronWords::read(&expression).unwrap();
            prop_assert_eq!(composed(&words), Some(expression.clone()));
            prop_assert!(CronPeriod::stored(&expression).is_ok(), "{}", expression);
        }

        #[test]
        fn no_text_makes_a_field_panic_and_none_composes_what_cron_refuses(text in "\\PC{0,20}") {
            for field in [CronField::Minute, CronField::Hour, CronField::Day, CronField::Month, CronField::Weekday] {
                let _ = field.words(&text);
            }
            let words = CronWords { hour: text.clone(), weekday: text, ..CronWords::default() };
            if let Some(expression) = composed(&words) {
                prop_assert!(CronPeriod::parse(&expression, Utc::now()).is_ok(), "{}", expression);
            }
        }
    }
}
