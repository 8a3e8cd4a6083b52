//! The tab Restores.

use leptos::prelude::*;
use model::{backup::RestorePhase, ids::ProjectId, list::Page, permission::Action, restore::RestoreRow, run::RunRef};

use super::describe::DescribeRestore;
use crate::{
    address::{Address, named_row, use_part},
    api::restores::{CancelRestore, DeleteRestore, list_restores},
    browser::refresh::keep_fresh_of,
    components::{
        action_button::CancelButton,
        answer::Answer,
        confirm::Confirm,
        dialog::{DialogLink, DialogRoute},
        empty::{Empty, Refresh},
        loaded::{BELOW_FRAME, loaded_quietly},
        pager::{PageFacts, Pager},
        phase::Badge,
        progress::ProgressBar,
        rows::{Rows, listed},
        run_link::RunLink,
        sort_header::SortHeader,
        subject::provide_subject,
        time::{MaybeAgo, NoValue, or_none},
    },
    ui::use_ui,
};

#[component]
pub fn RestoresTab(project: Memo<ProjectId>) -> impl IntoView {
    let ui = use_ui();
    let query = use_part(Address::list_query);
    let restores: Answer<Page<RestoreRow>> =
        Answer::new(move || (project.get(), query.get()), |(project, query)| list_restores(project, query));
    keep_fresh_of(restores, project, |page: &Page<RestoreRow>| page.rows.iter().any(|row| row.phase.is_active()));
    let list = listed(
        restores,
        BELOW_FRAME,
        |page| page,
        || view! { <NoRestores/> },
        |rows, facts| view! { <Table rows=rows facts=facts/> },
    );
    let delete = ui.can(Action::ManageProjects).then(|| {
        view! {
            <DialogRoute name="delete">
                <DeleteQuestion restores=restores/>
            </DialogRoute>
        }
    });
    view! {
        {list}
        {delete}
        <DialogRoute name="describe">
            <DescribeRestore restores=restores/>
        </DialogRoute>
    }
}

const COLUMNS: u8 = 8;

#[component]
fn Table(rows: Signal<Vec<RestoreRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table table-lines">
                <caption class="sr-only">{tr!("Restores")}</caption>
                <thead>
                    <tr>
                        <SortHeader column="name" label=tr!("Name")/>
                        <th scope="col" class="cell-extra col-words">
                            {tr!("Backup")}
                        </th>
                        <SortHeader column="status" label=tr!("Status") class="col-status"/>
                        <SortHeader column="started" label=tr!("Started") class="col-time"/>
                        <SortHeader column="finished" label=tr!("Finished") class="cell-wide col-time"/>
                        <SortHeader column="files" label=tr!("Files") class="number col-size"/>
                        <th scope="col" class="number cell-extra col-size">
                            {tr!("Warnings")}
                        </th>
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
        <div class="table-footer">
            <Refresh/>
            <Pager facts=facts/>
        </div>
    }
}

#[component]
fn Row(row: RestoreRow) -> impl IntoView {
    let subject = provide_subject("restore", row.id);
    let warnings = match row.warnings.len() {
        0 => view! { <NoValue/> }.into_any(),
        count => count.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="cell-main" data-label=tr!("Name")>
                <RunLink run=RunRef::Restore(row.id) name=row.name.clone() id=subject/>
            </th>
            <td class="cell-extra cell-cut" data-label=tr!("Backup")>{row.backup_name.clone()}</td>
            <td data-label=tr!("Status")>
                <Badge look=row.phase/>
            </td>
            <td data-label=tr!("Started")>
                <MaybeAgo at=row.started/>
            </td>
            <td class="cell-wide" data-label=tr!("Finished")>
                <MaybeAgo at=row.finished/>
            </td>
            <td class="number" data-label=tr!("Files")>{or_none(row.files.map(|files| files.to_string()))}</td>
            <td class="number cell-extra" data-label=tr!("Warnings")>{warnings}</td>
            <td class="actions">
                <RowActions id=row.id.0 phase=row.phase cancel_requested=row.cancel_requested/>
            </td>
        </tr>
        <Notes row=row/>
    }
}

/// Below the row, at full width: how far it has come, and what went wrong.
#[component]
fn Notes(row: RestoreRow) -> impl IntoView {
    let running = (row.phase == RestorePhase::InProgress)
        .then(|| view! { <ProgressBar progress=row.progress label=tr!("Progress of {}", row.name)/> });
    let cause = row.cause.map(|cause| view! { <p class="cell-note cell-cause">{cause}</p> });
    (running.is_some() || cause.is_some()).then(|| {
        view! {
            <tr class="row-note">
                <td colspan=COLUMNS>
                    {running}
                    {cause}
                </td>
            </tr>
        }
    })
}

#[component]
fn RowActions(id: i64, phase: RestorePhase, cancel_requested: bool) -> impl IntoView {
    let manages = use_ui().can(Action::ManageProjects);
    let change = manages.then(|| {
        if !phase.is_active() {
            return view! {
                <DialogLink name="delete" id=id label=tr!("Delete")/>
            }
            .into_any();
        }
        let hidden = vec![("restore", id.to_string())];
        view! { <CancelButton<CancelRestore> hidden=hidden requested=cancel_requested/> }.into_any()
    });
    view! {
        <div class="action-row">
            <DialogLink name="describe" id=id label=tr!("Show Description")/>
            {change}
        </div>
    }
}

#[component]
fn DeleteQuestion(restores: Answer<Page<RestoreRow>>) -> impl IntoView {
    let id = named_row();
    let consequence = move |page: Page<RestoreRow>| {
        let row = page.rows.into_iter().find(|row| row.id.0 == id);
        let name = row.map_or_else(|| tr!("number {}", id), |row| row.name);
        view! { <p>{tr!("The record of the restore ")} <strong>{name}</strong> {tr!(" is removed.")}</p> }
    };
    view! {
        <Confirm<DeleteRestore>
            title=tr!("Delete Restore")
            hidden=vec![("restore", id.to_string())]
            action=tr!("Delete")
            pending=tr!("Deleting…")
        >
            {loaded_quietly(restores, consequence)}
            <p>{tr!("What it restored stays where it is.")}</p>
        </Confirm<DeleteRestore>>
    }
}

#[component]
fn NoRestores() -> impl IntoView {
    view! {
        <Empty icon="refresh" title=tr!("No restores yet")>
            <p>{tr!("Choose Restore at a backup, or at a file or folder inside it.")}</p>
        </Empty>
    }
}
