//! A picture of the backups of the next 90 days: which of them would remain.

use std::fmt::Write;

use leptos::prelude::*;
use model::{
    keep::KeepForm,
    outlook::{Day, Outlook, OutlookForm, Stretch},
    policy::PolicyForm,
    time,
};

use super::{asked::asked, preview::period};
use crate::{api::policies::preview_outlook, components::form_state::FormState};

/// Days in a row of the picture, and the measures of one.
const ROW: usize = 30;
const PITCH: usize = 10;
const WIDTH: usize = 7;
const HEIGHT: usize = 14;

/// The picture of what is typed, asked of the server as it changes.
#[component]
pub fn OutlookPreview(
    /// What the form starts with.
    first: PolicyForm,
    /// What it leads to.
    outlook: Option<Outlook>,
) -> impl IntoView {
    let state = expect_context::<FormState>();
    let (_, shown) = asked(move || terms(state, &first), outlook, preview_outlook);
    let draw = move || match shown.get() {
        Some(Ok(outlook)) => view! { <OutlookPicture outlook=outlook/> }.into_any(),
        Some(Err(error)) => view! { <p class="preview-error">{error.to_string()}</p> }.into_any(),
        None => view! { <p class="muted">{tr!("Choose a period to see which backups remain.")}</p> }.into_any(),
    };
    view! {
        <div class="preview" role="group" aria-label=tr!("Outlook")>
            {draw}
        </div>
    }
}

/// Tracks what is typed in a form that starts with `first`.
fn terms(state: FormState, first: &PolicyForm) -> OutlookForm {
    let (expression, time_zone) = period(state, first);
    let KeepForm { last, hourly, daily, weekly, monthly, yearly } = &first.keep;
    let keep = KeepForm {
        last: state.value("keep.last", last),
        hourly: state.value("keep.hourly", hourly),
        daily: state.value("keep.daily", daily),
        weekly: state.value("keep.weekly", weekly),
        monthly: state.value("keep.monthly", monthly),
        yearly: state.value("keep.yearly", yearly),
    };
    OutlookForm { expression, time_zone, retention: state.value("retention", &first.retention), keep }
}

#[component]
pub fn OutlookPicture(outlook: Outlook) -> impl IntoView {
    let days: Vec<_> = outlook.days().collect();
    let row = |days: &[(_, Day)]| {
        let first = days.first().map(|(date, _)| time::day(*date));
        let days: Vec<Day> = days.iter().map(|(_, day)| *day).collect();
        view! {
            <span class="outlook-date">{first}</span>
            <Strip days=days length=ROW/>
        }
    };
    view! {
        <p class="preview-words">{outlook.in_words()}</p>
        <div class="outlook" role="img" aria-label=tr!("The next 90 days, a mark for each: what remains is filled")>
            {days.chunks(ROW).map(row).collect_view()}
        </div>
        <Legend/>
        <details class="more-fields">
            <summary>{tr!("Day by day")}</summary>
            <StretchTable stretches=outlook.stretches()/>
        </details>
    }
}

/// A row of days. What remains is filled, what expires is hollow, a day without a backup is a line.
#[component]
fn Strip(days: Vec<Day>, length: usize) -> impl IntoView {
    let (mut remains, mut made, mut idle) = (String::new(), String::new(), String::new());
    for (index, Day(backups, kept)) in days.into_iter().enumerate() {
        let x = index * PITCH + 1;
        // Writing to a string cannot fail.
        let _ = match (backups, kept) {
            (0, _) => write!(idle, "M{x} {}h{WIDTH}", HEIGHT - 1),
            (_, 0) => write!(made, "M{x} 1h{WIDTH}v{}h-{WIDTH}z", HEIGHT - 2),
            (all, kept) if all == kept => write!(remains, "M{x} 1h{WIDTH}v{}h-{WIDTH}z", HEIGHT - 2),
            _ => {
                let _ = write!(made, "M{x} 1h{WIDTH}v{}h-{WIDTH}z", HEIGHT - 2);
                write!(remains, "M{x} {}h{WIDTH}v{}h-{WIDTH}z", HEIGHT / 2, HEIGHT / 2 - 1)
            }
        };
    }
    view! {
        <svg
            class="outlook-strip"
            viewBox=format!("0 0 {} {HEIGHT}", length * PITCH)
            preserveAspectRatio="none"
            aria-hidden="true"
        >
            <path class="outlook-idle" d=idle></path>
            <path class="outlook-made" d=made></path>
            <path class="outlook-remains" d=remains></path>
        </svg>
    }
}

#[component]
fn Legend() -> impl IntoView {
    let entries = [
        (Day(2, 2), tr!("All remain")),
        (Day(2, 1), tr!("Some remain")),
        (Day(2, 0), tr!("None remains")),
        (Day(0, 0), tr!("No backup")),
    ];
    let entry = |(day, words)| {
        view! {
            <li>
                <Strip days=vec![day] length=1/>
                {words}
            </li>
        }
    };
    view! { <ul class="outlook-legend">{entries.map(entry).into_iter().collect_view()}</ul> }
}

#[component]
fn StretchTable(stretches: Vec<Stretch>) -> impl IntoView {
    let row = |Stretch { from, until, made, remain }: Stretch| {
        let days = if from == until { time::day(from) } else { tr!("{} to {}", time::day(from), time::day(until)) };
        view! {
            <tr>
                <th scope="row">{days}</th>
                <td>{made}</td>
                <td>{remain}</td>
            </tr>
        }
    };
    view! {
        <table class="outlook-table">
            <thead>
                <tr>
                    <th scope="col">{tr!("Days")}</th>
                    <th scope="col">{tr!("Backups a day")}</th>
                    <th scope="col">{tr!("Remain of them")}</th>
                </tr>
            </thead>
            <tbody>{stretches.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}
