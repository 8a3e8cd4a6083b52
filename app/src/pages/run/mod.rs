//! One run: how it goes or went, step by step.

mod facts;
mod growth;
mod head;
mod log;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use model::{
    backup::Progress,
    permission::Action,
    run::{Comparison, Run, RunView, estimate},
};

use crate::{
    address::{Address, page_address, use_part},
    api::runs::{get_growth, get_run},
    browser::refresh::keep_fresh_of,
    components::{
        answer::Answer,
        loaded::{loaded, loaded_below, loaded_quietly},
        project_frame::use_project_id,
    },
    ui::use_ui,
};
use facts::Facts;
use growth::{COMPARE, GrowthPanel};
use head::Head;
use log::LogPanel;

#[component]
pub fn RunPage() -> impl IntoView {
    page_address();
    let (project, parameters) = (use_project_id(), use_params_map());
    let name = Memo::new(move |_| parameters.read().get("run").unwrap_or_default());
    let run: Answer<RunView> = Answer::new(move || (project.get(), name.get()), |(project, run)| get_run(project, run));
    keep_fresh_of(run, project, |view: &RunView| view.run.goes_on());
    let compares = use_part(|address: &Address| address.get(COMPARE).is_some());
    let growth: Answer<Comparison> = Answer::new(
        move || (project.get(), name.get(), compares.get()),
        |(project, run, compares)| get_growth(project, run, compares),
    );
    let may_look = use_ui().can(Action::ManageProjects);
    let has_data = Memo::new(move |_| run.looking(has_data));
    Effect::new(move |before: Option<Option<bool>>| {
        let now = has_data.get();
        if before.flatten() == Some(false) && now == Some(true) {
            growth.refetch();
        }
        now
    });
    let grown = may_look.then(|| loaded_below(growth, |comparison| view! { <GrowthPanel comparison=comparison/> }));
    view! {
        <Title text=tr!("Run")/>
        <Announcement run=run/>
        {loaded(run, |view: RunView| view! { <Head view=view/> })}
        {loaded_quietly(run, |view: RunView| view! { <LogPanel lines=view.log/> })}
        {grown}
        {loaded_quietly(run, |view: RunView| view! { <Facts run=view.run/> })}
    }
}

/// Whether it is a backup that can be looked into.
fn has_data(view: &RunView) -> bool {
    matches!(&view.run, Run::Backup(row) if row.phase.has_snapshot())
}

/// Says to those who do not see it how far the run has come, at each tenth of the way.
#[component]
fn Announcement(run: Answer<RunView>) -> impl IntoView {
    let said = Memo::new(move |_| run.looking(announced).flatten().unwrap_or_default());
    view! {
        <p class="sr-only" aria-live="polite">
            {move || said.get()}
        </p>
    }
}

fn announced(view: &RunView) -> Option<String> {
    let percent = estimate(progress(&view.run)?, view.usual).0?;
    Some(tr!("{} % done", percent / 10 * 10))
}

/// How far the run has come, while it is under way.
fn progress(run: &Run) -> Option<&Progress> {
    use model::{
        backup::{BackupPhase, RestorePhase},
        maintenance::MaintenancePhase,
    };
    match run {
        Run::Backup(row) => (row.phase == BackupPhase::InProgress).then_some(&row.progress),
        Run::Restore(row) => (row.phase == RestorePhase::InProgress).then_some(&row.progress),
        Run::Maintenance(row) => (row.phase == MaintenancePhase::InProgress).then_some(&row.progress),
    }
}
