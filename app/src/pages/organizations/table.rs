//! The list of organizations. Each count leads to what it counts.

use leptos::prelude::*;
use model::organization::OrganizationRow;

use crate::components::{dialog::DialogLink, time::Time};

#[component]
pub fn OrganizationTable(rows: Vec<OrganizationRow>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Organizations")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col">{tr!("Time Zone")}</th>
                        <th scope="col" class="number">
                            {tr!("Users")}
                        </th>
                        <th scope="col" class="number">
                            {tr!("Projects")}
                        </th>
                        <th scope="col" class="number">
                            {tr!("Backup Credentials")}
                        </th>
                        <th scope="col">{tr!("Created")}</th>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <tbody>{rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(row: OrganizationRow) -> impl IntoView {
    let id = row.id.0;
    view! {
        <tr>
            <td data-label=tr!("Name")>
                <span class="row-title">{row.name}</span>
            </td>
            <td data-label=tr!("Time Zone")>{row.time_zone}</td>
            <td data-label=tr!("Users") class="number">
                <Count page="/users" organization=id count=row.users/>
            </td>
            <td data-label=tr!("Projects") class="number">
                <Count page="/projects" organization=id count=row.projects/>
            </td>
            <td data-label=tr!("Backup Credentials") class="number">
                <Count page="/backup-credentials" organization=id count=row.credentials/>
            </td>
            <td data-label=tr!("Created")>
                <Time at=row.created/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <RowActions id=id/>
            </td>
        </tr>
    }
}

#[component]
fn Count(page: &'static str, organization: i64, count: u64) -> impl IntoView {
    view! { <a href=format!("{page}?organization={organization}")>{count}</a> }
}

#[component]
fn RowActions(id: i64) -> impl IntoView {
    view! {
        <div class="action-row">
            <DialogLink name="update" id=id label=tr!("Edit")/>
            <DialogLink name="delete" id=id label=tr!("Remove Organization")/>
        </div>
    }
}
