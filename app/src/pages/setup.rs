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
        answer::Answer,
        error_view::ErrorView,
        field::{Field, Kind},
        form::PlainForm,
        loaded::loaded,
        submit::Submit,
        time_zone::OwnTimeZoneField,
    },
};

#[component]
pub fn SetupPage() -> impl IntoView {
    page_address();
    let state: Answer<SetupState> = Answer::once(get_setup_state);
    let draw = |state: SetupState| {
        if state.open {
            view! { <SetupForm code_required=state.code_required/> }.into_any()
        } else {
            view! { <ErrorView error=ApiError::NotFound/> }.into_any()
        }
    };
    view! {
        <Title text=tr!("Welcome")/>
        {loaded(state, draw)}
    }
}

#[component]
fn SetupForm(code_required: bool) -> impl IntoView {
    let password = tr!("At least {} characters.", PASSWORD_LENGTH.start());
    view! {
        <section class="gate">
            <h1>{tr!("Welcome to Holdfast")}</h1>
            <p class="gate-text">
                {tr!("Create your account and first organization. You'll be its administrator.")}
            </p>
            <PlainForm<SetUp>>
                <Field
                    name="account_name"
                    label=tr!("Account Name")
                    required=true
                    focused=true
                    hint=tr!("Your company, such as Example Ltd.")
                />
                <Field
                    name="organization"
                    label=tr!("Organization")
                    required=true
                    hint=tr!("3 to 30 letters, digits, dots, underscores and hyphens.")
                />
                <Field name="email" label=tr!("Email") kind=Kind::Email required=true/>
                <Field name="password" label=tr!("Password") kind=Kind::NewPassword required=true hint=password/>
                <OwnTimeZoneField hint=tr!("Schedules of the organization follow it.")/>
                <SetupCode required=code_required/>
                <Submit label=tr!("Create Account") pending=tr!("Creating…") class="button button-primary button-wide"/>
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
                label=tr!("Setup Code")
                kind=Kind::Code
                required=true
                hint=tr!("The server printed it when it started.")
            />
        }
    })
}
