//! Sign-in.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    address::page_address,
    api::session::SignIn,
    components::{
        field::{Field, Kind},
        form::PlainForm,
        submit::Submit,
    },
};

#[component]
pub fn LoginPage() -> impl IntoView {
    let address = page_address();
    let next = address.read_untracked().get("next").unwrap_or_default().to_owned();
    view! {
        <Title text="Sign in"/>
        <section class="gate">
            <h1>"Sign in"</h1>
            <PlainForm<SignIn> hidden=vec![("next", next)]>
                <Field name="email" label="Email" kind=Kind::Email required=true focused=true/>
                <Field name="password" label="Password" kind=Kind::Password required=true/>
                <Submit label="Sign In" pending="Signing in…" class="button button-primary button-wide"/>
            </PlainForm<SignIn>>
        </section>
    }
}
