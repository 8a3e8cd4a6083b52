//! Sign-in.

use leptos::prelude::*;
use leptos_meta::Title;
use model::people::SignInOptions;

use crate::{
    address::{Address, page_address},
    api::session::{SignIn, get_sign_in_options},
    components::{
        answer::Answer,
        field::{Field, Kind},
        form::PlainForm,
        loaded::loaded_quietly,
        submit::Submit,
    },
};

#[component]
pub fn LoginPage() -> impl IntoView {
    let address = page_address();
    let next = address.read_untracked().get("next").unwrap_or_default().to_owned();
    let options: Answer<SignInOptions> = Answer::once(get_sign_in_options);
    let way = Address::new("/login/oidc", "").with("next", &next).href();
    let provider = loaded_quietly(options, move |options| {
        let way = way.clone();
        options.provider.map(|name| view! { <Provider name=name way=way/> })
    });
    view! {
        <Title text=tr!("Sign in")/>
        <section class="gate">
            <h1>{tr!("Sign in")}</h1>
            <PlainForm<SignIn> hidden=vec![("next", next)]>
                <Field name="email" label=tr!("Email") kind=Kind::Email required=true focused=true/>
                <Field name="password" label=tr!("Password") kind=Kind::Password required=true/>
                <Submit label=tr!("Sign In") pending=tr!("Signing in…") class="button button-primary button-wide"/>
            </PlainForm<SignIn>>
            {provider}
        </section>
    }
}

/// A link and no form: what it leads to sends the browser on to another site, which forms may not.
#[component]
fn Provider(name: String, way: String) -> impl IntoView {
    view! {
        <a class="button button-wide" href=way rel="external">
            {tr!("Sign In with {}", name)}
        </a>
    }
}
