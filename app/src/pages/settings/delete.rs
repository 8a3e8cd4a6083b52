//! Deleting a project, after its name was typed.

use leptos::prelude::*;
use model::{ids::ProjectId, project::ProjectView, size};

use crate::{
    address::use_address,
    api::projects::DeleteProject as DeleteProjectFn,
    components::{
        answer::Answer,
        confirm::Confirm,
        field::{Field, Kind},
        icon::Icon,
        loaded::loaded_quietly,
        tick::Tick,
    },
};

#[component]
pub fn DeletePanel(locked: bool) -> impl IntoView {
    let address = use_address();
    let words = view! {
        <Icon name="trash"/>
        {tr!("Delete Project")}
    };
    let button = if locked {
        view! {
            <button type="button" class="button" disabled=true>
                {words}
            </button>
        }
        .into_any()
    } else {
        view! {
            <a class="button" href=move || address.read().dialog("delete") data-noscroll="true">
                {words}
            </a>
        }
        .into_any()
    };
    view! {
        <section class="panel" aria-labelledby="project-deletion">
            <h2 id="project-deletion">{tr!("Delete project")}</h2>
            <p>
                {tr!("The project goes, with its policies and the list of its backups. What was backed up stays in the bucket, unless you decide otherwise.")}
            </p>
            {button}
        </section>
    }
}

#[component]
pub fn DeleteProject(project: Answer<ProjectView>) -> impl IntoView {
    loaded_quietly(project, |project| {
        let backed_up = project.backup.is_on();
        view! { <Question id=project.id name=project.name backed_up=backed_up delay=project.deletion_delay/> }
    })
}

#[component]
fn Question(id: ProjectId, name: String, backed_up: bool, delay: u64) -> impl IntoView {
    let back = match delay {
        0 => tr!("It goes at once, and cannot be brought back."),
        seconds => tr!("For {} it can be taken back on the page Projects.", size::duration(seconds)),
    };
    view! {
        <Confirm<DeleteProjectFn>
            title=tr!("Delete project {}?", name)
            hidden=vec![("project", id.to_string())]
            action=tr!("Delete Project")
            pending=tr!("Deleting…")
        >
            <p>{tr!("Its policies and the list of its backups and restores go with it.")}</p>
            <p>{back}</p>
            <div class="fields">
                <Field
                    name="confirm_name"
                    label=tr!("Type the name to confirm")
                    kind=Kind::Code
                    required=true
                    focused=true
                    hint=tr!("The name is {}.", name)
                />
                <DeleteBackups backed_up=backed_up/>
            </div>
        </Confirm<DeleteProjectFn>>
    }
}

/// Asked only where there is a bucket in use.
#[component]
fn DeleteBackups(backed_up: bool) -> impl IntoView {
    backed_up.then(|| {
        view! {
            <Tick
                name="delete_backups"
                label=tr!("Delete its backups in the bucket too")
                hint=tr!("They go when the project goes for good. Otherwise they stay, and the recovery kit opens them.")
            />
        }
    })
}
