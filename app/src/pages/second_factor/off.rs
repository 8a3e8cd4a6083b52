//! Before there is a second factor.

use leptos::prelude::*;

use crate::{
    api::second_factor::BeginSecondFactor,
    components::{
        field::{Field, Kind},
        form::PlainForm,
        icon::Icon,
        submit::Submit,
    },
};

#[component]
pub fn OffPanel(
    /// Whether the account wants one of the person.
    required: bool,
) -> impl IntoView {
    let wanted = required.then(|| {
        view! {
            <div class="alert alert-info">
                <Icon name="lock"/>
                <p>{tr!("Partners of your account must use a second factor. Set yours up to go on.")}</p>
            </div>
        }
    });
    view! {
        {wanted}
        <section class="panel" aria-labelledby="set-up">
            <h2 id="set-up">{tr!("Set it up")}</h2>
            <p>
                {tr!("With a second factor, whoever learns your password still cannot sign in: a code is asked for too, which an app on your phone shows. Any authenticator app will do, and so will most password managers.")}
            </p>
            <PlainForm<BeginSecondFactor>>
                <Field
                    name="password"
                    label=tr!("Password")
                    kind=Kind::Password
                    required=true
                    hint=tr!("Your password, once more.")
                />
                <div class="form-footer">
                    <Submit label=tr!("Set Up") pending=tr!("Preparing…")/>
                </div>
            </PlainForm<BeginSecondFactor>>
        </section>
    }
}
