//! The entries, newest first.

use leptos::prelude::*;
use model::audit::{AuditLog, AuditRow, Change};

use crate::{
    address::use_address,
    components::{
        answer::Answer,
        empty::NothingFound,
        loaded::EVERYTHING,
        pager::{PageFacts, Pager},
        rows::{Rows, listed},
        time::{NoValue, Time, or_none},
    },
};

#[component]
pub fn AuditTable(log: Answer<AuditLog>) -> impl IntoView {
    let address = use_address();
    let none = move || view! { <NothingFound all=address.read_untracked().path()/> };
    listed(log, EVERYTHING, |log| &log.page, none, |rows, facts| view! { <Table rows=rows facts=facts/> })
}

#[component]
fn Table(rows: Signal<Vec<AuditRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Audit log")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Time")}</th>
                        <th scope="col">{tr!("Person")}</th>
                        <th scope="col">{tr!("Address")}</th>
                        <th scope="col">{tr!("Action")}</th>
                        <th scope="col">{tr!("What")}</th>
                        <th scope="col">{tr!("Organization")}</th>
                        <th scope="col">{tr!("Changes")}</th>
                    </tr>
                </thead>
                <tbody>
                    <Rows rows=rows key=|row| row.id draw=|row| view! { <Row row=row/> }/>
                </tbody>
            </table>
        </div>
        <Pager facts=facts/>
    }
}

#[component]
fn Row(row: AuditRow) -> impl IntoView {
    let some = |text: String| or_none(Some(text).filter(|text| !text.is_empty()));
    view! {
        <tr>
            <td data-label=tr!("Time")>
                <Time at=row.at/>
            </td>
            <td data-label=tr!("Person") class="name-cell">
                {some(row.person)}
            </td>
            <td data-label=tr!("Address")>{some(row.address)}</td>
            <td data-label=tr!("Action")>{row.action}</td>
            <td data-label=tr!("What") class="name-cell">
                <span class="two-lines">
                    <span>{row.subject_name}</span>
                    <span class="muted">{row.subject_kind}</span>
                </span>
            </td>
            <td data-label=tr!("Organization")>{some(row.organization)}</td>
            <td data-label=tr!("Changes") class="break">
                <Changes changes=row.changes/>
            </td>
        </tr>
    }
}

#[component]
fn Changes(changes: Vec<Change>) -> impl IntoView {
    let changes: Vec<Change> = changes.into_iter().filter(|change| change.before != change.after).collect();
    if changes.is_empty() {
        return view! { <NoValue/> }.into_any();
    }
    let line = |change: Change| {
        let before = change.before.map(|before| {
            view! {
                <span>{before}</span>
                " → "
            }
        });
        view! {
            <li>
                <span class="muted">{format!("{}: ", change.field)}</span>
                {before}
                {or_none(change.after)}
            </li>
        }
    };
    view! { <ul class="lines">{changes.into_iter().map(line).collect_view()}</ul> }.into_any()
}
