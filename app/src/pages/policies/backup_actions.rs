//! What can be done with one backup.

use leptos::prelude::*;
use model::{
    backup::{BackupPhase, BackupRow},
    list::Page,
    permission::Action,
};

use crate::{
    address::{named_row, use_address},
    api::backups::{CancelBackup, DeleteBackup},
    components::{
        action_button::ActionButton, answer::Answer, confirm::Confirm, dialog::DialogLink, loaded::loaded_quietly,
    },
    ui::use_ui,
};

#[component]
pub fn BackupActions(id: i64, phase: BackupPhase, cancel_requested: bool) -> impl IntoView {
    let manages = use_ui().can(Action::ManageProjects);
    let link = |name, label: String| view! { <DialogLink name=name id=id label=label/> };
    let browse = (manages && phase.has_snapshot()).then(|| view! { <BrowseLink id=id/> });
    let restore = (manages && phase.has_snapshot()).then(|| link("restore", tr!("Restore")));
    let delete =
        (manages && !phase.is_active() && phase != BackupPhase::Deleting).then(|| link("delete", tr!("Delete")));
    let cancel = (manages && phase.is_active()).then(|| {
        if cancel_requested {
            return view! { <span class="muted">{tr!("Cancelling…")}</span> }.into_any();
        }
        let hidden = vec![("backup", id.to_string())];
        view! { <ActionButton<CancelBackup> hidden=hidden label=tr!("Cancel") pending=tr!("Cancelling…")/> }.into_any()
    });
    view! {
        <div class="action-row">
            {link("describe", tr!("Show Description"))}
            {browse}
            {restore}
            {cancel}
            {delete}
        </div>
    }
}

#[component]
fn BrowseLink(id: i64) -> impl IntoView {
    let address = use_address();
    let href = format!("{}/{id}", address.path().trim_end_matches('/').replace("/policies", "/backups"));
    view! {
        <a class="button button-quiet button-small" href=href>
            {tr!("Browse")}
        </a>
    }
}

#[component]
pub fn DeleteQuestion(backups: Answer<Page<BackupRow>>) -> impl IntoView {
    let id = named_row();
    let consequence = move |page: Page<BackupRow>| {
        let row = page.rows.into_iter().find(|row| row.id.0 == id);
        let name = row.map_or_else(|| tr!("number {}", id), |row| row.name);
        view! { <p>{tr!("The backup ")} <strong>{name}</strong> {tr!(" is removed from the bucket.")}</p> }
    };
    view! {
        <Confirm<DeleteBackup>
            title=tr!("Delete Backup")
            hidden=vec![("backup", id.to_string())]
            action=tr!("Delete")
            pending=tr!("Deleting…")
        >
            {loaded_quietly(backups, consequence)}
            <p>{tr!("It cannot be brought back. Other backups stay as they are.")}</p>
        </Confirm<DeleteBackup>>
    }
}
