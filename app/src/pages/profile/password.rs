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
    let hint = format!("At least {} characters. Your other sessions end.", PASSWORD_LENGTH.start());
    view! {
        <section class="panel" aria-labelledby="password">
            <h2 id="password">"Password"</h2>
            <PlainForm<ChangePassword>>
                <Field name="current_password" label="Current Password" kind=Kind::Password required=true/>
                <Field name="new_password" label="New Password" kind=Kind::NewPassword required=true hint=hint/>
                <div class="form-footer">
                    <Submit label="Change Password" pending="Changing…"/>
                </div>
            </PlainForm<ChangePassword>>
        </section>
    }
}
