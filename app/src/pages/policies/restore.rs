//! The dialog that restores a backup or a part of it.

use leptos::prelude::*;
use model::{
    backup::BackupRow,
    list::Page,
    project::{ProjectView, Source},
    restore::OnConflict,
    size,
};

use crate::{
    address::use_address,
    api::restores::RestoreBackup,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        directory_field::DirectoryField,
        field::{Field, Kind},
        form::CheckedForm,
        loaded::loaded_quietly,
        select::{Choice, Select},
        submit::Submit,
        textarea::TextArea,
        tick::Tick,
    },
};

#[component]
pub fn RestoreDialog(backups: Answer<Page<BackupRow>>, project: Answer<ProjectView>) -> impl IntoView {
    let address = use_address().get_untracked();
    let id: i64 = address.number("id").unwrap_or_default();
    let path = address.get("path").unwrap_or_default().to_owned();
    let name_field = move |page: Page<BackupRow>| {
        let row = page.rows.into_iter().find(|row| row.id.0 == id);
        let extent = row.as_ref().and_then(extent);
        let backup = row.map_or_else(|| format!("backup-{id}"), |row| row.name);
        view! { <NameField backup=backup extent=extent/> }
    };
    let fields = move |project: ProjectView| match project.source.clone() {
        Source::Directory(_) => view! { <FileFields path=path.clone() project=project/> }.into_any(),
        Source::Postgres(address) => view! { <DatabaseFields database=address.database.to_string()/> }.into_any(),
    };
    view! {
        <Dialog title=tr!("Restore Backup")>
            <CheckedForm<RestoreBackup> check=|call: &RestoreBackup| call.form.parse().err() hidden=vec![("backup", id.to_string())]>
                <div class="dialog-body">
                    {loaded_quietly(backups, name_field)}
                    {loaded_quietly(project, fields)}
                </div>
                <DialogFooter>
                    <Submit label=tr!("Restore") pending=tr!("Queueing…")/>
                </DialogFooter>
            </CheckedForm<RestoreBackup>>
        </Dialog>
    }
}

/// How much a backup has.
fn extent(row: &BackupRow) -> Option<String> {
    let (files, bytes) = (row.files?, row.size?);
    Some(tr!("{n} file, {size}" | "{n} files, {size}" % files, size = size::bytes(bytes)))
}

#[component]
fn NameField(
    backup: String,
    /// How much it has.
    extent: Option<String>,
) -> impl IntoView {
    let extent = extent.map(|extent| format!(" ({extent})"));
    view! {
        <p class="dialog-lead">{tr!("From the backup ")} <strong>{backup.clone()}</strong> {extent}</p>
        <Field name="restore_name" label=tr!("Restore Name") value=format!("restore-{backup}") required=true focused=true/>
    }
}

#[component]
fn FileFields(path: String, project: ProjectView) -> impl IntoView {
    view! {
        <TextArea
            name="paths"
            label=tr!("Paths")
            value=path
            hint=tr!("Inside the backup, one a line. Empty means everything.")
        />
        <TargetFields project=project/>
    }
}

/// Of the two fields, the style sheet shows the one that goes with the choice.
#[component]
fn DatabaseFields(database: String) -> impl IntoView {
    let targets = vec![
        Choice::new("new-database", tr!("New database")),
        Choice::new("original-database", tr!("Over the original database")),
    ];
    view! {
        <div class="reveal reveal-either">
            <Select name="target" label=tr!("Target") groups=vec![targets.into()] value="new-database"/>
            <div class="revealed">
                <Field
                    name="database_name"
                    label=tr!("Database Name")
                    kind=Kind::Code
                    value=format!("{database}_restored")
                    hint=tr!("Made on the original database's server. It appears when it is complete.")
                />
            </div>
            <div class="revealed">
                <Field
                    name="confirm_name"
                    label=tr!("Type the name to confirm")
                    kind=Kind::Code
                    hint=tr!("What is in the database {database} is replaced, all at once or not at all. Stop what uses it first.", database)
                />
            </div>
        </div>
    }
}

/// Another directory first: nothing that is there is touched. What is overwritten has to be named.
#[component]
fn TargetFields(project: ProjectView) -> impl IntoView {
    let targets =
        vec![Choice::new("original", tr!("Original location")), Choice::new("directory", tr!("Another directory"))];
    let conflict = |choice: OnConflict| {
        let label = choice.label();
        Choice::new(choice.as_str(), tr!(label))
    };
    let conflicts: Vec<Choice> = OnConflict::ALL.into_iter().map(conflict).collect();
    let (organization, location) = (project.organization.id, project.source.location());
    view! {
        <div class="reveal reveal-select">
                <Select name="target" label=tr!("Target") groups=vec![targets.into()] value="directory"/>
                <div class="revealed">
                    <DirectoryField
                        name="target_directory"
                        label=tr!("Target Directory")
                        hint=tr!("An absolute path on the server, under a directory that the operator allows. It is made where it does not exist.")
                        organization=organization
                        node=project.node
                    />
                </div>
            </div>
            <Select
                name="on_conflict"
                label=tr!("On Conflict")
                groups=vec![conflicts.into()]
                value=OnConflict::Skip.as_str()
                hint=tr!("What happens to a file that is there already.")
            />
        <ConfirmOverwriting location=location name=project.name/>
        <Tick
            name="owners_by_name"
            label=tr!("Owners By Name")
            hint=tr!("Files get the users and groups of the names that they had, whatever numbers these have here. Otherwise they get the numbers.")
        />
    }
}

/// Shown by the style sheet where the project's own files would be overwritten.
#[component]
fn ConfirmOverwriting(location: String, name: String) -> impl IntoView {
    view! {
        <div class="restore-confirm">
            <p class="field-warning">
                {tr!("Every file of the backup that is in {} will be overwritten there. This cannot be undone.", location)}
            </p>
            <Field
                name="confirm_project"
                label=tr!("Type the name to confirm")
                kind=Kind::Code
                hint=tr!("The project's name, {}.", name)
            />
        </div>
    }
}
