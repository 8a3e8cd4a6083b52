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
        action_button::CancelButton,
        breadcrumb::Breadcrumb,
        phase::{Badge, Look},
        progress::ProgressBar,
        project_frame::use_project_id,
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

fn actions(run: &Run, home: &str) -> impl IntoView + use<> {
    let browse = match run {
        Run::Backup(row) if row.phase.has_snapshot() => Some(format!("{home}/backups/{}", row.id)),
        _ => None,
    };
    let browse = browse.map(|href| {
        view! {
            <a class="button" href=href>
                {tr!("Browse")}
            </a>
        }
    });
    view! {
        {browse}
        {run.goes_on().then(|| cancel(run))}
    }
}

fn cancel(run: &Run) -> AnyView {
    match run {
        Run::Backup(row) => {
            let hidden = vec![("backup", row.id.to_string())];
            view! { <CancelButton<CancelBackup> hidden=hidden requested=row.cancel_requested/> }.into_any()
        }
        Run::Restore(row) => {
            let hidden = vec![("restore", row.id.to_string())];
            view! { <CancelButton<CancelRestore> hidden=hidden requested=row.cancel_requested/> }.into_any()
        }
        Run::Maintenance(row) => {
            let hidden = vec![("maintenance", row.id.to_string())];
            view! { <CancelButton<CancelMaintenance> hidden=hidden requested=row.cancel_requested/> }.into_any()
        }
    }
}
