//! Drawings of numbers, with the numbers themselves in a table behind each. Nothing of them is told by colour alone.

use std::fmt::Write;

use leptos::prelude::*;
use model::{
    dashboard::{DayGrowth, Hour},
    language::msgid,
    size,
    time::Moment,
};

use crate::components::time::{Time, use_zone};

/// Room on the left for words, in units of the drawing.
const LEFT: u32 = 84;

/// Drawings side by side, or below each other where the screen is narrow, and their table.
#[component]
fn Figure(label: String, drawings: Vec<Drawing>, children: Children) -> impl IntoView {
    let draw = |drawing: Drawing| {
        let Drawing { words, width, height, marks } = drawing;
        view! {
            <svg viewBox=format!("0 0 {width} {height}") role="img" aria-label=words>
                {marks}
            </svg>
        }
    };
    view! {
        <figure class="chart">
            <div class="chart-drawings">{drawings.into_iter().map(draw).collect_view()}</div>
            <details class="chart-numbers">
                <summary>{tr!("{}: the numbers", label)}</summary>
                <div class="table-frame">
                    <table class="table">{children()}</table>
                </div>
            </details>
        </figure>
    }
}

struct Drawing {
    /// What it shows, in a sentence.
    words: String,
    width: u32,
    height: u32,
    marks: AnyView,
}

/// A lane of the timeline: its name, the class of its marks, and its number of an hour.
type Lane = (&'static str, &'static str, fn(&Hour) -> u64);

const LANES: [Lane; 4] = [
    (msgid("Completed"), "mark-good", |hour| hour.completed),
    (msgid("Incomplete"), "mark-warn", |hour| hour.incomplete),
    (msgid("Failed"), "mark-bad", |hour| hour.failed),
    (msgid("Running"), "mark-busy", |hour| hour.running),
];

const CELL: u32 = 27;
const LANE: u32 = 26;

/// Hours that are drawn side by side.
const HALF: usize = 12;

