//! Another password.

use leptos::prelude::*;
use model::people::PASSWORD_LENGTH;

use crate::{
    api::profile::ChangePassword,
    components::{
        field::{Field, Kind},
        form::PlainForm,
        submit::Submit,
    },
};

/// A plain post: the session goes on under another name.
#[component]
pub fn PasswordPanel() -> impl IntoView {
    let hint = tr!("At least {} characters. Your other sessions end.", PASSWORD_LENGTH.start());
    view! {
        <section class="panel" aria-labelledby="password">
            <h2 id="password">{tr!("Password")}</h2>
            <PlainForm<ChangePassword>>
                <Field name="current_password" label=tr!("Current Password") kind=Kind::Password required=true/>
                <Field name="new_password" label=tr!("New Password") kind=Kind::NewPassword required=true hint=hint/>
                <div class="form-footer">
                    <Submit label=tr!("Change Password") pending=tr!("Changing…")/>
                </div>
            </PlainForm<ChangePassword>>
        </section>
    }
}
