//! The choice of a language.

use leptos::prelude::*;
use model::language::Language;

use crate::{
    components::choice::{ChoiceButton, ChoiceForm},
    ui::use_ui,
};

#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let chosen = use_ui().language();
    let button = |language: Language| {
        let code = language.as_str().to_uppercase();
        ChoiceButton {
            value: language.as_str(),
            label: format!("{code}: {}", language.name()),
            chosen: language == chosen,
            lang: Some(language.as_str()),
            face: code.into_any(),
        }
    };
    view! { <ChoiceForm field="language" label=tr!("Language") buttons=Language::ALL.map(button).into()/> }
}
