//! The list of channels.

use leptos::prelude::*;
use model::{
    notification::{ChannelRow, EventKind, LastDelivery},
    policy::SchedulePhase,
};

use crate::{
    api::notifications::{PauseChannel, ResumeChannel, SendTest},
    components::{
        action_button::ActionButton,
        dialog::DialogLink,
        empty::Empty,
        phase::Badge,
        time::{NoValue, Time},
    },
};

#[component]
pub fn Channels(rows: Vec<ChannelRow>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <NoChannels/> }.into_any();
    }
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Channels")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col">{tr!("Organization")}</th>
                        <th scope="col">{tr!("Kind")}</th>
                        <th scope="col">{tr!("Events")}</th>
                        <th scope="col">{tr!("State")}</th>
                        <th scope="col">{tr!("Last Delivery")}</th>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Row(row: ChannelRow) -> impl IntoView {
    let phase = if row.paused { SchedulePhase::Paused } else { SchedulePhase::Enabled };
    let event = |event: &EventKind| {
        let label = event.label();
        tr!(label)
    };
    let events = row.events.iter().map(event).collect::<Vec<_>>().join(", ");
    let kind = row.kind.label();
    view! {
        <tr>
            <td data-label=tr!("Name")>
                <span class="row-title">{row.name}</span>
            </td>
            <td data-label=tr!("Organization")>{row.organization}</td>
            <td data-label=tr!("Kind")>
                <span class="two-lines">
                    <span>{tr!(kind)}</span>
                    <span class="muted">{row.target.replace('\n', ", ")}</span>
                </span>
            </td>
            <td data-label=tr!("Events")>{events}</td>
            <td data-label=tr!("State")>
                <Badge look=phase/>
            </td>
            <td data-label=tr!("Last Delivery")>
                <Last last=row.last/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <RowActions id=row.id.0 paused=row.paused/>
            </td>
        </tr>
    }
}

#[component]
fn Last(last: Option<LastDelivery>) -> impl IntoView {
    match last {
        Some(last) => view! {
            <span class="state-at">
                <Badge look=last.phase/>
                <Time at=last.at/>
            </span>
        }
        .into_any(),
        None => view! { <NoValue/> }.into_any(),
    }
}

#[component]
fn RowActions(id: i64, paused: bool) -> impl IntoView {
    let hidden = || vec![("channel", id.to_string())];
    let switch = if paused {
        view! { <ActionButton<ResumeChannel> hidden=hidden() label=tr!("Resume") pending=tr!("Resuming…")/> }.into_any()
    } else {
        view! { <ActionButton<PauseChannel> hidden=hidden() label=tr!("Pause") pending=tr!("Pausing…")/> }.into_any()
    };
    view! {
        <div class="action-row">
            <ActionButton<SendTest> hidden=hidden() label=tr!("Send Test") pending=tr!("Sending…")/>
            {switch}
            <DialogLink name="update" id=id label=tr!("Update")/>
            <DialogLink name="delete" id=id label=tr!("Delete")/>
        </div>
    }
}

#[component]
fn NoChannels() -> impl IntoView {
    view! {
        <Empty icon="bell" title=tr!("No channels yet")>
            <p>
                {tr!("A channel is an e-mail address, a webhook, a Slack channel or an ntfy topic that is told when a backup fails, when it works again, and when one is overdue.")}
            </p>
        </Empty>
    }
}