/// Runs of the last 24 hours: a lane for each outcome, a column for each hour, and in it how many there were.
#[component]
pub fn Timeline(hours: Vec<Hour>, first: Moment) -> impl IntoView {
    let drawings = hours.chunks(HALF).zip(0_u32..).map(|(half, index)| half_day(half, hour_at(first, index * 12)));
    let drawings: Vec<Drawing> = drawings.collect();
    let rows = hours.iter().zip(0..).filter(|(hour, _)| hour.total() > 0).map(|(hour, index)| {
        let numbers = LANES.map(|(name, _, number)| {
            view! {
                <td data-label=tr!(name) class="number">
                    {number(hour)}
                </td>
            }
        });
        view! {
            <tr>
                <th scope="row">
                    <Time at=hour_at(first, index)/>
                </th>
                {numbers.into_iter().collect_view()}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Figure label=tr!("Runs of the last 24 hours") drawings=drawings>
            <thead>
                <tr>
                    <th scope="col">{tr!("Hour")}</th>
                    {LANES.map(|(name, ..)| view! { <th scope="col" class="number">{tr!(name)}</th> }).into_iter().collect_view()}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Figure>
    }
}

fn half_day(hours: &[Hour], first: Moment) -> Drawing {
    let total: u64 = hours.iter().map(Hour::total).sum();
    let failed: u64 = hours.iter().map(|hour| hour.failed).sum();
    let columns = u32::try_from(hours.len()).unwrap_or_default();
    let zone = use_zone();
    let (from, until) = (zone.of_day(first), zone.of_day(hour_at(first, columns)));
    let height = u32::try_from(LANES.len()).unwrap_or_default() * LANE + 22;
    let lanes = LANES.iter().zip(0..).map(|(lane, row)| draw_lane(*lane, row, hours)).collect_view();
    let labels = (0..columns)
        .step_by(3)
        .map(|index| {
            let text = zone.of_day(hour_at(first, index));
            view! {
                <text class="chart-label" x=LEFT + index * CELL y=height - 5>
                    {text}
                </text>
            }
        })
        .collect_view();
    let marks = view! {
        {lanes}
        {labels}
    };
    Drawing {
        words: tr!("{total} runs started from {from} to {until}, {failed} of them failed.", total, from, until, failed),
        width: LEFT + columns * CELL,
        height,
        marks: marks.into_any(),
    }
}

fn draw_lane((name, class, number): Lane, row: u32, hours: &[Hour]) -> impl IntoView + use<> {
    let y = row * LANE;
    let cells = hours.iter().zip(0..).map(|(hour, column): (&Hour, u32)| {
        let (count, x) = (number(hour), LEFT + column * CELL);
        if count == 0 {
            return view! { <rect class="mark-none" x=x + 1 y=y + 11 width=CELL - 3 height="2"></rect> }.into_any();
        }
        view! {
            <rect class=class x=x y=y + 2 width=CELL - 2 height=LANE - 4 rx="3"></rect>
            <text class="mark-text" x=x + CELL / 2 - 1 y=y + 17>
                {shortened(count)}
            </text>
        }
        .into_any()
    });
    view! {
        <text class="chart-label" x="0" y=y + 17>
            {tr!(name)}
        </text>
        {cells.collect_view()}
    }
}

/// A count in three characters.
fn shortened(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..100_000 => format!("{}k", count / 1000),
        _ => "99k".to_owned(),
    }
}

fn hour_at(first: Moment, index: u32) -> Moment {
    first + std::time::Duration::from_secs(3600 * u64::from(index))
}

const DAY: u32 = 4;
const TALL: u32 = 120;
const TOP: u32 = 16;

/// What backups added each day, as bars, and all that was added until then, as a line.
#[component]
pub fn Growth(days: Vec<DayGrowth>) -> impl IntoView {
    let drawings = vec![bars(&days), line(&days)];
    let rows = days.iter().rev().filter(|day| day.added > 0).map(|day| {
        view! {
            <tr>
                <th scope="row">{day.day.to_string()}</th>
                <td data-label=tr!("Added") class="number">
                    {size::bytes(day.added)}
                </td>
                <td data-label=tr!("Stored") class="number">
                    {size::bytes(day.stored)}
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Figure label=tr!("Growth of the last 90 days") drawings=drawings>
            <thead>
                <tr>
                    <th scope="col">{tr!("Day")}</th>
                    <th scope="col" class="number">
                        {tr!("Added")}
                    </th>
                    <th scope="col" class="number">
                        {tr!("Stored")}
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Figure>
    }
}

fn by_day(words: String, days: &[DayGrowth], marks: impl IntoView + 'static) -> Drawing {
    let width = LEFT + u32::try_from(days.len()).unwrap_or_default() * DAY;
    Drawing { words, width, height: TOP + TALL + 20, marks: marks.into_any() }
}

fn bars(days: &[DayGrowth]) -> Drawing {
    let most = days.iter().map(|day| day.added).max().unwrap_or_default();
    let added: u64 = days.iter().map(|day| day.added).sum();
    let words = tr!("Backups added {0} in the last {1} days.", size::bytes(added), days.len());
    let bars = days.iter().zip(0..).filter(|(day, _)| day.added > 0).map(|(day, index): (&DayGrowth, u32)| {
        let tall = scaled(day.added, most).max(1);
        view! { <rect class="mark-bar" x=LEFT + index * DAY y=TOP + TALL - tall width=DAY - 1 height=tall></rect> }
    });
    let bars = bars.collect_view();
    let marks = view! {
        <Axis title=tr!("Added") most=most days=days.to_vec()/>
        {bars}
    };
    by_day(words, days, marks)
}

fn line(days: &[DayGrowth]) -> Drawing {
    let most = days.iter().map(|day| day.stored).max().unwrap_or_default();
    let stored = days.last().map_or(0, |day| day.stored);
    let words = tr!("All backups that are kept added {}.", size::bytes(stored));
    let mut path = String::new();
    for (day, index) in days.iter().zip(0_u32..) {
        let (x, y) = (LEFT + index * DAY + DAY / 2, TOP + TALL - scaled(day.stored, most));
        // Writing to a string does not fail.
        let _ = write!(path, "{}{x} {y}", if index == 0 { "M" } else { "L" });
    }
    let marks = view! {
        <Axis title=tr!("Stored") most=most days=days.to_vec()/>
        <path class="mark-line" d=path></path>
    };
    by_day(words, days, marks)
}

/// The ground of a drawing, its greatest value, and its first and last day.
#[component]
fn Axis(title: String, most: u64, days: Vec<DayGrowth>) -> impl IntoView {
    let width = u32::try_from(days.len()).unwrap_or_default() * DAY;
    let day = |day: Option<&DayGrowth>| day.map(|day| day.day.to_string()).unwrap_or_default();
    let bottom = TOP + TALL;
    view! {
        <text class="chart-title" x="0" y=TOP + 4>
            {title}
        </text>
        <text class="chart-label" x="0" y=TOP + 20>
            {size::bytes(most)}
        </text>
        <path class="chart-axis" d=format!("M{LEFT} {TOP}h{width}M{LEFT} {bottom}h{width}")></path>
        <text class="chart-label" x=LEFT y=bottom + 14>
            {day(days.first())}
        </text>
        <text class="chart-label chart-label-end" x=LEFT + width y=bottom + 14>
            {day(days.last())}
        </text>
    }
}

/// A value as a height, where `most` is the tallest.
fn scaled(value: u64, most: u64) -> u32 {
    let tall = u128::from(value) * u128::from(TALL) / u128::from(most.max(1));
    u32::try_from(tall).unwrap_or(TALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_in_proportion_and_never_too_tall() {
        assert_eq!((scaled(0, 0), scaled(5, 10), scaled(10, 10)), (0, TALL / 2, TALL));
        assert_eq!(scaled(u64::MAX, u64::MAX), TALL);
    }

    #[test]
    fn counts_fit_into_their_cells() {
        assert_eq!(["7", "999", "1k", "99k"].map(str::to_owned), [7, 999, 1999, 2_000_000].map(shortened));
    }
}
