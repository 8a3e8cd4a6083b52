//! What a credential's row expands to: the rest of its facts, and what can be done with it.

use leptos::prelude::*;
use model::{
    credential::{Addressing, CredentialRow},
    time::Moment,
};

use crate::{
    api::credentials::{CheckCredential, LockCredential, SetDefaultCredential, UnlockCredential},
    components::{
        action_button::ActionButton,
        dialog::DialogLink,
        facts::Fact,
        phase::{Badge, Look},
        time::{Ago, NoValue, Time},
    },
};

#[component]
pub fn Details(row: CredentialRow) -> impl IntoView {
    let (id, default, locked) = (row.id.0, row.default, row.locked);
    let title = row.addressing.title();
    let addressing =
        (row.addressing != Addressing::Automatic).then(|| view! { <Fact term=tr!("Addressing")>{tr!(title)}</Fact> });
    let certificate =
        (!row.ca_certificate.is_empty()).then(|| view! { <Fact term=tr!("CA Certificate")>{tr!("of its own")}</Fact> });
    let connection = (addressing, certificate);
    view! {
        <dl class="facts">
            <Fact term=tr!("S3 Region")>
                <code>{row.region}</code>
            </Fact>
            {connection}
            <Fact term=tr!("Created By")>{row.created_by}</Fact>
            <Fact term=tr!("Created")>
                <Time at=row.created/>
            </Fact>
            <Fact term=tr!("Last Modified")>
                <Time at=row.modified/>
            </Fact>
            <Fact term=tr!("Last Modified By")>{row.modified_by}</Fact>
            <Fact term=tr!("Last Check")>
                <LastCheck at=row.checked failure=row.check_failure/>
            </Fact>
        </dl>
        <Actions id=id default=default locked=locked/>
    }
}

/// Whether the keys worked when they were tried last.
#[component]
fn LastCheck(at: Option<Moment>, failure: Option<String>) -> impl IntoView {
    let Some(at) = at else { return view! { <NoValue/> }.into_any() };
    let look = if failure.is_some() { Look::KEYS_FAIL } else { Look::KEYS_WORK };
    view! {
        <span class="state-at">
            <Badge look=look/>
            <Ago at=at/>
        </span>
        {failure.map(|failure| view! { <p class="cell-note cell-cause">{failure}</p> })}
    }
    .into_any()
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
            <ActionButton<CheckCredential> hidden=hidden() label=tr!("Check Now") pending=tr!("Checking the keys…") class=BUTTON/>
            <DialogLink name="update" id=id label=tr!("Update Credential") class=BUTTON/>
            <DialogLink name="move" id=id label=tr!("Move Endpoint") class=BUTTON/>
            <DialogLink name="delete" id=id label=tr!("Delete Credential") class=BUTTON/>
        </div>
    }
}

const BUTTON: &str = "button button-small";
