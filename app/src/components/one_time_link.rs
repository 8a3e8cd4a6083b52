//! A one-time link that somebody has to pass on. It is in the answer to the change that made it and nowhere else, so it
//! stays here until it is dismissed or the page is left.

use leptos::{html, prelude::*};
use model::user::LINK_HOURS;

use crate::{address::use_address, browser::clipboard::copy_selection, components::icon::Icon, ui::use_ui};

#[component]
pub fn OneTimeLink() -> impl IntoView {
    let ui = use_ui();
    on_cleanup(move || {
        let _ = ui.link.try_set(None);
    });
    move || ui.link.get().map(|link| view! { <LinkPanel link=link/> })
}

#[component]
fn LinkPanel(
    /// A path of this site.
    link: String,
) -> impl IntoView {
    let ui = use_ui();
    let address = use_address();
    let input = NodeRef::<html::Input>::new();
    let origin = RwSignal::new(String::new());
    // The server cannot be sure by which address people reach it.
    Effect::new(move |_| {
        origin.set(window().location().origin().unwrap_or_default());
        if let Some(input) = input.get() {
            request_animation_frame(move || {
                let _ = input.focus();
                input.select();
            });
        }
    });
    let good_for = tr!("It can be used once, within {} hours, and is shown only now.", LINK_HOURS);
    let copy = move |_| {
        if let Some(input) = input.get_untracked() {
            input.select();
            let copied = if copy_selection() { tr!("Link copied") } else { tr!("Press Ctrl+C to copy the link") };
            ui.notices.tell(copied, None);
        }
    };
    view! {
        <section class="panel one-time-link" aria-labelledby="pass-on">
            <h2 id="pass-on">
                <Icon name="link"/>
                {tr!("Share this link")}
            </h2>
            <p>{tr!("Whoever opens it chooses the password of this user.")} " " {good_for}</p>
            <div class="field">
                <label for="one-time-link">{tr!("One-time link")}</label>
                <input
                    node_ref=input
                    class="input input-code"
                    id="one-time-link"
                    type="text"
                    readonly=true
                    value=move || format!("{}{link}", origin.read())
                />
                <p class="field-hint fallback">
                    {tr!("Append it to this site's address, such as https://backup.example.com.")}
                </p>
            </div>
            <div class="form-footer">
                <button type="button" class="button button-primary live" on:click=copy>
                    {tr!("Copy")}
                </button>
                <a
                    class="button"
                    href=move || address.read().href()
                    data-noscroll="true"
                    on:click=move |_| ui.link.set(None)
                >
                    {tr!("Dismiss")}
                </a>
            </div>
        </section>
    }
}
