//! The choice between light and dark. A plain form whose answer is the same page again, drawn in the other colours.

use leptos::prelude::*;
use model::theme::Theme;

use crate::{components::icon::Icon, ui::use_ui};

#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = use_ui().theme();
    let button = move |theme: Theme| {
        let (label, icon) = match theme {
            Theme::Light => (tr!("Light theme"), "sun"),
            Theme::Dark => (tr!("Dark theme"), "moon"),
            Theme::System => (tr!("System theme"), "half"),
        };
        let pressed = if theme == chosen { "true" } else { "false" };
        view! {
            <button
                type="submit"
                class="choice-button"
                name="theme"
                value=theme.as_str()
                aria-label=label.clone()
                title=label
                aria-pressed=pressed
            >
                <Icon name=icon/>
            </button>
        }
    };
    view! {
        <form class="choice" method="post" action="/theme" aria-label=tr!("Theme")>
            {Theme::ALL.map(button).into_iter().collect_view()}
        </form>
    }
}
