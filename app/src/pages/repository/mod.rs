//! A project's repository: whether it can be relied on, what it takes up, and what was done to it.

mod damage;
mod runs;
mod state;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{maintenance::RepositoryView, permission::Action};

use crate::{
    address::page_address,
    api::maintenance::get_repository,
    browser::refresh::keep_fresh_of,
    components::{
        answer::Answer,
        dialog::DialogRoute,
        empty::Empty,
        loaded::{loaded_below, loaded_quietly},
        project_frame::{ProjectFrame, use_project, use_project_id},
    },
    ui::use_ui,
};
use damage::{DamagePanel, RepairQuestion};
use runs::RunsTable;
pub use runs::maintenance_word;
use state::StatePanel;

#[component]
pub fn RepositoryPage() -> impl IntoView {
    let ui = use_ui();
    page_address();
    let id = use_project_id();
    let project = use_project(id);
    let repository: Answer<RepositoryView> = Answer::new(move || id.get(), get_repository);
    keep_fresh_of(repository, id, |view: &RepositoryView| view.runs.iter().any(|run| run.phase.is_active()));
    let panels = |view: RepositoryView| match view.repository {
        Some(state) => view! {
            <DamagePanel
                health=state.health
                files=state.damaged.clone()
                backups=state.damaged_backups.clone()
                may_manage=view.may_manage
            />
            <StatePanel id=view.project state=state may_manage=view.may_manage/>
        }
        .into_any(),
        None => view! { <NoRepository/> }.into_any(),
    };
    let table = |view: RepositoryView| {
        (!view.runs.is_empty()).then(|| view! { <RunsTable runs=view.runs may_manage=view.may_manage/> })
    };
    let repair = ui.can(Action::ManageProjects).then(|| {
        view! {
            <DialogRoute name="repair">
                <RepairQuestion repository=repository/>
            </DialogRoute>
        }
    });
    view! {
        <Title text=tr!("Repository")/>
        <ProjectFrame project=project heading=tr!("Repository")/>
        {loaded_below(repository, panels)}
        {loaded_quietly(repository, table)}
        {repair}
    }
}

#[component]
fn NoRepository() -> impl IntoView {
    view! {
        <Empty icon="archive" title=tr!("No repository")>
            <p>{tr!("The project's backup is off. Once it is enabled, its repository is verified here and kept small.")}</p>
        </Empty>
    }
}
