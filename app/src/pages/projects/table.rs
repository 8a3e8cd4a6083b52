//! The list of projects.

use leptos::prelude::*;
use model::{
    maintenance::Health,
    permission::Action,
    project::{ProjectList, ProjectRow},
};

use super::many::{PageTick, RowTick};
use crate::{
    address::use_address,
    components::{
        answer::Answer,
        empty::{Empty, NothingFound},
        last_backup::LastBackupState,
        loaded::EVERYTHING,
        pager::{PageFacts, Pager},
        phase::{Badge, Look},
        rows::{Rows, listed},
        sort_header::SortHeader,
        subject::{provide_subject, use_subject},
    },
    ui::use_ui,
};

#[component]
pub fn ProjectTable(list: Answer<ProjectList>) -> impl IntoView {
    let address = use_address();
    let none = move || {
        let address = address.get_untracked();
        let narrowed = ["search", "organization", "state", "page"].iter().any(|key| address.get(key).is_some());
        if narrowed {
            view! { <NothingFound all=address.path()/> }.into_any()
        } else {
            view! { <NoProjects/> }.into_any()
        }
    };
    listed(list, EVERYTHING, |list| &list.page, none, |rows, facts| view! { <Table rows=rows facts=facts/> })
}

#[component]
fn Table(rows: Signal<Vec<ProjectRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    let manages = use_ui().can(Action::ManageProjects);
    view! {
        <div class="table-frame">
            <table class="table table-lines">
                <caption class="sr-only">{tr!("Projects")}</caption>
                <thead>
                    <tr>
                        {manages.then(|| view! { <PageTick rows=rows/> })}
                        <SortHeader column="id" label=tr!("ID") class="col-id cell-extra"/>
                        <SortHeader column="name" label=tr!("Name")/>
                        <SortHeader column="organization" label=tr!("Organization") class="col-organization cell-extra"/>
                        <SortHeader column="source" label=tr!("Source") class="col-words cell-extra"/>
                        <SortHeader column="backup" label=tr!("switch" => "Backup") class="col-switch"/>
                        <SortHeader column="last_backup" label=tr!("Last Backup") class="col-state"/>
                        <th scope="col" class="actions col-actions-wide">
                            {tr!("Actions")}
                        </th>
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
fn Row(row: ProjectRow) -> impl IntoView {
    let subject = provide_subject("project", row.id);
    let home = format!("/projects/{}", row.id);
    let manages = use_ui().can(Action::ManageProjects);
    let settings = manages.then(|| {
        let href = format!("{home}/settings");
        view! { <a class="button button-quiet button-small" href=href aria-describedby=use_subject()>{tr!("Settings")}</a> }
    });
    let kind = row.source.kind();
    let location = row.source.location();
    let backup = if row.backup_enabled { Look::BACKUP_ON } else { Look::BACKUP_OFF };
    view! {
        <tr>
            {manages.then(|| view! { <RowTick id=row.id.0 name=row.name.clone()/> })}
            <td class="narrow cell-extra" data-label=tr!("ID")>{row.id.0}</td>
            <th scope="row" class="cell-main" data-label=tr!("Name")>
                <a class="row-title" href=home.clone() id=subject>
                    {row.name}
                </a>
                {row.locked.then(|| view! { <Badge look=Look::LOCKED/> })}
            </th>
            <td class="cell-extra cell-cut" data-label=tr!("Organization")>{row.organization}</td>
            <td class="cell-extra cell-cut" data-label=tr!("Source") title=location.clone()>
                <span class="kind">{tr!(kind)}</span>
                <code>{location.clone()}</code>
            </td>
            <td data-label=tr!("switch" => "Backup")>
                <span class="badge-row">
                    <Badge look=backup/>
                    {row.damaged.then(|| view! { <Badge look=Health::Damaged/> })}
                </span>
            </td>
            <td data-label=tr!("Last Backup")>
                <LastBackupState last=row.last_backup/>
            </td>
            <td class="actions">
                <div class="action-row">
                    <a
                        class="button button-quiet button-small"
                        href=format!("{home}/policies")
                        aria-describedby=use_subject()
                    >
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
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
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
