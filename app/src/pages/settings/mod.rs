//! A project's Settings.

mod delete;
mod disable;
mod lock;
mod node;
mod recovery_kit;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{
    ids::ProjectId,
    permission::Action,
    project::{Backup, ProjectChoices, ProjectView, SetUpStep},
    time::Moment,
};

use crate::{
    address::page_address,
    api::{
        ApiError,
        projects::{SaveBackupSettings, get_project, get_project_choices},
    },
    browser::refresh::keep_fresh_of,
    components::{
        answer::Answer,
        dialog::DialogRoute,
        form::CheckedForm,
        icon::Icon,
        loaded::loaded_below,
        locked_note::LockedNote,
        phase::{Badge, Look},
        project_frame::{ProjectFrame, use_project, use_project_id},
        submit::Submit,
        time::Ago,
    },
    pages::backup_fields::BackupFields,
    ui::use_ui,
};
use delete::{DeletePanel, DeleteProject};
use disable::DisableBackup;
use lock::LockPanel;
use node::NodePanel;
use recovery_kit::{AskForRecoveryKit, RecoveryKitPanel};

/// How the project is, and what there is to choose from.
type Settings = (ProjectView, ProjectChoices);

#[component]
pub fn SettingsPage() -> impl IntoView {
    let ui = use_ui();
    page_address();
    let id = use_project_id();
    let project = use_project(id);
    let settings: Answer<Settings> = Answer::new(move || id.get(), ask);
    let panels = move |(project, choices): Settings| {
        let (id, locked) = (project.id, project.locked);
        if let Backup::SettingUp { step, since } = project.backup {
            return view! { <SettingUp step=step since=since settings=settings/> }.into_any();
        }
        let (node, nodes) = (project.node.clone(), choices.nodes.clone());
        view! {
            <BackupForm project=project choices=choices/>
            <NodePanel id=id node=node nodes=nodes locked=locked/>
            <LockPanel id=id locked=locked/>
            <DeletePanel locked=locked/>
        }
        .into_any()
    };
    let delete = ui.can(Action::ManageProjects).then(|| {
        view! {
            <DialogRoute name="delete">
                <DeleteProject project=project/>
            </DialogRoute>
        }
    });
    view! {
        <Title text=tr!("Settings")/>
        <ProjectFrame project=project heading=tr!("Settings")/>
        {loaded_below(settings, panels)}
        <DialogRoute name="disable">
            <DisableBackup project=project/>
        </DialogRoute>
        <DialogRoute name="recovery-kit">
            <AskForRecoveryKit project=project/>
        </DialogRoute>
        {delete}
    }
}

async fn ask(project: ProjectId) -> Result<Settings, ApiError> {
    Ok((get_project(project).await?, get_project_choices(Some(project)).await?))
}

#[component]
fn BackupForm(project: ProjectView, choices: ProjectChoices) -> impl IntoView {
    let kit = (project.backup.is_on()).then(|| view! { <RecoveryKitPanel/> });
    let hidden = vec![("project", project.id.to_string())];
    let locked = project.locked;
    let note = locked.then(|| view! { <LockedNote/> });
    let failure = project.set_up_failure.map(|failure| view! { <SetUpFailure failure=failure/> });
    view! {
        <section class="panel" aria-labelledby="backup-settings">
            <h2 id="backup-settings">{tr!("switch" => "Backup")}</h2>
            {note}
            {failure}
            <CheckedForm<SaveBackupSettings> check=|call: &SaveBackupSettings| call.form.parse().err() hidden=hidden>
                <fieldset class="fields" disabled=locked>
                    <BackupFields choices=choices backup=project.backup organization=project.organization.id/>
                    <div class="form-footer">
                        <Submit label=tr!("Save") pending=tr!("Checking access…")/>
                    </div>
                </fieldset>
            </CheckedForm<SaveBackupSettings>>
        </section>
        {kit}
    }
}

/// How far a set-up is that takes longer than its form waits.
#[component]
fn SettingUp(step: SetUpStep, since: Moment, settings: Answer<Settings>) -> impl IntoView {
    // Only here: what is typed into the form would be lost.
    keep_fresh_of(settings, use_project_id(), |_| true);
    let steps = SetUpStep::ALL.map(|each| {
        let label = each.label();
        let current = (each == step).then_some("step");
        view! { <li aria-current=current>{tr!(label)}</li> }
    });
    view! {
        <section class="panel" aria-labelledby="backup-settings">
            <h2 id="backup-settings">{tr!("switch" => "Backup")}</h2>
            <p class="with-marks">
                <Badge look=Look::SETTING_UP/>
                <Ago at=since/>
            </p>
            <progress aria-label=tr!("Setting up")></progress>
            <ol class="steps">{steps.into_iter().collect_view()}</ol>
            <p class="field-hint">{tr!("The service takes long to answer. It ends within three minutes, and this page moves with it.")}</p>
        </section>
    }
}

/// Why the last one came to nothing.
#[component]
fn SetUpFailure(failure: String) -> impl IntoView {
    view! {
        <div class="alert alert-danger" role="alert">
            <Icon name="alert"/>
            <p>{tr!("Setting up failed: {}", failure)}</p>
        </div>
    }
}
