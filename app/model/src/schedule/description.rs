//! What an expression means, in a sentence: what croner's own description says in English, in words that can be
//! translated.

use croner::Cron;

/// Marks of croner's values: listed plainly, the last one of a month, the weekday that is nearest.
const PLAIN: u8 = 1;
const LAST: u8 = 1 << 6;
const NEAREST: u8 = 1 << 7;

/// `text` is the expression as it was parsed.
pub(super) fn of(cron: &Cron, text: &str) -> String {
    let parts = [Some(time(cron)), days(cron, text), months(cron)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The values of a field of the expression.
struct Field {
    values: Vec<u16>,
    step: u16,
}

/// How they are said.
enum Said {
    All,
    Every(u16),
    Listed(String),
}

impl Field {
    /// `size` is how many there can be, from 0.
    fn said(&self, size: usize) -> Said {
        if self.step == 1 && self.values.len() == size {
            Said::All
        } else if self.step > 1 && self.values.first() == Some(&0) {
            Said::Every(self.step)
        } else {
            Said::Listed(numbers(&self.values))
        }
    }

    fn only(&self) -> Option<u16> {
        match self.values.as_slice() {
            [only] if self.step == 1 => Some(*only),
            _ => None,
        }
    }
}

fn time(cron: &Cron) -> String {
    let (minutes, hours) = (&cron.pattern.minutes, &cron.pattern.hours);
    let minutes = Field { values: minutes.get_set_values(PLAIN), step: minutes.step };
    let hours = Field { values: hours.get_set_values(PLAIN), step: hours.step };
    if let (Some(minute), Some(hour)) = (minutes.only(), hours.only()) {
        return tr!("At {time}", time = format!("{hour:02}:{minute:02}"));
    }
    match (minutes.said(60), hours.said(24)) {
        (Said::All, Said::All) => tr!("Every minute"),
        (Said::All, Said::Every(hours)) => tr!("Every minute past of every {hours} hours", hours),
        (Said::All, Said::Listed(hours)) => tr!("Every minute past hour {hours}", hours),
        (Said::Every(minutes), Said::All) => tr!("At every {minutes} minutes", minutes),
        (Said::Every(minutes), Said::Every(hours)) => {
            tr!("At every {minutes} minutes, of every {hours} hours", minutes, hours)
        }
        (Said::Every(minutes), Said::Listed(hours)) => {
            tr!("At every {minutes} minutes, of hour {hours}", minutes, hours)
        }
        (Said::Listed(minutes), Said::All) => tr!("At minute {minutes} past every hour", minutes),
        (Said::Listed(minutes), Said::Every(hours)) => {
            tr!("At minute {minutes}, of every {hours} hours", minutes, hours)
        }
        (Said::Listed(minutes), Said::Listed(hours)) => {
            tr!("At minute {minutes}, of hour {hours}", minutes, hours)
        }
    }
}

fn days(cron: &Cron, text: &str) -> Option<String> {
    let mut fields = text.split(' ').skip(2);
    let (day, weekday) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
    let must_be_both = weekday.starts_with('+');
    let is_any = |field: &str| matches!(field, "*" | "?");
    match (is_any(day), is_any(weekday.trim_start_matches('+'))) {
        (true, true) => None,
        (false, true) => Some(tr!("on {days}", days = join(month_days(cron)))),
        (true, false) => Some(tr!("on {days}", days = join(weekdays(cron)))),
        (false, false) => {
            let (days, weekdays) = (join(month_days(cron)), weekdays(cron));
            let is_one = weekdays.len() <= 1;
            let weekdays = join(weekdays);
            Some(match (must_be_both, is_one) {
                (false, _) => tr!("on {days} or {weekdays}", days, weekdays),
                (true, true) => tr!("on {days} (if it is also {weekdays})", days, weekdays),
                (true, false) => tr!("on {days} (if it is also one of: {weekdays})", days, weekdays),
            })
        }
    }
}

fn month_days(cron: &Cron) -> Vec<String> {
    let days = &cron.pattern.days;
    let (listed, nearest) = (days.get_set_values(PLAIN), days.get_set_values(NEAREST));
    let listed = (!listed.is_empty()).then(|| tr!("day {days}", days = numbers(&listed)));
    let last = days.is_feature_enabled(LAST).then(|| tr!("the last day of the month"));
    let nearest = (!nearest.is_empty()).then(|| tr!("the weekday nearest day {days}", days = numbers(&nearest)));
    [listed, last, nearest].into_iter().flatten().collect()
}

fn weekdays(cron: &Cron) -> Vec<String> {
    let days = &cron.pattern.days_of_week;
    let of_month = |mark: u8| {
        let values = days.get_set_values(mark);
        (!values.is_empty()).then(|| join(values.into_iter().map(weekday_of_month).collect()))
    };
    let listed = days.get_set_values(PLAIN);
    let parts = [
        of_month(LAST).map(|days| tr!("the last {days} of the month", days)),
        of_month(1 << 1).map(|days| tr!("the 1st {days} of the month", days)),
        of_month(1 << 2).map(|days| tr!("the 2nd {days} of the month", days)),
        of_month(1 << 3).map(|days| tr!("the 3rd {days} of the month", days)),
        of_month(1 << 4).map(|days| tr!("the 4th {days} of the month", days)),
        of_month(1 << 5).map(|days| tr!("the 5th {days} of the month", days)),
        (!listed.is_empty()).then(|| join(listed.into_iter().map(on_weekday).collect())),
    ];
    parts.into_iter().flatten().collect()
}

fn months(cron: &Cron) -> Option<String> {
    let months = &cron.pattern.months;
    let values = months.get_set_values(PLAIN);
    match months.step {
        1 if values.len() == 12 => None,
        1 => Some(tr!("in {months}", months = join(values.into_iter().map(in_month).collect()))),
        step => Some(tr!("in every {months} months", months = step)),
    }
}

/// Numbers in their order, of which three or more that follow each other are a range.
fn numbers(values: &[u16]) -> String {
    let ranges = values.chunk_by(|one, next| one + 1 == *next);
    let said = ranges.flat_map(|range| match range {
        [from, _, .., until] => vec![tr!("{from}-{until}", from, until)],
        few => few.iter().map(u16::to_string).collect(),
    });
    join(said.collect())
}

fn join(mut items: Vec<String>) -> String {
    match (items.pop(), items.as_slice()) {
        (None, _) => String::new(),
        (Some(only), []) => only,
        (Some(last), [first]) => tr!("{} and {}", first, last),
        (Some(last), _) => tr!("{}, and {}", items.join(", "), last),
    }
}

/// A day on which something is done.
fn on_weekday(number: u16) -> String {
    match number % 7 {
        0 => tr!("on" => "Sunday"),
        1 => tr!("on" => "Monday"),
        2 => tr!("on" => "Tuesday"),
        3 => tr!("on" => "Wednesday"),
        4 => tr!("on" => "Thursday"),
        5 => tr!("on" => "Friday"),
        _ => tr!("on" => "Saturday"),
    }
}

/// A day after `the last` and the like.
fn weekday_of_month(number: u16) -> String {
    match number % 7 {
        0 => tr!("on the last" => "Sunday"),
        1 => tr!("on the last" => "Monday"),
        2 => tr!("on the last" => "Tuesday"),
        3 => tr!("on the last" => "Wednesday"),
        4 => tr!("on the last" => "Thursday"),
        5 => tr!("on the last" => "Friday"),
        _ => tr!("on the last" => "Saturday"),
    }
}

/// A month in which something is done.
fn in_month(number: u16) -> String {
    match number {
        1 => tr!("in" => "January"),
        2 => tr!("in" => "February"),
        3 => tr!("in" => "March"),
        4 => tr!("in" => "April"),
        5 => tr!("in" => "May"),
        6 => tr!("in" => "June"),
        7 => tr!("in" => "July"),
        8 => tr!("in" => "August"),
        9 => tr!("in" => "September"),
        10 => tr!("in" => "October"),
        11 => tr!("in" => "November"),
        _ => tr!("in" => "December"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::schedule::CronPeriod;

    /// What croner says, and what we say.
    fn said(expression: &str) -> Option<(String, String)> {
        let period = CronPeriod::stored(expression).ok()?;
        let theirs = period.cron.describe().trim_end_matches('.').to_owned();
        Some((theirs, super::of(&period.cron, &period.text)))
    }

    #[test]
    fn the_english_is_croners() {
        for expression in [
            "* * * * *",
            "* 8-17 * * *",
            "* */2 * * *",
            "*/10 * * * *",
            "*/10 */2 * * *",
            "*/10 3 * * *",
            "0 * * * *",
            "0,30 */4 * * *",
            "5 8-17,20 1,2,3,15 JAN-MAR MON-FRI",
            "30 2 1-7 * +FRI",
            "30 2 L * +FRI,SUN#2",
            "0 0 15W,L * 5L,0",
            "0 0 * * 7L,1#1,2#2,3#3,4#4,5#5,6",
            "0 0 ? */3 ?",
            "7-50/3 1/5 2-9/2 2-9/2 1-5/2",
        ] {
            let (theirs, ours) = said(expression).unwrap();
            assert_eq!(ours, theirs, "{expression}");
        }
    }

    proptest! {
        #[test]
        fn it_is_croners_for_every_expression(
            minute in "(\\*|[0-5]?[0-9](-5[0-9])?)(/[1-9]|,[0-5]?[0-9]|)",
            hour in "(\\*|[01]?[0-9](-2[0-3])?)(/[1-9]|,1?[0-9]|)",
            day in "(\\*|\\?|L|15W|[12]?[1-9](-3[01])?)(/[1-9]|,[1-9]|,L|,3W|)",
            month in "(\\*|[1-9](-1[0-2])?)(/[1-9]|,[1-9]|)",
            weekday in "\\+?(\\*|\\?|[0-7]|[0-4]-[5-7]|5L|[0-7]#[1-5])(,[0-7]|,[0-7]L|,[0-7]#[1-5]|)",
        ) {
            if let Some((theirs, ours)) = said(&format!("{minute} {hour} {day} {month} {weekday}")) {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
