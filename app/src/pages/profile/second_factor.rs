//! Whether a code is asked for at sign-in.

use leptos::prelude::*;

use crate::components::phase::{Badge, Look};

#[component]
pub fn SecondFactorPanel(on: bool) -> impl IntoView {
    let (look, label) = if on {
        (Look::SECOND_FACTOR_ON, tr!("Manage Second Factor"))
    } else {
        (Look::SECOND_FACTOR_OFF, tr!("Set Up Second Factor"))
    };
    view! {
        <section class="panel" aria-labelledby="second-factor">
            <h2 id="second-factor">{tr!("Second Factor")}</h2>
            <p>{tr!("A code from an app on your phone, asked for after the password.")}</p>
            <Badge look=look/>
            <a class="button" href="/profile/second-factor">
                {label}
            </a>
        </section>
    }
}
