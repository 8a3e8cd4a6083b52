//! The question before backup is switched off.

use leptos::{prelude::*, wasm_bindgen::JsCast, web_sys::HtmlFormElement};
use model::project::{Backup, ProjectView};

use crate::{
    api::projects::DisableBackup as DisableBackupFn,
    components::{
        confirm::Confirm,
        loaded::{Answer, loaded},
    },
};

#[component]
pub fn DisableBackup(project: Answer<ProjectView>) -> impl IntoView {
    on_cleanup(show_what_is_saved);
    loaded(project, |project| view! { <Question project=project/> })
}

#[component]
fn Question(project: ProjectView) -> impl IntoView {
    let policies = match project.policies {
        0 => "It has no policies.".to_owned(),
        1 => "Its policy is deleted.".to_owned(),
        many => format!("Its {many} policies are deleted."),
    };
    let stays = match project.backup {
        Backup::On { bucket, .. } => {
            format!("The backups in the bucket {bucket} stay. Enabling again with the same bucket finds them all.")
        }
        Backup::Off => "Backup is off already.".to_owned(),
    };
    view! {
        <Confirm<DisableBackupFn>
            title=format!("Disable backup of {}?", project.name)
            hidden=vec![("project", project.id.to_string())]
            action="Disable Backup"
            pending="Disabling…"
        >
            <ul>
                <li>{policies}</li>
                <li>"Running backups are cancelled."</li>
                <li>{stays}</li>
            </ul>
        </Confirm<DisableBackupFn>>
    }
}

/// The switch was turned off to come here; whoever turns back finds it as it is saved.
fn show_what_is_saved() {
    let form = document().query_selector("main form.form").ok().flatten();
    if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
        form.reset();
    }
}
