//! The dialog that changes a credential's name and keys.

use leptos::prelude::*;
use model::credential::CredentialRow;

use super::{
    connection::ConnectionFields,
    named::{LockedCredential, use_named_credential},
};
use crate::{
    api::credentials::UpdateCredential as UpdateCredentialFn,
    components::{
        dialog::{Dialog, DialogFooter},
        facts::Fact,
        field::{Field, HiddenField, Kind},
        form::CheckedForm,
        form_state::FormState,
        loaded::loaded,
        submit::Submit,
        tick::Tick,
    },
};

#[component]
pub fn UpdateCredential() -> impl IntoView {
    let credential = use_named_credential();
    let form = |row: CredentialRow| {
        if row.locked { view! { <LockedCredential/> }.into_any() } else { view! { <UpdateForm row=row/> }.into_any() }
    };
    view! { <Dialog title=tr!("Update Backup Credentials")>{loaded(credential, form)}</Dialog> }
}

#[component]
fn UpdateForm(row: CredentialRow) -> impl IntoView {
    view! {
        <CheckedForm<UpdateCredentialFn> check=|call: &UpdateCredentialFn| call.form.parse().err() hidden=vec![("credential", row.id.to_string())]>
            <div class="dialog-body">
                <HiddenField name="version" value=row.version.to_string()/>
                <Field name="s3_name" label=tr!("S3 Name") value=row.s3_name required=true focused=true/>
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
                    hint=tr!("Leave it empty to keep the stored one.")
                />
                <ConnectionFields addressing=row.addressing ca_certificate=row.ca_certificate/>
                <StoreAnyway/>
                <dl class="facts">
                    <Fact term=tr!("S3 Endpoint")>{row.endpoint}</Fact>
                    <Fact term=tr!("S3 Region")>{row.region}</Fact>
                    <Fact term=tr!("Organization")>{row.organization}</Fact>
                </dl>
                <p class="field-hint">
                    {tr!("Running backups finish with the old keys, later ones use the new ones. Endpoint and region change by Move Endpoint, the organization never.")}
                </p>
            </div>
            <DialogFooter>
                <Submit label=tr!("Update") pending=tr!("Checking the keys…")/>
            </DialogFooter>
        </CheckedForm<UpdateCredentialFn>>
    }
}

/// Asked when the keys are in order and do not reach the buckets of all projects.
#[component]
fn StoreAnyway() -> impl IntoView {
    let state = expect_context::<FormState>();
    let asked = Memo::new(move |_| state.message("store_anyway").is_some());
    move || {
        asked.get().then(
            || view! { <Tick name="store_anyway" label=tr!("Store them although these backups are out of reach")/> },
        )
    }
}
