//! First run: the partner account, its first organization, its first Partner.

use leptos::prelude::*;
use leptos_meta::Title;
use model::people::{PASSWORD_LENGTH, SetupState};

use crate::{
    address::page_address,
    api::{
        ApiError,
        session::{SetUp, get_setup_state},
    },
    components::{
        error_view::ErrorView,
        field::{Field, Kind},
        form::PlainForm,
        loaded::{Answer, loaded},
        submit::Submit,
    },
};

#[component]
pub fn SetupPage() -> impl IntoView {
    page_address();
    let state: Answer<SetupState> = Resource::new(|| (), |()| get_setup_state());
    let draw = |state: SetupState| {
        if state.open {
            view! { <SetupForm code_required=state.code_required/> }.into_any()
        } else {
            view! { <ErrorView error=ApiError::NotFound/> }.into_any()
        }
    };
    view! {
        <Title text="Welcome"/>
        {loaded(state, draw)}
    }
}

#[component]
fn SetupForm(code_required: bool) -> impl IntoView {
    let password = format!("At least {} characters.", PASSWORD_LENGTH.start());
    view! {
        <section class="gate">
            <h1>"Welcome to Holdfast"</h1>
            <p class="gate-text">
                "This makes your account, its first organization, and you as the person who manages both. More organizations can follow."
            </p>
            <PlainForm<SetUp>>
                <Field
                    name="account_name"
                    label="Account Name"
                    required=true
                    focused=true
                    hint="Your company, such as Example Ltd."
                />
                <Field
                    name="organization"
                    label="Organization"
                    required=true
                    hint="3 to 30 letters, digits, dots, underscores and hyphens."
                />
                <Field name="email" label="Email" kind=Kind::Email required=true/>
                <Field name="password" label="Password" kind=Kind::NewPassword required=true hint=password/>
                <SetupCode required=code_required/>
                <Submit label="Create Account" pending="Creating…" class="button button-primary button-wide"/>
            </PlainForm<SetUp>>
        </section>
    }
}

#[component]
fn SetupCode(
    /// Asked for where strangers could come to the page.
    required: bool,
) -> impl IntoView {
    required.then(|| {
        view! {
            <Field
                name="setup_code"
                label="Setup Code"
                kind=Kind::Code
                required=true
                hint="The server printed it when it started."
            />
        }
    })
}
