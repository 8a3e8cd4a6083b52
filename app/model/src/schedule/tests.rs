//! When schedules run, also on the days when clocks are changed.

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
    for good in ["* * * * *", "*/5 0-6,22 1,15 JAN-MAR MON-FRI", "0 0 * * 7", "  30   2 * * * ", "@daily"] {
        assert!(CronPeriod::parse(good, now()).is_ok(), "{good}");
    }
    for bad in ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "x * * * *", "@fortnightly", "*/0 * * * *"] {
        assert!(CronPeriod::parse(bad, now()).is_err(), "{bad}");
    }
}

#[test]
fn an_expression_that_never_fires_is_refused() {
    assert_eq!(CronPeriod::parse("0 0 30 2 *", now()).unwrap_err(), RuleError::CronNever);
    assert_eq!(CronPeriod::parse("2 1 * 5 L", now()).unwrap_err(), RuleError::CronNever);
    // Found by the fuzzer: each took croner ten seconds.
    for text in [",, * ,,6 5 6,4", ",2 ,6, l,,1, 3,, +", "2 6 1 3 +", "1,,2 * * * *", ", * * * *", "1, * * * *"] {
        assert!(matches!(CronPeriod::parse(text, now()), Err(RuleError::CronSyntax { .. })), "{text}");
    }
    assert!(CronPeriod::parse("0 0 29 2 *", now()).is_ok());
}

