//! An outlook: which of the backups of the next 90 days would remain at their end.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    form::{FormCheck, FormErrors},
    keep::{KeepCounts, KeepForm, remaining},
    retention::Retention,
    schedule::{CronPeriod, TimeZone},
    time,
};

/// How many days an outlook spans, today included.
pub const DAYS: u16 = 90;

/// What decides of an outlook, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutlookForm {
    pub expression: String,
    pub time_zone: String,
    pub retention: String,
    pub keep: KeepForm,
}

/// What decides of an outlook.
#[derive(Clone, Debug)]
pub struct OutlookTerms {
    pub cron: CronPeriod,
    pub time_zone: TimeZone,
    pub retention: Retention,
    pub keep: KeepCounts,
}

impl OutlookForm {
    /// `now` decides whether the cron expression still fires.
    pub fn parse(&self, now: DateTime<Utc>) -> Result<OutlookTerms, FormErrors> {
        let mut check = FormCheck::default();
        let cron = check.field("cron_expression", CronPeriod::parse(&self.expression, now));
        let time_zone = check.field("time_zone", TimeZone::parse(&self.time_zone));
        let retention = check.field("retention", Retention::parse(&self.retention));
        let keep = self.keep.parse(&mut check);
        let terms =
            (|| Some(OutlookTerms { cron: cron?, time_zone: time_zone?, retention: retention?, keep: keep? }))();
        check.finish(terms)
    }
}

/// A day's backups: how many are made, and how many of them remain at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day(pub u16, pub u16);

/// Days that follow each other and fare alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: NaiveDate,
    pub until: NaiveDate,
    /// Of each of its days.
    pub made: u16,
    pub remain: u16,
}

/// The days from today on, in the policy's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// Today, counted from the first day of the common era.
    first: i32,
    days: Vec<Day>,
}

impl OutlookTerms {
    /// The outlook from `now` on, of backups that are all made in time and complete at once. The work is bounded: a
    /// schedule of every minute makes 129,600 backups, whose times come from the 2,160 hours.
    pub fn outlook(&self, now: DateTime<Utc>) -> Outlook {
        let zone = self.time_zone;
        let today = zone.wall_clock(now).date();
        let end = zone.start_of((today + TimeDelta::days(DAYS.into())).and_time(NaiveTime::MIN));
        let mut runs = self.cron.runs_between(zone, now, end);
        runs.reverse();
        let remain = remaining(&runs, end, self.retention, self.keep, zone);
        let mut days = vec![Day::default(); DAYS.into()];
        for (run, remains) in runs.iter().zip(remain) {
            let index = usize::try_from((zone.wall_clock(*run).date() - today).num_days()).unwrap_or_default();
            if let Some(Day(made, kept)) = days.get_mut(index) {
                *made += 1;
                *kept += u16::from(remains);
            }
        }
        Outlook { first: today.num_days_from_ce(), days }
    }
}

impl Outlook {
    /// The days with their dates.
    pub fn days(&self) -> impl Iterator<Item = (NaiveDate, Day)> {
        let first = NaiveDate::from_num_days_from_ce_opt(self.first).unwrap_or_default();
        first.iter_days().zip(self.days.iter().copied())
    }

    /// How many are made in all, and how many of them remain.
    pub fn total(&self) -> (u32, u32) {
        self.days.iter().fold((0, 0), |(made, remain), day| (made + u32::from(day.0), remain + u32::from(day.1)))
    }

    /// The days folded to those that follow each other and fare alike.
    pub fn stretches(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (date, Day(made, remain)) in self.days() {
            match stretches.last_mut() {
                Some(last) if (last.made, last.remain) == (made, remain) => last.until = date,
                _ => stretches.push(Stretch { from: date, until: date, made, remain }),
            }
        }
        stretches
    }

    /// All of it in a sentence.
    pub fn in_words(&self) -> String {
        let oldest = self.days().find(|(_, day)| day.1 > 0).map(|(date, _)| date);
        match (self.total(), oldest.map(time::day)) {
            ((1, _), Some(oldest)) => {
                tr!("In {} days you will have 1 of 1 backup, from {}.", DAYS, oldest)
            }
            ((made, remain), Some(oldest)) => tr!(
                "In {days} days you will have {n} of {made} backups, from {oldest}."
                    | "In {days} days you will have {n} of {made} backups, the oldest from {oldest}." % remain,
                made,
                days = DAYS,
                oldest
            ),
            _ => tr!("No backup is due in the next {} days.", DAYS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(expression: &str, zone: &str, retention: &str, keep: KeepForm) -> Outlook {
        let (expression, time_zone, retention) = (expression.to_owned(), zone.to_owned(), retention.to_owned());
        let now = "2026-11-24T12:00:30Z".parse().unwrap();
        OutlookForm { expression, time_zone, retention, keep }.parse(now).unwrap().outlook(now)
    }

    #[test]
    fn a_month_of_daily_backups_remains() {
        let outlook = outlook("30 2 * * *", "UTC", "30d", KeepForm::default());
        assert_eq!(outlook.days().count(), 90);
        assert_eq!(outlook.total(), (89, 30), "today's has run");
        assert_eq!(outlook.in_words(), "In 90 days you will have 30 of 89 backups, the oldest from 2027-01-23.");
        let date = |text: &str| text.parse().unwrap();
        let stretch = |from, until, made, remain| Stretch { from: date(from), until: date(until), made, remain };
        assert_eq!(
            outlook.stretches(),
            [
                stretch("2026-11-24", "2026-11-24", 0, 0),
                stretch("2026-11-25", "2027-01-22", 1, 0),
                stretch("2027-01-23", "2027-02-21", 1, 1),
            ]
        );
    }

    #[test]
    fn counts_keep_the_newest_of_each_week_and_month_for_longer() {
        let keep = KeepForm { weekly: "6".to_owned(), monthly: "3".to_owned(), ..KeepForm::default() };
        let outlook = outlook("0 */6 * * *", "Europe/Prague", "2d", keep);
        let kept: Vec<String> =
            outlook.days().filter(|(_, day)| day.1 > 0).map(|(date, day)| format!("{date} {}", day.1)).collect();
        let expected = [
            "2026-12-31 1",
            "2027-01-17 1",
            "2027-01-24 1",
            "2027-01-31 1",
            "2027-02-07 1",
            "2027-02-14 1",
            "2027-02-20 3",
            "2027-02-21 4",
        ];
        assert_eq!(kept, expected, "midnight of the 20th is exactly two days old, and is gone");
    }

    #[test]
    fn a_schedule_of_every_minute_is_bounded_and_exact() {
        let keep = KeepForm { hourly: "24".to_owned(), daily: "7".to_owned(), ..KeepForm::default() };
        let outlook = outlook("* * * * *", "UTC", "1h", keep);
        assert_eq!(outlook.total(), (89 * 1440 + 719, 59 + 23 + 6));
    }

    #[test]
    fn a_schedule_that_does_not_run_soon_has_no_backup_to_keep() {
        let outlook = outlook("0 0 29 2 *", "UTC", "1h", KeepForm::default());
        assert_eq!((outlook.total(), outlook.stretches().len()), ((0, 0), 1));
        assert_eq!(outlook.in_words(), "No backup is due in the next 90 days.");
    }

    #[test]
    fn the_newest_stays_whatever_its_age() {
        let outlook = outlook("0 0 1 12 *", "UTC", "1h", KeepForm::default());
        assert_eq!(outlook.in_words(), "In 90 days you will have 1 of 1 backup, from 2026-12-01.");
    }
}
