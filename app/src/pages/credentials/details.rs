//! What a credential's row expands to: the rest of its facts, and what can be done with it.

use leptos::prelude::*;
use model::credential::CredentialRow;

use crate::{
    address::use_address,
    api::credentials::{LockCredential, SetDefaultCredential, UnlockCredential},
    components::{
        action_button::ActionButton,
        facts::Fact,
        submission::{Submission, use_submission},
        time::Time,
    },
};

/// What can be done with a row without being asked anything. All rows share it, since they are drawn anew with the list.
#[derive(Clone, Copy)]
pub struct RowSubmissions {
    set_default: Submission,
    lock: Submission,
    unlock: Submission,
}

pub fn use_row_submissions() -> RowSubmissions {
    RowSubmissions {
        set_default: use_submission::<SetDefaultCredential>(),
        lock: use_submission::<LockCredential>(),
        unlock: use_submission::<UnlockCredential>(),
    }
}

#[component]
pub fn Details(row: CredentialRow, submissions: RowSubmissions) -> impl IntoView {
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
        <Actions id=id default=default locked=locked submissions=submissions/>
    }
}

#[component]
fn Actions(id: i64, default: bool, locked: bool, submissions: RowSubmissions) -> impl IntoView {
    let address = use_address();
    let hidden = move || vec![("credential", id.to_string())];
    let dialog = move |name: &'static str| move || address.read().dialog_for(name, id);
    let set_default = (!default).then(|| {
        view! {
            <ActionButton
                submission=submissions.set_default
                hidden=hidden()
                label=tr!("Set As Default")
                pending=tr!("Setting…")
                class=BUTTON
            />
        }
    });
    let lock = if locked {
        let unlock = submissions.unlock;
        view! {
            <ActionButton submission=unlock hidden=hidden() label=tr!("Unlock Credential") pending=tr!("Unlocking…") class=BUTTON/>
        }
        .into_any()
    } else {
        let lock = submissions.lock;
        view! { <ActionButton submission=lock hidden=hidden() label=tr!("Lock Credential") pending=tr!("Locking…") class=BUTTON/> }
            .into_any()
    };
    view! {
        <div class="detail-actions">
            {set_default}
            {lock}
            <a class=BUTTON href=dialog("update") data-noscroll="true">
                {tr!("Update Credential")}
            </a>
            <a class=BUTTON href=dialog("delete") data-noscroll="true">
                {tr!("Delete Credential")}
            </a>
        </div>
    }
}

const BUTTON: &str = "button button-small";
