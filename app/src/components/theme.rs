//! The choice between light and dark.

use leptos::prelude::*;
use model::theme::Theme;

use crate::{
    components::{
        choice::{ChoiceButton, ChoiceForm},
        icon::Icon,
    },
    ui::use_ui,
};

#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let chosen = use_ui().theme();
    let button = |theme: Theme| {
        let (label, icon) = match theme {
            Theme::Light => (tr!("Light theme"), "sun"),
            Theme::Dark => (tr!("Dark theme"), "moon"),
            Theme::System => (tr!("System theme"), "half"),
        };
        let face = view! { <Icon name=icon/> }.into_any();
        ChoiceButton { value: theme.as_str(), label, chosen: theme == chosen, lang: None, face }
    };
    view! { <ChoiceForm field="theme" label=tr!("Theme") buttons=Theme::ALL.map(button).into()/> }
}
