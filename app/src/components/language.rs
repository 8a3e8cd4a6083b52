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
    let button = |language: Language| ChoiceButton {
        value: language.as_str(),
        label: language.name().to_owned(),
        chosen: language == chosen,
        lang: Some(language.as_str()),
        face: language.as_str().to_uppercase().into_any(),
    };
    view! { <ChoiceForm field="language" label=tr!("Language") buttons=Language::ALL.map(button).into()/> }
}
