//! The choice of a language. A plain form, like that of the theme.

use leptos::prelude::*;
use model::language::Language;

use crate::ui::use_ui;

#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let chosen = use_ui().language();
    let button = move |language: Language| {
        let pressed = if language == chosen { "true" } else { "false" };
        view! {
            <button
                type="submit"
                class="choice-button"
                name="language"
                value=language.as_str()
                lang=language.as_str()
                aria-label=language.name()
                title=language.name()
                aria-pressed=pressed
            >
                {language.as_str().to_uppercase()}
            </button>
        }
    };
    view! {
        <form class="choice" method="post" action="/language" aria-label=tr!("Language")>
            {Language::ALL.map(button).into_iter().collect_view()}
        </form>
    }
}
