//! What was told, and what became of it.

use leptos::prelude::*;
use model::notification::{DeliveryList, DeliveryRow};

use crate::components::{
    pager::{PageFacts, Pager},
    phase::Badge,
    time::Time,
};

#[component]
pub fn Deliveries(told: DeliveryList) -> impl IntoView {
    let facts = PageFacts::from(&told);
    let body = if told.rows.is_empty() {
        view! { <p class="muted">{tr!("No notifications sent in the last 30 days.")}</p> }.into_any()
    } else {
        view! {
            <Table rows=told.rows/>
            <Pager facts=facts/>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby="deliveries">
            <h2 id="deliveries">{tr!("Deliveries")}</h2>
            {body}
        </section>
    }
}

#[component]
fn Table(rows: Vec<DeliveryRow>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Deliveries")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Time")}</th>
                        <th scope="col">{tr!("Event")}</th>
                        <th scope="col">{tr!("recipient" => "To")}</th>
                        <th scope="col">{tr!("Organization")}</th>
                        <th scope="col">{tr!("Subject")}</th>
                        <th scope="col">{tr!("Status")}</th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(row: DeliveryRow) -> impl IntoView {
    let repeats =
        (row.repeats > 0).then(|| tr!("The same happened {} more time(s) and was not told again.", row.repeats));
    let next = row.next_attempt.map(|at| {
        view! { <span class="muted">{tr!("Try {} comes at ", row.attempts + 1)} <Time at=at/></span> }
    });
    let event = row.kind.label();
    view! {
        <tr>
            <td data-label=tr!("Time")>
                <Time at=row.created/>
            </td>
            <td data-label=tr!("Event")>{tr!(event)}</td>
            <td data-label=tr!("recipient" => "To")>{row.to}</td>
            <td data-label=tr!("Organization")>{row.organization}</td>
            <td data-label=tr!("Subject")>
                <span class="two-lines">
                    <span>{row.subject}</span>
                    {repeats.map(|repeats| view! { <span class="muted">{repeats}</span> })}
                </span>
            </td>
            <td data-label=tr!("Status")>
                <span class="two-lines">
                    <span>
                        <Badge look=row.phase/>
                    </span>
                    {row.cause.map(|cause| view! { <span class="muted">{cause}</span> })}
                    {next}
                </span>
            </td>
        </tr>
    }
}
