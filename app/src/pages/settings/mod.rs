//! A project's Settings.

mod disable;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    ids::ProjectId,
    project::{Backup, ProjectChoices, ProjectView},
};

use crate::{
    address::page_address,
    api::{
        ApiError,
        projects::{SaveBackupSettings, get_project, get_project_choices},
    },
    components::{
        dialog::DialogRoute,
        form::Form,
        icon::Icon,
        loaded::{Answer, loaded_below},
        project_frame::{ProjectFrame, use_project, use_project_id},
        submission::{Submission, use_submission},
        submit::Submit,
    },
    pages::backup_fields::BackupFields,
    ui::use_ui,
};
use disable::DisableBackup;

/// How the project is, and what there is to choose from.
type Settings = (ProjectView, ProjectChoices);

#[component]
pub fn SettingsPage() -> impl IntoView {
    page_address();
    let ui = use_ui();
    let id = use_project_id();
    let project = use_project(id);
    let settings: Answer<Settings> = Resource::new(move || (id.get(), ui.changes()), |(id, _)| ask(id));
    let submission = use_submission::<SaveBackupSettings>();
    let form = move |(project, choices): Settings| {
        view! { <BackupForm project=project choices=choices submission=submission/> }
    };
    view! {
        <Title text="Settings"/>
        <ProjectFrame project=project heading="Settings"/>
        {loaded_below(settings, Settings::clone, form)}
        <DialogRoute name="disable">
            <DisableBackup project=project/>
        </DialogRoute>
    }
}

async fn ask(project: ProjectId) -> Result<Settings, ApiError> {
    Ok((get_project(project).await?, get_project_choices(Some(project)).await?))
}

#[component]
fn BackupForm(
    project: ProjectView,
    choices: ProjectChoices,
    submission: Submission<SaveBackupSettings>,
) -> impl IntoView {
    let kit = (project.backup != Backup::Off).then(|| view! { <RecoveryKit project=project.id/> });
    let hidden = vec![("project", project.id.to_string())];
    view! {
        <section class="panel" aria-labelledby="backup-settings">
            <h2 id="backup-settings">"Backup"</h2>
            <Form submission=submission hidden=hidden>
                <BackupFields choices=choices backup=project.backup/>
                <div class="form-footer">
                    <Submit label="Save" pending="Checking access…"/>
                </div>
            </Form>
        </section>
        {kit}
    }
}

#[component]
fn RecoveryKit(project: ProjectId) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="recovery-kit">
            <h2 id="recovery-kit">"Without Holdfast"</h2>
            <p>
                "The recovery kit holds the repository's password, its place, and the commands that list and restore the backups with restic alone. Keep it where you keep your other keys: whoever has it, and access to the bucket, can read every backup."
            </p>
            <a class="button" href=format!("/projects/{project}/recovery-kit") rel="external">
                <Icon name="download"/>
                "Recovery Kit"
            </a>
        </section>
    }
}
