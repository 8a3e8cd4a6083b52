//! A second factor that counts.

use leptos::prelude::*;
use model::{names::Hidden, time::Moment};

use super::CodeList;
use crate::{
    address::use_address,
    api::second_factor::UseRecoveryCodes,
    components::{action_button::ActionButton, facts::Fact, time::Time},
};

#[component]
pub fn OnPanel(required: bool, since: Moment, recovery_codes: u64, fresh_codes: Vec<Hidden>) -> impl IntoView {
    let address = use_address();
    let fresh = (!fresh_codes.is_empty()).then(|| view! { <FreshCodes codes=fresh_codes/> });
    let end = if required {
        view! { <p>{tr!("Partners of your account must use a second factor, so it cannot be turned off.")}</p> }
            .into_any()
    } else {
        view! {
            <a class="button" href=move || address.read().dialog("turn-off") data-noscroll="true">
                {tr!("Turn Off")}
            </a>
        }
        .into_any()
    };
    view! {
        {fresh}
        <section class="panel" aria-labelledby="state">
            <h2 id="state">{tr!("It is on")}</h2>
            <dl class="facts facts-list">
                <Fact term=tr!("Since")>
                    <Time at=since/>
                </Fact>
                <Fact term=tr!("Recovery codes left")>{recovery_codes}</Fact>
            </dl>
            <div class="form-footer">
                <a class="button" href=move || address.read().dialog("codes") data-noscroll="true">
                    {tr!("New Recovery Codes")}
                </a>
                {end}
            </div>
        </section>
    }
}

/// Codes that count for nothing until they were kept.
#[component]
fn FreshCodes(codes: Vec<Hidden>) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="fresh-codes">
            <h2 id="fresh-codes">{tr!("Your new recovery codes")}</h2>
            <p>{tr!("Keep them first. Once you use them, the ones from before are worth nothing, and these are not shown again.")}</p>
            <CodeList codes=codes/>
            <ActionButton<UseRecoveryCodes>
                hidden=vec![]
                label=tr!("Use These Codes")
                pending=tr!("Saving…")
                class="button button-primary"
            />
        </section>
    }
}
