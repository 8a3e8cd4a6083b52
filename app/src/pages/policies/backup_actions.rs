//! What can be done with one backup.

use leptos::prelude::*;
use model::{backup::BackupRow, list::Page, permission::Action, project::ProjectView, size};

use crate::{
    address::{named_row, use_address},
    api::backups::{
        AcknowledgeBackup, CancelBackup, DeleteBackup, KeepBackup, LetBackupGo, RemoveBackupNow, UndoBackupDeletion,
    },
    components::{
        action_button::{ActionButton, CancelButton},
        answer::Answer,
        confirm::Confirm,
        dialog::{Dialog, DialogFooter, DialogLink},
        field::{Field, Kind},
        form::{Form, Hidden},
        loaded::loaded_quietly,
        menu::Menu,
        subject::use_subject,
        submit::Submit,
    },
    ui::use_ui,
};

/// What is done most beside the row, the rest in its menu.
#[component]
pub fn BackupActions(row: BackupRow) -> impl IntoView {
    let id = row.id.0;
    let describe = view! { <DialogLink name="describe" id=id label=tr!("Show Description")/> };
    if !use_ui().can(Action::ManageProjects) {
        return view! { <div class="action-row">{describe}</div> }.into_any();
    }
    let has_data = row.phase.has_snapshot();
    let first = move || {
        has_data.then(|| {
            view! {
                <BrowseLink id=id/>
                <DialogLink name="restore" id=id label=tr!("Restore")/>
            }
        })
    };
    view! {
        <div class="action-row">
            {first()}
            <CancelAction row=row.clone()/>
            <Menu id=format!("backup-{id}-menu")>
                <div class="menu-first">{first()}</div>
                {describe}
                <KeepActions row=row.clone()/>
                <DeleteActions row=row/>
            </Menu>
        </div>
    }
    .into_any()
}

#[component]
fn CancelAction(row: BackupRow) -> impl IntoView {
    if !row.phase.is_active() {
        return ().into_any();
    }
    view! { <CancelButton<CancelBackup> hidden=named(&row) requested=row.cancel_requested/> }.into_any()
}

#[component]
fn KeepActions(row: BackupRow) -> impl IntoView {
    let acknowledge = (row.is_unusual() && row.deletion.is_none()).then(|| {
        view! { <ActionButton<AcknowledgeBackup> hidden=named(&row) label=tr!("Acknowledge") pending=tr!("Acknowledging…")/> }
    });
    let keep = match (&row.kept, row.phase.has_snapshot() && row.deletion.is_none()) {
        (Some(_), _) => {
            view! { <ActionButton<LetBackupGo> hidden=named(&row) label=tr!("Let Go") pending=tr!("Letting go…")/> }
                .into_any()
        }
        (None, true) => view! { <DialogLink name="keep" id=row.id.0 label=tr!("Keep")/> }.into_any(),
        (None, false) => ().into_any(),
    };
    view! {
        {acknowledge}
        {keep}
    }
}

#[component]
fn DeleteActions(row: BackupRow) -> impl IntoView {
    let id = row.id.0;
    match &row.deletion {
        Some(deletion) if deletion.begun => ().into_any(),
        Some(_) => view! {
            <ActionButton<UndoBackupDeletion> hidden=named(&row) label=tr!("Undo") pending=tr!("Undoing…")/>
            <DialogLink name="remove" id=id label=tr!("Remove Now")/>
        }
        .into_any(),
        None if row.phase.is_active() || row.kept.is_some() => ().into_any(),
        None => view! { <DialogLink name="delete" id=id label=tr!("Delete")/> }.into_any(),
    }
}

fn named(row: &BackupRow) -> Hidden {
    vec![("backup", row.id.to_string())]
}

#[component]
fn BrowseLink(id: i64) -> impl IntoView {
    let address = use_address();
    let href =
        format!("{}/{id}", address.read_untracked().path().trim_end_matches('/').replace("/policies", "/backups"));
    view! {
        <a class="button button-quiet button-small" href=href aria-describedby=use_subject()>
            {tr!("Browse")}
        </a>
    }
}

/// The backup that the dialog is about, where it is on the page.
fn asked(page: Page<BackupRow>) -> Option<BackupRow> {
    let id = named_row();
    page.rows.into_iter().find(|row| row.id.0 == id)
}

#[component]
pub fn DeleteQuestion(backups: Answer<Page<BackupRow>>, project: Answer<ProjectView>) -> impl IntoView {
    let id = named_row();
    let name = move |page| asked(page).map_or_else(|| tr!("number {}", id), |row| row.name);
    let delay = |project: ProjectView| match project.deletion_delay {
        0 => tr!("It is removed from the bucket at once, and cannot be brought back."),
        seconds => tr!(
            "It is listed as Deleting for {}, and can be browsed, restored and taken back until then. After that it is removed from the bucket.",
            size::duration(seconds)
        ),
    };
    view! {
        <Confirm<DeleteBackup>
            title=tr!("Delete Backup")
            hidden=vec![("backup", id.to_string())]
            action=tr!("Delete")
            pending=tr!("Deleting…")
        >
            <p>
                {tr!("The backup ")} <strong>{loaded_quietly(backups, name)}</strong> {tr!(" is deleted.")}
            </p>
            <p>{loaded_quietly(project, delay)}</p>
            <p>{tr!("Other backups stay as they are.")}</p>
        </Confirm<DeleteBackup>>
    }
}

#[component]
pub fn RemoveQuestion(backups: Answer<Page<BackupRow>>) -> impl IntoView {
    let field = |page| {
        asked(page).map(|row| {
            view! {
                <Field
                    name="confirm_name"
                    label=tr!("Type the name to confirm")
                    kind=Kind::Code
                    required=true
                    focused=true
                    hint=tr!("The name is {}.", row.name)
                />
            }
        })
    };
    view! {
        <Confirm<RemoveBackupNow>
            title=tr!("Remove Backup Now")
            hidden=vec![("backup", named_row().to_string())]
            action=tr!("Remove Now")
            pending=tr!("Removing…")
        >
            <p>{tr!("It is removed from the bucket at once, and cannot be brought back.")}</p>
            <div class="fields">{loaded_quietly(backups, field)}</div>
        </Confirm<RemoveBackupNow>>
    }
}

#[component]
pub fn KeepQuestion(backups: Answer<Page<BackupRow>>) -> impl IntoView {
    let id = named_row();
    let name = move |page| asked(page).map_or_else(|| tr!("number {}", id), |row| row.name);
    view! {
        <Dialog title=tr!("Keep Backup") class="dialog dialog-narrow">
            <Form<KeepBackup> hidden=vec![("backup", id.to_string())]>
                <div class="dialog-text">
                    <p>
                        {tr!("The backup ")} <strong>{loaded_quietly(backups, name)}</strong>
                        {tr!(" stays whatever its retention period, until somebody lets it go.")}
                    </p>
                    <div class="fields">
                        <Field name="note" label=tr!("Note") focused=true hint=tr!("Why it is kept. May be empty.")/>
                    </div>
                </div>
                <DialogFooter>
                    <Submit label=tr!("Keep") pending=tr!("Keeping…")/>
                </DialogFooter>
            </Form<KeepBackup>>
        </Dialog>
    }
}
