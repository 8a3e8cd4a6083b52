//! What is being set up: the secret for the app, the recovery codes, and the code that makes both count.

use leptos::prelude::*;
use model::second_factor::{DRAFT_MINUTES, Draft, QrCode};

use super::CodeList;
use crate::{
    api::second_factor::ConfirmSecondFactor,
    components::{
        field::{Field, Kind},
        form::PlainForm,
        submit::Submit,
    },
};

/// Modules of light around a QR code (ISO/IEC 18004, section 9.1).
const MARGIN: usize = 4;

#[component]
pub fn DraftPanel(draft: Draft) -> impl IntoView {
    let in_time = tr!("This page shows them for {} minutes, and then never again.", DRAFT_MINUTES);
    view! {
        <section class="panel" aria-labelledby="secret">
            <h2 id="secret">{tr!("1. Add Holdfast to your app")}</h2>
            <p>{tr!("Scan this with an authenticator app:")}</p>
            {draft.picture.map(|picture| view! { <Picture picture=picture/> })}
            <p>{tr!("Or type this secret into it:")}</p>
            <code class="secret-text" aria-label=tr!("Secret")>
                {draft.secret.expose().to_owned()}
            </code>
        </section>
        <section class="panel" aria-labelledby="codes">
            <h2 id="codes">{tr!("2. Keep the recovery codes")}</h2>
            <p>
                {tr!("When you have lost the app, each of these leads in once in place of a code. Print them, or put them where you keep your keys.")}
                " "
                {in_time}
            </p>
            <CodeList codes=draft.recovery_codes/>
        </section>
        <section class="panel" aria-labelledby="confirm">
            <h2 id="confirm">{tr!("3. Enter the code that the app shows")}</h2>
            <PlainForm<ConfirmSecondFactor>>
                <Field name="code" label=tr!("Code") kind=Kind::OneTimeCode required=true hint=tr!("Six digits.")/>
                <div class="form-footer">
                    <Submit label=tr!("Turn On") pending=tr!("Checking…")/>
                </div>
            </PlainForm<ConfirmSecondFactor>>
        </section>
    }
}

/// Dark on light whatever the page's colours: cameras want it so.
#[component]
fn Picture(picture: QrCode) -> impl IntoView {
    let side = picture.modules + 2 * MARGIN;
    let shift = format!("translate({MARGIN} {MARGIN})");
    view! {
        <svg class="qr-code" viewBox=format!("0 0 {side} {side}") role="img" aria-label=tr!("QR code of the secret")>
            <path class="qr-code-modules" transform=shift d=picture.path.expose().to_owned()></path>
        </svg>
    }
}
