//! What run it is, its state, and what can be done with it.

use leptos::prelude::*;
use model::{
    backup::BackupRow,
    permission::Action,
    run::{ATTEMPTS, Run, RunView},
};

use super::progress;
use crate::{
    api::{backups::CancelBackup, maintenance::CancelMaintenance, restores::CancelRestore},
    components::{
        action_button::ActionButton,
        breadcrumb::Breadcrumb,
        phase::{Badge, Look},
        progress::ProgressBar,
        project_frame::use_project_id,
        submission::Mutation,
        time::Time,
    },
    pages::repository::maintenance_word,
    ui::use_ui,
};

#[component]
pub fn Head(view: RunView) -> impl IntoView {
    let home = format!("/projects/{}", use_project_id().get_untracked());
    let (name, list) = match &view.run {
        Run::Backup(row) => (row.name.clone(), (tr!("Backups"), format!("{home}/policies?tab=backups"))),
        Run::Restore(row) => (row.name.clone(), (tr!("Restores"), format!("{home}/policies?tab=restores"))),
        Run::Maintenance(row) => (maintenance_word(row), (tr!("Repository"), format!("{home}/repository"))),
    };
    let steps = vec![(tr!("Projects"), "/projects".to_owned()), (view.project_name.clone(), home.clone()), list];
    let bar = progress(&view.run).map(|progress| {
        view! { <ProgressBar progress=*progress usual=view.usual label=tr!("Progress of {}", name.clone())/> }
    });
    view! {
        <Breadcrumb steps=steps/>
        <header class="page-header">
            <h1 class="break">{name}</h1>
            <div class="page-marks">{state(&view.run)} {use_ui().can(Action::ManageProjects).then(|| actions(&view.run, &home))}</div>
        </header>
        {bar}
    }
}

fn state(run: &Run) -> AnyView {
    match run {
        Run::Backup(BackupRow { retry_at: Some(at), attempt, .. }) => {
            let (at, attempt) = (*at, *attempt);
            view! {
                <Badge look=Look::RETRYING/>
                <span>{tr!("Attempt {} of {} failed. The next one is at ", attempt, ATTEMPTS)} <Time at=at/></span>
            }
            .into_any()
        }
        Run::Backup(row) => view! { <Badge look=row.shown_phase()/> }.into_any(),
        Run::Restore(row) => view! { <Badge look=row.phase/> }.into_any(),
        Run::Maintenance(row) => view! { <Badge look=row.phase/> }.into_any(),
    }
}

fn actions(run: &Run, home: &str) -> AnyView {
    match run {
        Run::Backup(row) => {
            let browse = row.phase.has_snapshot().then(|| {
                view! {
                    <a class="button" href=format!("{home}/backups/{}", row.id)>
                        {tr!("Browse")}
                    </a>
                }
            });
            let cancel = cancel::<CancelBackup>(
                row.phase.is_active() || row.retry_at.is_some(),
                row.cancel_requested,
                ("backup", row.id.to_string()),
            );
            view! {
                {browse}
                {cancel}
            }
            .into_any()
        }
        Run::Restore(row) => {
            cancel::<CancelRestore>(row.phase.is_active(), row.cancel_requested, ("restore", row.id.to_string()))
        }
        Run::Maintenance(row) => cancel::<CancelMaintenance>(
            row.phase.is_active(),
            row.cancel_requested,
            ("maintenance", row.id.to_string()),
        ),
    }
}

fn cancel<S: Mutation>(is_active: bool, is_asked: bool, named: (&'static str, String)) -> AnyView {
    match (is_active, is_asked) {
        (false, _) => ().into_any(),
        (true, true) => view! { <span class="muted">{tr!("Cancelling…")}</span> }.into_any(),
        (true, false) => {
            view! { <ActionButton<S> hidden=vec![named] label=tr!("Cancel") pending=tr!("Cancelling…")/> }.into_any()
        }
    }
}
