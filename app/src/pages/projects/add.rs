//! The dialog that adds a project.

use leptos::prelude::*;
use model::{credential::CredentialChoice, project::ProjectChoices};

use crate::{
    api::projects::{CreateProject, get_project_choices},
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        directory_field::DirectoryField,
        field::{Field, Kind},
        form::CheckedForm,
        form_state::FormState,
        loaded::loaded,
        organization::OrganizationField,
        select::{Choice, Select},
        submit::Submit,
    },
    pages::backup_fields::{BackupFields, preselected},
};

#[component]
pub fn AddProject() -> impl IntoView {
    let choices: Answer<ProjectChoices> = Answer::once(|| get_project_choices(None));
    view! {
        <Dialog title=tr!("Add Project")>
            <CheckedForm<CreateProject> check=|call: &CreateProject| call.form.parse().err()>
                <div class="dialog-body">{loaded(choices, |choices| view! { <ProjectFields choices=choices/> })}</div>
                <DialogFooter>
                    <Submit label=tr!("Create Project") pending=tr!("Creating…")/>
                </DialogFooter>
            </CheckedForm<CreateProject>>
        </Dialog>
    }
}

#[component]
fn ProjectFields(choices: ProjectChoices) -> impl IntoView {
    follow_organization(choices.credentials.clone());
    view! {
        <Field
            name="project_name"
            label=tr!("Project Name")
            required=true
            focused=true
            hint=tr!("3 to 30 lower-case letters, digits and hyphens.")
        />
        <OrganizationField organizations=choices.organizations.clone()/>
        <SourceFields roots=choices.source_roots.clone() nodes=choices.nodes.clone()/>
        <BackupFields choices=choices with_policy=true/>
    }
}

/// What is backed up. Of the two fields, the style sheet shows the one that goes with the choice.
#[component]
fn SourceFields(roots: Vec<String>, nodes: Vec<String>) -> impl IntoView {
    let kinds = vec![Choice::new("directory", tr!("Directory")), Choice::new("postgresql", "PostgreSQL")];
    let directory_hint = match roots.as_slice() {
        [] => tr!("The operator has not allowed any directory yet: set HOLDFAST_SOURCE_ROOTS."),
        roots => tr!("An absolute path on the server, under {}.", roots.join(&tr!(" or "))),
    };
    view! {
        <div class="reveal reveal-either">
            <Select name="source" label=tr!("Source") groups=vec![kinds.into()] value="directory"/>
            <div class="revealed">
                <DirectoryField name="directory" label=tr!("Directory") required=true hint=directory_hint/>
                {node_choice(&nodes)}
            </div>
            <div class="revealed">
                <Field
                    name="connection_url"
                    label=tr!("Connection URL")
                    kind=Kind::NewPassword
                    required=true
                    hint=tr!("Such as postgresql://user:password@host:5432/database?sslmode=require. It is kept sealed, and its password is never shown again.")
                />
            </div>
        </div>
    }
}

/// Which node has the directory, where there are several.
fn node_choice(nodes: &[String]) -> Option<impl IntoView + use<>> {
    let choices: Vec<Choice> = nodes.iter().map(|name| Choice::new(name, name)).collect();
    (choices.len() > 1).then(|| {
        view! {
            <Select
                name="node"
                label=tr!("Node")
                groups=vec![choices.into()]
                hint=tr!("The node that has the directory. Only it backs the directory up.")
            />
        }
    })
}

/// Chooses the credential that goes with the chosen organization.
fn follow_organization(credentials: Vec<CredentialChoice>) {
    let state = expect_context::<FormState>();
    state.on_change("organization", move |organization| {
        state.set("backup.credential", &preselected(&credentials, organization.parse().ok()));
    });
}
