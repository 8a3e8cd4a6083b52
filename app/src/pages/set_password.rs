//! Where a one-time link leads: the choice of a password.

use leptos::prelude::*;
use leptos_meta::Title;
use model::{names::Hidden, people::PASSWORD_LENGTH, user::LinkView};

use crate::{
    address::page_address,
    api::{
        ApiError,
        page::set_status,
        users::{SetPasswordByLink, look_at_link},
    },
    components::{
        answer::Answer,
        field::{Field, Kind},
        form::PlainForm,
        icon::Icon,
        loaded::loaded,
        submit::Submit,
        time::Time,
    },
};

#[component]
pub fn SetPasswordPage() -> impl IntoView {
    let address = page_address();
    let token = address.read_untracked().get("token").unwrap_or_default().to_owned();
    let asked = Hidden::new(token.clone());
    let link: Answer<Option<LinkView>> = Answer::once(move || look(asked.clone()));
    let draw = move |link: Option<LinkView>| match link {
        Some(link) => view! { <PasswordForm link=link token=token.clone()/> }.into_any(),
        None => view! { <DeadLink/> }.into_any(),
    };
    view! {
        <Title text=tr!("Set your password")/>
        {loaded(link, draw)}
    }
}

/// Whom the link is for; `None` where it leads nowhere.
async fn look(token: Hidden) -> Result<Option<LinkView>, ApiError> {
    match look_at_link(token).await {
        Ok(link) => Ok(Some(link)),
        Err(ApiError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

#[component]
fn PasswordForm(link: LinkView, token: String) -> impl IntoView {
    let hint = tr!("At least {} characters.", PASSWORD_LENGTH.start());
    view! {
        <section class="gate">
            <h1>{tr!("Set your password")}</h1>
            <p class="gate-text">
                {tr!("For ")} <strong class="break">{link.email}</strong>
                {tr!(" in the organization {}. The link can be used once, until ", link.organization)}
                <Time at=link.expires/> "."
            </p>
            <PlainForm<SetPasswordByLink> hidden=vec![("token", token)]>
                <Field
                    name="password"
                    label=tr!("Password")
                    kind=Kind::NewPassword
                    required=true
                    focused=true
                    hint=hint
                />
                <Submit label=tr!("Set Password") pending=tr!("Setting…") class="button button-primary button-wide"/>
            </PlainForm<SetPasswordByLink>>
        </section>
    }
}

#[component]
fn DeadLink() -> impl IntoView {
    set_status(404);
    view! {
        <section class="empty empty-error">
            <Icon name="link"/>
            <h1>{tr!("This link does not work")}</h1>
            <p>
                {tr!("It was used already, it has expired, or a newer one has taken its place. Ask whoever sent it to you for another link.")}
            </p>
            <a class="button" href="/login" rel="external">
                {tr!("Go to sign-in")}
            </a>
        </section>
    }
}
