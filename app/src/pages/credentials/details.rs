//! What a credential's row expands to: the rest of its facts, and what can be done with it.

use leptos::prelude::*;
use model::credential::CredentialRow;

use crate::{
    api::credentials::{LockCredential, SetDefaultCredential, UnlockCredential},
    components::{action_button::ActionButton, dialog::DialogLink, facts::Fact, time::Time},
};

#[component]
pub fn Details(row: CredentialRow) -> impl IntoView {
    let (id, default, locked) = (row.id.0, row.default, row.locked);
    view! {
        <dl class="facts">
            <Fact term=tr!("S3 Region")>
                <code>{row.region}</code>
            </Fact>
            <Fact term=tr!("Created By")>{row.created_by}</Fact>
            <Fact term=tr!("Created")>
                <Time at=row.created/>
            </Fact>
            <Fact term=tr!("Last Modified")>
                <Time at=row.modified/>
            </Fact>
            <Fact term=tr!("Last Modified By")>{row.modified_by}</Fact>
        </dl>
        <Actions id=id default=default locked=locked/>
    }
}

#[component]
fn Actions(id: i64, default: bool, locked: bool) -> impl IntoView {
    let hidden = || vec![("credential", id.to_string())];
    let set_default = (!default).then(|| {
        view! {
            <ActionButton<SetDefaultCredential>
                hidden=hidden()
                label=tr!("Set As Default")
                pending=tr!("Setting…")
                class=BUTTON
            />
        }
    });
    let lock = if locked {
        view! {
            <ActionButton<UnlockCredential> hidden=hidden() label=tr!("Unlock Credential") pending=tr!("Unlocking…") class=BUTTON/>
        }
        .into_any()
    } else {
        view! { <ActionButton<LockCredential> hidden=hidden() label=tr!("Lock Credential") pending=tr!("Locking…") class=BUTTON/> }
            .into_any()
    };
    view! {
        <div class="detail-actions">
            {set_default}
            {lock}
            <DialogLink name="update" id=id label=tr!("Update Credential") class=BUTTON/>
            <DialogLink name="delete" id=id label=tr!("Delete Credential") class=BUTTON/>
        </div>
    }
}

const BUTTON: &str = "button button-small";
