//! The tab Backups.

use leptos::prelude::*;
use model::{
    backup::{BackupPhase, BackupRow, Deletion},
    ids::ProjectId,
    list::Page,
    permission::Action,
    project::ProjectView,
    size, time,
};

use super::{
    backup_actions::{BackupActions, DeleteQuestion, KeepQuestion, RemoveQuestion},
    backup_description::DescribeBackup,
    expires::Expires,
    restore::RestoreDialog,
};
use crate::{
    address::{Address, use_part},
    api::backups::list_backups,
    browser::refresh::keep_fresh_of,
    components::{
        answer::Answer,
        dialog::DialogRoute,
        empty::{Empty, Refresh},
        loaded::BELOW_FRAME,
        pager::{PageFacts, Pager},
        phase::{Badge, Look},
        progress::ProgressBar,
        rows::{Rows, listed},
        time::{MaybeTime, or_none},
    },
    ui::use_ui,
};

#[component]
pub fn BackupsTab(project: Memo<ProjectId>, view: Answer<ProjectView>) -> impl IntoView {
    let ui = use_ui();
    let query = use_part(Address::list_query);
    let backups: Answer<Page<BackupRow>> =
        Answer::new(move || (project.get(), query.get()), |(project, query)| list_backups(project, query));
    keep_fresh_of(backups, project, |page: &Page<BackupRow>| {
        page.rows
            .iter()
            .any(|row| row.phase.is_active() || row.deletion.as_ref().is_some_and(|deletion| deletion.begun))
    });
    let list = listed(
        backups,
        BELOW_FRAME,
        |page| page,
        || view! { <NoBackups/> },
        |rows, facts| view! { <Table rows=rows facts=facts/> },
    );
    let dialogs = ui.can(Action::ManageProjects).then(|| {
        view! {
            <DialogRoute name="restore">
                <RestoreDialog backups=backups project=view/>
            </DialogRoute>
            <DialogRoute name="delete">
                <DeleteQuestion backups=backups project=view/>
            </DialogRoute>
            <DialogRoute name="keep">
                <KeepQuestion backups=backups/>
            </DialogRoute>
            <DialogRoute name="remove">
                <RemoveQuestion backups=backups/>
            </DialogRoute>
        }
    });
    view! {
        {list}
        {dialogs}
        <DialogRoute name="describe">
            <DescribeBackup backups=backups/>
        </DialogRoute>
    }
}

#[component]
fn Table(rows: Signal<Vec<BackupRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table table-dense">
                <caption class="sr-only">{tr!("Backups")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col">{tr!("Policy")}</th>
                        <th scope="col">{tr!("Phase")}</th>
                        <th scope="col">{tr!("Started")}</th>
                        <th scope="col" class="number">{tr!("Duration")}</th>
                        <th scope="col" class="number">
                            {tr!("Size")}
                        </th>
                        <th scope="col" class="number">
                            {tr!("Added")}
                        </th>
                        <th scope="col">{tr!("Expires")}</th>
                        <th scope="col" class="actions">
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
fn Row(row: BackupRow) -> impl IntoView {
    let policy = row.policy.clone().unwrap_or_else(|| tr!("Manual"));
    let duration = row.duration().map(size::duration);
    let actions = row.clone();
    view! {
        <tr>
            <td data-label=tr!("Name") class="name-cell">
                <span class="row-title">{row.name.clone()}</span>
            </td>
            <td data-label=tr!("Policy")>{policy}</td>
            <td data-label=tr!("Phase")>
                <PhaseCell row=row.clone()/>
            </td>
            <td data-label=tr!("Started")>
                <MaybeTime at=row.started/>
            </td>
            <td data-label=tr!("Duration") class="number">{or_none(duration)}</td>
            <td data-label=tr!("Size") class="number">
                {or_none(row.size.map(size::bytes))}
            </td>
            <td data-label=tr!("Added") class="number">
                {or_none(row.added.map(size::bytes))}
            </td>
            <td data-label=tr!("Expires")>
                <Expires expiry=row.expires/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                <BackupActions row=actions/>
            </td>
        </tr>
    }
}

/// The phase, how far it has come, what went wrong and what comes next.
#[component]
fn PhaseCell(row: BackupRow) -> impl IntoView {
    let running = (row.phase == BackupPhase::InProgress)
        .then(|| view! { <ProgressBar progress=row.progress label=tr!("Progress of {}", row.name)/> });
    let retry = row.retry_at.map(|at| tr!("Try {} failed. The next one starts at {}.", row.attempt, time::text(at)));
    let unreadable = (!row.unreadable.is_empty()).then(|| {
        tr!("{n} file could not be read; see the description."
            | "{n} files could not be read; see the description." % row.unreadable.len())
    });
    let made_good = row.made_good.then(|| tr!("A missed run, made good."));
    let note = |text: String| view! { <p class="cell-note">{text}</p> };
    let unusual = row.unusual.as_ref().filter(|_| row.is_unusual()).map(|unusual| unusual.words.clone());
    view! {
        <div class="phase-cell">
            <span class="badge-row">
                <Badge look=row.shown_phase()/>
                {row.kept.is_some().then(|| view! { <Badge look=Look::KEPT/> })}
                {row.is_unusual().then(|| view! { <Badge look=Look::UNUSUAL/> })}
            </span>
            {running}
            {row.deletion.as_ref().map(deletion_note).map(note)}
            {unusual.map(|words| view! { <p class="cell-note cell-cause">{words}</p> })}
            {row.cause.map(|cause| view! { <p class="cell-note cell-cause">{cause}</p> })}
            {retry.map(note)}
            {unreadable.map(note)}
            {row.damaged.then(|| view! { <p class="cell-note cell-cause">{tr!("Damaged: it cannot be restored whole. See Repository.")}</p> })}
            {made_good.map(note)}
        </div>
    }
}

/// When it goes, and by whose doing.
fn deletion_note(deletion: &Deletion) -> String {
    let at = time::text(deletion.after);
    match (&deletion.by, deletion.begun) {
        (_, true) => tr!("It is being removed from the bucket."),
        (Some(by), false) => tr!("{} deleted it. It is removed at {}.", by, at),
        (None, false) => tr!("Its retention has ended. It is removed at {}.", at),
    }
}

#[component]
fn NoBackups() -> impl IntoView {
    view! {
        <Empty icon="archive" title=tr!("No backups yet")>
            <p>{tr!("The first one appears here as soon as a schedule comes due, or when a policy is run by hand.")}</p>
            <Refresh/>
        </Empty>
    }
}
