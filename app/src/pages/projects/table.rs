//! The list of projects.

use leptos::prelude::*;
use model::{
    list::Page,
    maintenance::Health,
    permission::Action,
    project::{ProjectList, ProjectRow},
};

use crate::{
    address::use_address,
    components::{
        answer::Answer,
        empty::{Empty, NothingFound},
        last_backup::LastBackupState,
        loaded::loaded,
        pager::Pager,
        phase::{Badge, Look},
        sort_header::SortHeader,
    },
    ui::use_ui,
};

#[component]
pub fn ProjectTable(list: Answer<ProjectList>) -> impl IntoView {
    let address = use_address();
    let table = move |list: ProjectList| {
        let narrowed = ["search", "organization", "page"].iter().any(|key| address.get(key).is_some());
        match (list.page.rows.is_empty(), narrowed) {
            (true, true) => view! { <NothingFound all=address.path()/> }.into_any(),
            (true, false) => view! { <NoProjects/> }.into_any(),
            (false, _) => view! { <Rows page=list.page/> }.into_any(),
        }
    };
    loaded(list, table)
}

#[component]
fn Rows(page: Page<ProjectRow>) -> impl IntoView {
    let facts = (&page).into();
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Projects")}</caption>
                <thead>
                    <tr>
                        <SortHeader column="id" label=tr!("ID") class="narrow"/>
                        <SortHeader column="name" label=tr!("Name")/>
                        <SortHeader column="organization" label=tr!("Organization")/>
                        <SortHeader column="source" label=tr!("Source")/>
                        <SortHeader column="backup" label=tr!("switch" => "Backup")/>
                        <SortHeader column="last_backup" label=tr!("Last Backup")/>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <tbody>{page.rows.into_iter().map(|row| view! { <Row row=row/> }).collect_view()}</tbody>
            </table>
        </div>
        <Pager facts=facts/>
    }
}

#[component]
fn Row(row: ProjectRow) -> impl IntoView {
    let home = format!("/projects/{}", row.id);
    let manages = use_ui().can(Action::ManageProjects);
    let settings = manages.then(|| {
        let href = format!("{home}/settings");
        view! { <a class="button button-quiet button-small" href=href>{tr!("Settings")}</a> }
    });
    let kind = row.source.kind();
    let backup = if row.backup_enabled { Look::BACKUP_ON } else { Look::BACKUP_OFF };
    view! {
        <tr data-key=row.id.0>
            <td data-label=tr!("ID") class="narrow">
                {row.id.0}
            </td>
            <td data-label=tr!("Name")>
                <span class="with-marks">
                    <a class="row-title" href=home.clone()>
                        {row.name}
                    </a>
                    {row.locked.then(|| view! { <Badge look=Look::LOCKED/> })}
                </span>
            </td>
            <td data-label=tr!("Organization")>{row.organization}</td>
            <td data-label=tr!("Source") class="break">
                <span>
                    <span class="kind">{tr!(kind)}</span>
                    <code>{row.source.location()}</code>
                </span>
            </td>
            <td data-label=tr!("switch" => "Backup")>
                <span class="with-marks">
                    <Badge look=backup/>
                    {row.damaged.then(|| view! { <Badge look=Health::Damaged/> })}
                </span>
            </td>
            <td data-label=tr!("Last Backup")>
                <LastBackupState last=row.last_backup/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <div class="action-row">
                    <a class="button button-quiet button-small" href=format!("{home}/policies")>
                        {tr!("Backup Policy")}
                    </a>
                    {settings}
                </div>
            </td>
        </tr>
    }
}

#[component]
fn NoProjects() -> impl IntoView {
    let address = use_address();
    let add = use_ui().can(Action::ManageProjects).then(|| {
        view! {
            <a class="button button-primary" href=address.dialog("add") data-noscroll="true">
                {tr!("Add your first project")}
            </a>
        }
    });
    view! {
        <Empty icon="projects" title=tr!("No projects yet")>
            <p>{tr!("A project is something that is backed up as one: a directory on this server, or a PostgreSQL database.")}</p>
            {add}
        </Empty>
    }
}
