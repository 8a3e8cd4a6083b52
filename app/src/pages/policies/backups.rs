//! The tab Backups.

use leptos::prelude::*;
use model::{
    backup::{BackupPhase, BackupRow, Deletion},
    ids::ProjectId,
    list::Page,
    permission::Action,
    project::ProjectView,
    run::RunRef,
    size,
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
        empty::{Empty, NothingFound, Refresh},
        filter::FilterSelect,
        loaded::BELOW_FRAME,
        pager::{PageFacts, Pager},
        phase::{Badge, Look},
        progress::ProgressBar,
        rows::{Rows, listed},
        run_link::RunLink,
        search_form::SearchForm,
        select::Choice,
        sort_header::SortHeader,
        subject::provide_subject,
        time::{MaybeAgo, Time, or_none},
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
        page.rows.iter().any(|row| row.phase.is_active() || row.deletion.as_ref().is_some_and(|deletion| deletion.due))
    });
    let list = listed(
        backups,
        BELOW_FRAME,
        |page| page,
        move || {
            let narrowed = query.with_untracked(|query| !query.search.is_empty() || !query.state.is_empty());
            if narrowed {
                let all = format!("/projects/{}/policies?tab=backups", project.get_untracked());
                return view! { <NothingFound all=all/> }.into_any();
            }
            view! { <NoBackups/> }.into_any()
        },
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
        <div class="toolbar">
            <SearchForm filters=&["state"]>
                <PhaseFilter/>
            </SearchForm>
        </div>
        {list}
        {dialogs}
        <DialogRoute name="describe">
            <DescribeBackup backups=backups/>
        </DialogRoute>
    }
}

#[component]
fn PhaseFilter() -> impl IntoView {
    let choice = |phase: &BackupPhase| {
        let label = phase.label();
        Choice::new(phase, tr!(label))
    };
    let choices: Vec<Choice> = BackupPhase::ALL.iter().map(choice).collect();
    view! { <FilterSelect name="state" label=tr!("Status") all=tr!("Any status") choices=choices/> }
}

const COLUMNS: u8 = 9;

#[component]
fn Table(rows: Signal<Vec<BackupRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table table-lines">
                <caption class="sr-only">{tr!("Backups")}</caption>
                <thead>
                    <tr>
                        <SortHeader column="name" label=tr!("Name")/>
                        <SortHeader column="policy" label=tr!("Policy") class="col-policy cell-wide"/>
                        <SortHeader column="status" label=tr!("Status") class="col-status"/>
                        <SortHeader column="started" label=tr!("Started") class="col-time"/>
                        <th scope="col" class="number col-size cell-wide">
                            {tr!("Duration")}
                        </th>
                        <SortHeader column="size" label=tr!("Size") class="number col-size"/>
                        <SortHeader column="added" label=tr!("Added") class="number col-size cell-extra"/>
                        <SortHeader column="expires" label=tr!("Expires") class="col-time cell-extra"/>
                        <th scope="col" class="actions col-actions">
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
    let subject = provide_subject("backup", row.id);
    let policy = row.policy.clone().unwrap_or_else(|| tr!("Manual"));
    let duration = row.duration().map(size::duration);
    view! {
        <tr>
            <th scope="row" class="cell-main" data-label=tr!("Name") title=row.name.clone()>
                <RunLink run=RunRef::Backup(row.id) name=row.name.clone() id=subject/>
            </th>
            <td class="cell-wide" data-label=tr!("Policy")>{policy}</td>
            <td data-label=tr!("Status")>
                <span class="badge-row">
                    <Badge look=row.shown_phase()/>
                    {row.kept.is_some().then(|| view! { <Badge look=Look::KEPT/> })}
                    {row.is_unusual().then(|| view! { <Badge look=Look::UNUSUAL/> })}
                </span>
            </td>
            <td data-label=tr!("Started")>
                <MaybeAgo at=row.started/>
            </td>
            <td class="number cell-wide" data-label=tr!("Duration")>{or_none(duration)}</td>
            <td class="number" data-label=tr!("Size")>{or_none(row.size.map(size::bytes))}</td>
            <td
                class="number cell-extra"
                data-label=tr!("Added")
                title=tr!("New data that this backup stored, after compression and deduplication")
            >
                {or_none(row.added.map(size::bytes))}
            </td>
            <td class="cell-extra" data-label=tr!("Expires")>
                <Expires expiry=row.expires/>
            </td>
            <td class="actions">
                <BackupActions row=row.clone()/>
            </td>
        </tr>
        <Notes row=row/>
    }
}

/// Below the row, at full width: how far it has come, what went wrong, and what comes next.
#[component]
fn Notes(row: BackupRow) -> impl IntoView {
    let running = (row.phase == BackupPhase::InProgress)
        .then(|| view! { <ProgressBar progress=row.progress label=tr!("Progress of {}", row.name)/> }.into_any());
    let unusual = row.unusual.as_ref().filter(|_| row.is_unusual()).map(|unusual| cause(unusual.words.clone()));
    let damaged = row.damaged.then(|| cause(tr!("Damaged: it cannot be restored whole. See Repository.")));
    let unreadable = (!row.unreadable.is_empty()).then(|| {
        note(tr!("{n} file could not be read; see the details."
            | "{n} files could not be read; see the details." % row.unreadable.len()))
    });
    let retry = row.retry_at.map(|at| {
        view! {
            <p class="cell-note">
                {tr!("Attempt {} failed. Retrying at ", row.attempt)}
                <Time at=at/>
            </p>
        }
        .into_any()
    });
    let made_good = row.made_good.then(|| note(tr!("A missed run, made good.")));
    let deletion = row.deletion.as_ref().map(deletion_note);
    let notes: Vec<AnyView> = [running, deletion, unusual, row.cause.map(cause), retry, unreadable, damaged, made_good]
        .into_iter()
        .flatten()
        .collect();
    (!notes.is_empty()).then(|| {
        view! {
            <tr class="row-note">
                <td colspan=COLUMNS>{notes}</td>
            </tr>
        }
    })
}

fn note(text: String) -> AnyView {
    view! { <p class="cell-note">{text}</p> }.into_any()
}

fn cause(text: String) -> AnyView {
    view! { <p class="cell-note cell-cause">{text}</p> }.into_any()
}

/// When it goes, and by whose doing.
fn deletion_note(deletion: &Deletion) -> AnyView {
    let why = match (&deletion.by, deletion.begun) {
        (_, true) => return note(tr!("It is being removed from the bucket.")),
        (Some(by), false) => tr!("Deleted by {}. It is removed at ", by),
        (None, false) => tr!("Its retention has ended. It is removed at "),
    };
    let at = deletion.after;
    view! {
        <p class="cell-note">
            {why}
            <Time at=at/>
        </p>
    }
    .into_any()
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
