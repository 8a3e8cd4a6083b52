//! Where somebody is signed in.

use leptos::prelude::*;
use model::profile::SessionRow;

use crate::{
    api::profile::EndSession,
    components::{
        action_button::ActionButton,
        phase::{Badge, Look},
        time::{Time, or_none},
    },
};

#[component]
pub fn SessionTable(rows: Vec<SessionRow>) -> impl IntoView {
    view! {
        <section class="section" aria-labelledby="sessions">
            <h2 id="sessions">{tr!("Sessions")}</h2>
            <div class="table-frame">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{tr!("Signed In")}</th>
                            <th scope="col">{tr!("Address")}</th>
                            <th scope="col">{tr!("Ends")}</th>
                            <th scope="col" class="actions">
                                {tr!("Actions")}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn Row(row: SessionRow) -> impl IntoView {
    let action = if row.current {
        view! { <Badge look=Look::THIS_SESSION/> }.into_any()
    } else {
        let hidden = vec![("session", row.handle)];
        view! { <ActionButton<EndSession> hidden=hidden label=tr!("End Session") pending=tr!("Ending…")/> }.into_any()
    };
    view! {
        <tr>
            <td data-label=tr!("Signed In")>
                <Time at=row.started/>
            </td>
            <td data-label=tr!("Address")>{or_none(Some(row.address).filter(|address| !address.is_empty()))}</td>
            <td data-label=tr!("Ends")>
                <Time at=row.expires/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <div class="action-row">{action}</div>
            </td>
        </tr>
    }
}
