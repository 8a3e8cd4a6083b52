//! The question before backup is switched off.

use leptos::prelude::*;
use model::{
    ids::ProjectId,
    project::{Backup, ProjectView},
};

use crate::{
    api::projects::DisableBackup as DisableBackupFn,
    browser::fields::reset,
    components::{answer::Answer, confirm::Confirm, loaded::loaded_quietly},
};

#[component]
pub fn DisableBackup(project: Answer<ProjectView>) -> impl IntoView {
    // The switch was turned off to come here; whoever turns back finds it as it is saved. In an effect, which runs in the browser alone.
    Effect::new(|_| on_cleanup(|| reset("main form.form")));
    loaded_quietly(project, |project| {
        let bucket = bucket_of(project.backup);
        view! { <Question id=project.id name=project.name policies=project.policies bucket=bucket/> }
    })
}

fn bucket_of(backup: Backup) -> Option<String> {
    match backup {
        Backup::On { bucket, .. } => Some(bucket),
        Backup::Off | Backup::SettingUp { .. } => None,
    }
}

#[component]
fn Question(id: ProjectId, name: String, policies: u64, bucket: Option<String>) -> impl IntoView {
    let policies = match policies {
        0 => tr!("It has no policies."),
        some => tr!("Its policy is deleted." | "Its {n} policies are deleted." % some),
    };
    let stays = bucket.map_or_else(
        || tr!("Backup is off already."),
        |bucket| tr!("The backups in the bucket {} stay. Enabling again with the same bucket finds them all; from then on they are kept by the rules that their policies had.", bucket),
    );
    view! {
        <Confirm<DisableBackupFn>
            title=tr!("Disable backup of {}?", name)
            hidden=vec![("project", id.to_string())]
            action=tr!("Disable Backup")
            pending=tr!("Disabling…")
        >
            <ul>
                <li>{policies}</li>
                <li>{tr!("Running backups are cancelled.")}</li>
                <li>{stays}</li>
            </ul>
        </Confirm<DisableBackupFn>>
    }
}
