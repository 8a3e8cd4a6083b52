//! The tab Schedules.

use leptos::prelude::*;
use model::{
    ids::ProjectId,
    permission::Action,
    policy::{PolicyRow, SchedulePhase},
};

use super::{
    describe::DescribePolicy,
    edit::{AddPolicy, EditPolicy},
};
use crate::{
    address::named_row,
    api::policies::{DeletePolicy, PausePolicy, ResumePolicy, RunPolicyNow, list_policies},
    browser::refresh::keep_fresh_of,
    components::{
        action_button::ActionButton,
        answer::Answer,
        confirm::Confirm,
        dialog::{DialogLink, DialogRoute},
        empty::Empty,
        last_backup::LastBackupState,
        loaded::{BELOW_FRAME, loaded_once, loaded_quietly},
        menu::Menu,
        phase::Badge,
        rows::Rows,
        subject::provide_subject,
        time::MaybeAgo,
    },
    ui::use_ui,
};

#[component]
pub fn SchedulesTab(project: Memo<ProjectId>) -> impl IntoView {
    let ui = use_ui();
    let policies: Answer<Vec<PolicyRow>> = Answer::new(move || project.get(), list_policies);
    keep_fresh_of(policies, project, |rows: &Vec<PolicyRow>| {
        rows.iter().any(|row| row.last_backup.as_ref().is_some_and(|last| last.phase.is_active()))
    });
    let list = loaded_once(policies, BELOW_FRAME, |rows| {
        let is_empty = Memo::new(move |_| rows.read().is_empty());
        move || {
            if is_empty.get() { view! { <NoPolicies/> }.into_any() } else { view! { <Table rows=rows/> }.into_any() }
        }
    });
    let dialogs = ui.can(Action::ManageProjects).then(|| {
        view! {
            <DialogRoute name="add">
                <AddPolicy project=project.get_untracked()/>
            </DialogRoute>
            <DialogRoute name="update">
                <EditPolicy project=project.get_untracked()/>
            </DialogRoute>
            <DialogRoute name="delete">
                <DeleteQuestion policies=policies/>
            </DialogRoute>
        }
    });
    view! {
        {list}
        {dialogs}
        <DialogRoute name="describe">
            <DescribePolicy policies=policies/>
        </DialogRoute>
    }
}

#[component]
fn Table(rows: Signal<Vec<PolicyRow>>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table table-lines">
                <caption class="sr-only">{tr!("Schedules")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{tr!("Name")}</th>
                        <th scope="col" class="cell-extra col-schedule">
                            {tr!("Schedule")}
                        </th>
                        <th scope="col" class="col-time">{tr!("Next Run")}</th>
                        <th scope="col" class="col-state">{tr!("Last Backup")}</th>
                        <th scope="col" class="col-status">{tr!("Status")}</th>
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
    }
}

#[component]
fn Row(row: PolicyRow) -> impl IntoView {
    let subject = provide_subject("policy", row.id);
    view! {
        <tr>
            <th scope="row" class="cell-main" data-label=tr!("Name")>
                <span class="row-title" id=subject>
                    {row.name}
                </span>
            </th>
            <td class="cell-extra cell-cut" data-label=tr!("Schedule")>
                {row.cron_words} " "
                <span class="muted">{row.time_zone}</span>
            </td>
            <td data-label=tr!("Next Run")>
                <MaybeAgo at=row.next_run/>
            </td>
            <td data-label=tr!("Last Backup")>
                <LastBackupState last=row.last_backup/>
            </td>
            <td data-label=tr!("Status")>
                <Badge look=row.phase/>
            </td>
            <td class="actions">
                <RowActions id=row.id.0 phase=row.phase may_change=row.may_change/>
            </td>
        </tr>
    }
}

#[component]
fn RowActions(id: i64, phase: SchedulePhase, may_change: bool) -> impl IntoView {
    let describe = view! { <DialogLink name="describe" id=id label=tr!("Show Description")/> };
    if !use_ui().can(Action::ManageProjects) {
        return view! { <div class="action-row">{describe}</div> }.into_any();
    }
    let run = move |place| {
        let hidden = vec![("policy", id.to_string())];
        view! { <ActionButton<RunPolicyNow> hidden=hidden label=tr!("Run Now") pending=tr!("Starting…") place=place/> }
    };
    let change = may_change.then(|| view! { <ChangeActions id=id phase=phase/> });
    view! {
        <div class="action-row">
            {run("")}
            <Menu id=format!("policy-{id}-menu")>
                <div class="menu-first">{run("menu-")}</div>
                {describe}
                {change}
            </Menu>
        </div>
    }
    .into_any()
}

/// What a locked project does not allow.
#[component]
fn ChangeActions(id: i64, phase: SchedulePhase) -> impl IntoView {
    let hidden = vec![("policy", id.to_string())];
    let switch = match phase {
        SchedulePhase::Enabled => {
            view! { <ActionButton<PausePolicy> hidden=hidden label=tr!("Pause") pending=tr!("Pausing…")/> }.into_any()
        }
        SchedulePhase::Paused => {
            view! { <ActionButton<ResumePolicy> hidden=hidden label=tr!("Resume") pending=tr!("Resuming…")/> }
                .into_any()
        }
    };
    view! {
        {switch}
        <DialogLink name="update" id=id label=tr!("Edit")/>
        <DialogLink name="delete" id=id label=tr!("Delete")/>
    }
}

#[component]
fn NoPolicies() -> impl IntoView {
    view! {
        <Empty icon="clock" title=tr!("No policies yet")>
            <p>
                {tr!("A policy says when the project is backed up, what of it, and how long each backup is kept. Its first run comes at the next time of its schedule; Run Now starts one at any time.")}
            </p>
        </Empty>
    }
}

#[component]
fn DeleteQuestion(policies: Answer<Vec<PolicyRow>>) -> impl IntoView {
    let id = named_row();
    let consequence = move |rows: Vec<PolicyRow>| {
        let row = rows.into_iter().find(|row| row.id.0 == id);
        let stays = row.as_ref().map(what_stays);
        let name = row.map_or_else(|| tr!("number {}", id), |row| row.name);
        view! {
            <p>{tr!("The schedule of the policy ")} <strong>{name}</strong> {tr!(" ends.")}</p>
            {stays.map(|stays| view! { <p>{stays}</p> })}
        }
    };
    view! {
        <Confirm<DeletePolicy>
            title=tr!("Delete Policy")
            hidden=vec![("policy", id.to_string())]
            action=tr!("Delete")
            pending=tr!("Deleting…")
        >
            {loaded_quietly(policies, consequence)}
        </Confirm<DeletePolicy>>
    }
}

/// How many backups there are, and what becomes of them.
fn what_stays(row: &PolicyRow) -> String {
    if row.backups == 0 {
        return tr!("It has no backups.");
    }
    let rules = if row.keep.is_empty() { row.retention.clone() } else { format!("{}, {}", row.retention, row.keep) };
    let backups = tr!("Its backup stays" | "Its {n} backups stay" % row.backups);
    tr!("{} by the rules that it had: {}. The newest completed one stays until somebody deletes it.", backups, rules)
}
