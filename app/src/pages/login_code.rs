//! The second step of sign-in: the code.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::session::SignInWithCode,
    components::{
        field::{Field, Kind},
        form::PlainForm,
        submit::Submit,
    },
};

#[component]
pub fn LoginCodePage() -> impl IntoView {
    view! {
        <Title text=tr!("Enter your code")/>
        <section class="gate">
            <h1>{tr!("Enter your code")}</h1>
            <p class="gate-text">{tr!("One step is left. Your authenticator app shows the code that is needed too.")}</p>
            <PlainForm<SignInWithCode>>
                <Field
                    name="code"
                    label=tr!("Code")
                    kind=Kind::OneTimeCode
                    required=true
                    focused=true
                    hint=tr!("Six digits, or one of your recovery codes. Who has lost both asks a Partner or Manager for a reset.")
                />
                <Submit label=tr!("Sign In") pending=tr!("Signing in…") class="button button-primary button-wide"/>
            </PlainForm<SignInWithCode>>
            <a href="/login" rel="external">
                {tr!("Sign in as somebody else")}
            </a>
        </section>
    }
}
