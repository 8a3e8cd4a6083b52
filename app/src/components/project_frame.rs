//! What stands above each of a project's pages.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{ids::ProjectId, permission::Action, project::ProjectView};

use crate::{
    address::use_address,
    api::projects::get_project,
    components::{
        answer::Answer,
        breadcrumb::Breadcrumb,
        loaded::loaded,
        phase::{Badge, Look},
    },
    ui::use_ui,
};

/// The project of the page's address. What is no number becomes 0, which no project has, so that the server answers
/// that there is nothing.
pub fn use_project_id() -> Memo<ProjectId> {
    let parameters = use_params_map();
    Memo::new(move |_| ProjectId(parameters.read().get("project").and_then(|id| id.parse().ok()).unwrap_or_default()))
}

pub fn use_project(project: Memo<ProjectId>) -> Answer<ProjectView> {
    Answer::new(move || project.get(), get_project)
}

/// Breadcrumb, heading, and the ways to the project's other pages. Where the project does not exist, that is said here.
#[component]
pub fn ProjectFrame(
    project: Answer<ProjectView>,
    /// The heading; the overview's is the project's name.
    #[prop(optional, into)]
    heading: Option<String>,
) -> impl IntoView {
    let frame = move |project: ProjectView| {
        let home = format!("/projects/{}", project.id);
        let projects = (tr!("Projects"), "/projects".to_owned());
        let (steps, heading) = match heading.clone() {
            Some(heading) => (vec![projects, (project.name, home.clone())], heading),
            None => (vec![projects], project.name),
        };
        view! {
            <Breadcrumb steps=steps/>
            <header class="page-header">
                <h1>{heading}</h1>
                <div class="page-marks">
                    <span class="muted">{project.organization.name}</span>
                    {project.locked.then(|| view! { <Badge look=Look::LOCKED/> })}
                </div>
            </header>
            <ProjectLinks home=home/>
        }
    };
    loaded(project, frame)
}

#[component]
fn ProjectLinks(home: String) -> impl IntoView {
    let settings = use_ui().can(Action::ManageProjects).then(|| {
        let href = format!("{home}/settings");
        view! { <SubLink href=href label=tr!("Settings")/> }
    });
    view! {
        <nav class="subnavigation" aria-label=tr!("Project")>
            <SubLink href=home.clone() label=tr!("Overview")/>
            <SubLink href=format!("{home}/policies") label=tr!("Backup Policy")/>
            <SubLink href=format!("{home}/repository") label=tr!("Repository")/>
            {settings}
        </nav>
    }
}

#[component]
fn SubLink(href: String, label: String) -> impl IntoView {
    let address = use_address();
    let own = href.clone();
    let current = move || (address.read().path().trim_end_matches('/') == own).then_some("page");
    view! {
        <a class="subnavigation-link" href=href aria-current=current>
            {label}
        </a>
    }
}
