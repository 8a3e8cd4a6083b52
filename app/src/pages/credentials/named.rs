//! The credential that an open dialog is about, which need not be on the page of the list.

use leptos::prelude::*;
use model::{credential::CredentialRow, ids::CredentialId};

use crate::{
    address::named_row,
    api::credentials::get_credential,
    components::{answer::Answer, confirm::Refused, icon::Icon},
};

/// What is no number becomes 0, which no credential has.
pub fn named_credential() -> CredentialId {
    CredentialId(named_row())
}

/// As it is when the dialog opens. It is not asked for again, so that what somebody else changes meanwhile is noticed.
pub fn use_named_credential() -> Answer<CredentialRow> {
    let id = named_credential();
    Answer::once(move || get_credential(id))
}

/// Stands in place of what the server would refuse for a locked credential.
#[component]
pub fn LockedCredential() -> impl IntoView {
    view! {
        <Refused>
            <div class="alert alert-info" role="alert">
                <Icon name="lock"/>
                <p>{tr!("Backup credential is locked. Unlock it first.")}</p>
            </div>
        </Refused>
    }
}