#[test]
fn the_rarest_day_is_found() {
    // No leap year in 2100: a weekday of 29 February comes after forty years there.
    let (before, after) = (at("2072-03-01T00:00:00Z"), at("2112-02-29T00:00:00Z"));
    let period = CronPeriod::parse("0 0 29 2 +1", before).unwrap();
    assert_eq!(period.next_after(TimeZone::UTC, before), Some(after));
    for weekday in 0..7 {
        let expression = format!("0 0 29 2 +{weekday}");
        assert!((0..28).all(|year| CronPeriod::parse(&expression, before + TimeDelta::days(366 * year)).is_ok()));
    }
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

#[test]
fn the_runs_of_a_span_are_those_that_follow_each_other() {
    for expression in ["30 2 * * *", "*/20 1-3 * * *", "5,50 * * * SUN", "0 0 L * *", "59 23 1,15 * *"] {
        for zone in ["UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata"] {
            let (period, zone) = (CronPeriod::stored(expression).unwrap(), TimeZone::parse(zone).unwrap());
            let (after, until) = (at("2026-10-20T05:10:30Z"), at("2027-04-02T17:00:00Z"));
            let between = period.runs_between(zone, after, until);
            let one_by_one = period.next_runs(zone, after, between.len() + 1);
            assert_eq!(between, one_by_one[..between.len()], "{expression}");
            assert!(one_by_one[between.len()] >= until, "{expression}");
        }
    }
}

/// The runs of two days and some around a change, as the wall clock shows them.
fn runs(expression: &str, zone: &str, from: &str, until: &str) -> Vec<String> {
    let (zone, until) = (TimeZone::parse(zone).unwrap(), at(until));
    let period = CronPeriod::stored(expression).unwrap();
    let next = |after: DateTime<Utc>| period.next_after(zone, after).filter(|run| *run < until);
    std::iter::successors(next(at(from)), |run| next(*run)).map(|run| zone.local(run)[5..].to_owned()).collect()
}

const DAILY: &str = "30 2 * * *";

#[test]
fn a_daily_run_in_the_skipped_hour_comes_once_that_day() {
    let day = ["2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"];
    assert_eq!(runs(DAILY, "Europe/Prague", day[0], day[1]), ["03-29 03:30 CEST", "03-30 02:30 CEST"]);
    let day = ["2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"];
    assert_eq!(runs(DAILY, "America/New_York", day[0], day[1]), ["03-08 03:30 EDT", "03-09 02:30 EDT"]);
    // Lord Howe's clocks skip half an hour: from 02:00 to 02:30.
    let day = ["2026-10-03T02:00:00Z", "2026-10-05T02:00:00Z"];
    assert_eq!(runs(DAILY, "Australia/Lord_Howe", day[0], day[1]), ["10-04 02:30 +11", "10-05 02:30 +11"]);
    assert_eq!(runs("15 2 * * *", "Australia/Lord_Howe", day[0], day[1]), ["10-04 02:45 +11", "10-05 02:15 +11"]);
}

#[test]
fn a_daily_run_in_the_repeated_hour_comes_once_that_day() {
    let day = ["2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"];
    assert_eq!(runs(DAILY, "Europe/Prague", day[0], day[1]), ["10-25 02:30 CEST", "10-26 02:30 CET"]);
    // New York repeats the hour from 01:00.
    let day = ["2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"];
    assert_eq!(runs(DAILY, "America/New_York", day[0], day[1]), ["11-01 02:30 EST", "11-02 02:30 EST"]);
    assert_eq!(runs("30 1 * * *", "America/New_York", day[0], day[1]), ["11-01 01:30 EDT", "11-02 01:30 EST"]);
    let day = ["2026-04-04T02:00:00Z", "2026-04-06T02:00:00Z"];
    assert_eq!(runs(DAILY, "Australia/Lord_Howe", day[0], day[1]), ["04-05 02:30 +1030", "04-06 02:30 +1030"]);
    assert_eq!(runs("45 1 * * *", "Australia/Lord_Howe", day[0], day[1]), ["04-05 01:45 +11", "04-06 01:45 +1030"]);
}

#[test]
fn a_run_before_the_change_is_not_followed_by_a_second_one() {
    // croner itself adds a run at 03:00 here.
    let day = ["2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"];
    assert_eq!(runs("30 1 * * *", "Europe/Prague", day[0], day[1]), ["03-29 01:30 CET", "03-30 01:30 CEST"]);
}

#[test]
fn an_hourly_run_comes_every_hour_of_a_short_and_of_a_long_day() {
    for (zone, from, until) in [
        ("Europe/Prague", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"),
        ("Europe/Prague", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
        ("America/New_York", "2026-03-07T12:00:00Z", "2026-03-09T12:00:00Z"),
        ("America/New_York", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z"),
    ] {
        for (expression, minute) in [("0 * * * *", 0), ("30 * * * *", 30)] {
            let period = CronPeriod::stored(expression).unwrap();
            let first = at(from) + TimeDelta::minutes(if minute == 0 { 60 } else { 30 });
            let hours = (at(until) - at(from)).num_hours();
            let expected: Vec<_> = (0..hours).map(|hour| first + TimeDelta::hours(hour)).collect();
            assert_eq!(
                period.next_runs(TimeZone::parse(zone).unwrap(), at(from), usize::try_from(hours).unwrap()),
                expected,
                "{zone} {expression}"
            );
        }
    }
}

#[test]
fn an_hourly_run_comes_at_every_hour_that_lord_howes_clocks_show() {
    let hourly = |from, until| runs("0 * * * *", "Australia/Lord_Howe", from, until);
    assert_eq!(
        hourly("2026-10-03T14:00:00Z", "2026-10-03T17:30:00Z"),
        ["10-04 01:00 +1030", "10-04 02:30 +11", "10-04 03:00 +11", "10-04 04:00 +11"],
        "02:00 is skipped, and its run comes half an hour later on the clock"
    );
    assert_eq!(
        hourly("2026-04-04T13:30:00Z", "2026-04-04T17:00:00Z"),
        ["04-05 01:00 +11", "04-05 02:00 +1030", "04-05 03:00 +1030"],
        "half an hour is repeated, and no full hour lies in it"
    );
    assert_eq!(
        runs("*/15 * * * *", "Australia/Lord_Howe", "2026-04-04T14:20:00Z", "2026-04-04T15:31:00Z"),
        ["04-05 01:30 +11", "04-05 01:45 +11", "04-05 01:30 +1030", "04-05 01:45 +1030", "04-05 02:00 +1030"]
    );
}

proptest! {
    /// Whatever the zone and the moment, time goes on, and a next run is the next one from every moment before it.
    #[test]
    fn the_next_run_is_the_same_from_every_moment_before_it(
        period in 0..COMMON_PERIODS.len(),
        zone in prop::sample::select(vec!["Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
        seconds in 0..400 * 86_400_i64,
        share in 0.0..1.0,
    ) {
        let (period, zone) = (CronPeriod::stored(COMMON_PERIODS[period].0).unwrap(), TimeZone::parse(zone).unwrap());
        let after = at("2026-01-01T00:00:00Z") + TimeDelta::seconds(seconds);
        let next = period.next_after(zone, after).unwrap();
        prop_assert!(next > after);
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a share of some days")]
        let between = after + TimeDelta::seconds(((next - after).num_seconds() as f64 * share) as i64);
        if between < next {
            prop_assert_eq!(period.next_after(zone, between), Some(next));
        }
    }

    #[test]
    fn no_expression_makes_the_rule_panic(text in "[0-9*/,\\-A-Za-z#LW? ]{0,40}") {
        let _ = CronPeriod::parse(&text, now());
    }
}
