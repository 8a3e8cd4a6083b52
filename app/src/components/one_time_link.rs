//! A one-time link that somebody has to pass on. It is in the answer to the change that made it and nowhere else, so it
//! stays here until it is dismissed or the page is left.

use leptos::prelude::*;
use model::user::LINK_HOURS;

use crate::{address::use_address, components::icon::Icon, ui::use_ui};

const FIELD: &str = "one-time-link";

#[component]
pub fn OneTimeLink() -> impl IntoView {
    use_ui().link().map(|link| view! { <LinkPanel link=link/> })
}

#[component]
fn LinkPanel(
    /// A path of this site. The browser puts its own idea of the site in front.
    link: String,
) -> impl IntoView {
    let address = use_address();
    let good_for = tr!("It can be used once, within {} hours, and is shown only now.", LINK_HOURS);
    view! {
        <section class="panel one-time-link" aria-labelledby="pass-on" data-kept="">
            <h2 id="pass-on">
                <Icon name="link"/>
                {tr!("Pass this link on")}
            </h2>
            <p>{tr!("Whoever opens it chooses the password of this user.")} " " {good_for}</p>
            <div class="field">
                <label for=FIELD>{tr!("One-time link")}</label>
                <input class="input input-code" id=FIELD type="text" readonly=true value=link/>
                <p class="field-hint fallback">
                    {tr!("Append it to this site's address, such as https://backup.example.com.")}
                </p>
            </div>
            <div class="form-footer">
                <button type="button" class="button button-primary live" data-copies=FIELD>
                    {tr!("Copy")}
                </button>
                <a class="button" href=address.href() data-noscroll="true">
                    {tr!("Dismiss")}
                </a>
            </div>
        </section>
    }
}
