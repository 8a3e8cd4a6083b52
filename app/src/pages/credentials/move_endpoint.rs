//! The dialog that follows a service to another address.

use leptos::prelude::*;
use model::credential::CredentialRow;

use super::named::{LockedCredential, use_named_credential};
use crate::{
    api::credentials::MoveCredential,
    components::{
        dialog::{Dialog, DialogFooter},
        field::{Field, HiddenField, Kind},
        form::CheckedForm,
        loaded::loaded,
        submit::Submit,
    },
};

#[component]
pub fn MoveEndpoint() -> impl IntoView {
    let credential = use_named_credential();
    let form = |row: CredentialRow| {
        if row.locked { view! { <LockedCredential/> }.into_any() } else { view! { <MoveForm row=row/> }.into_any() }
    };
    view! { <Dialog title=tr!("Move Endpoint")>{loaded(credential, form)}</Dialog> }
}

#[component]
fn MoveForm(row: CredentialRow) -> impl IntoView {
    view! {
        <CheckedForm<MoveCredential> check=|call: &MoveCredential| call.form.parse().err() hidden=vec![("credential", row.id.to_string())]>
            <div class="dialog-body">
                <p>
                    {tr!("For a service that is reached at another address now. The backups of all projects have to be there already: nothing is copied. What does not have them is refused.")}
                </p>
                <HiddenField name="version" value=row.version.to_string()/>
                <Field
                    name="endpoint"
                    label=tr!("S3 Endpoint")
                    kind=Kind::Url
                    value=row.endpoint
                    required=true
                    focused=true
                />
                <Field name="region" label=tr!("S3 Region") kind=Kind::Code value=row.region required=true/>
                <Field
                    name="access_key_id"
                    label=tr!("S3 Access Key ID")
                    kind=Kind::Code
                    value=row.access_key_id
                    required=true
                />
                <Field
                    name="secret_key"
                    label=tr!("S3 Secret Key")
                    kind=Kind::NewPassword
                    required=true
                    hint=tr!("Entered again, since a stored secret is never sent to another address.")
                />
            </div>
            <DialogFooter>
                <Submit label=tr!("Move Endpoint") pending=tr!("Looking for the backups…")/>
            </DialogFooter>
        </CheckedForm<MoveCredential>>
    }
}
