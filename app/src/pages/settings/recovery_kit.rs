//! The recovery kit, after the password.

use leptos::prelude::*;
use model::{ids::ProjectId, project::ProjectView};

use crate::{
    address::use_address,
    api::projects::AskForRecoveryKit as AskForRecoveryKitFn,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::PlainForm,
        icon::Icon,
        loaded::loaded_quietly,
        submit::Submit,
    },
};

#[component]
pub fn RecoveryKitPanel() -> impl IntoView {
    let address = use_address();
    view! {
        <section class="panel" aria-labelledby="recovery-kit">
            <h2 id="recovery-kit">{tr!("Recovery kit")}</h2>
            <p>
                {tr!("The recovery kit holds the repository's password, its place, and the commands that list and restore the backups with restic alone. Keep it where you keep your other keys: whoever has it, and access to the bucket, can read every backup.")}
            </p>
            <a class="button" href=move || address.read().dialog("recovery-kit") data-noscroll="true">
                <Icon name="download"/>
                {tr!("Recovery Kit")}
            </a>
        </section>
    }
}

#[component]
pub fn AskForRecoveryKit(project: Answer<ProjectView>) -> impl IntoView {
    loaded_quietly(project, |project| view! { <Question id=project.id name=project.name/> })
}

/// A plain post, which is answered with the file; the page stays as it is.
#[component]
fn Question(id: ProjectId, name: String) -> impl IntoView {
    view! {
        <Dialog title=tr!("Recovery kit of {}", name) class="dialog dialog-narrow">
            <PlainForm<AskForRecoveryKitFn> hidden=vec![("project", id.to_string())]>
                <div class="fields">
                    <Field
                        name="password"
                        label=tr!("Password")
                        kind=Kind::Password
                        required=true
                        focused=true
                        hint=tr!("Your own, with which you sign in.")
                    />
                </div>
                <DialogFooter cancel=tr!("Close")>
                    <Submit label=tr!("Download") pending=tr!("Checking…")/>
                </DialogFooter>
            </PlainForm<AskForRecoveryKitFn>>
        </Dialog>
    }
}
