//! A choice that the browser keeps in a cookie. A plain form whose answer is the same page again, drawn as chosen.

use leptos::prelude::*;

/// One of the choices: a button.
pub struct ChoiceButton {
    pub value: &'static str,
    pub label: String,
    pub chosen: bool,
    /// The language of the label and the face, where it is not the page's.
    pub lang: Option<&'static str>,
    /// What is inside the button.
    pub face: AnyView,
}

#[component]
pub fn ChoiceForm(
    /// The field's name, and the address that the form is sent to.
    field: &'static str,
    #[prop(into)] label: String,
    buttons: Vec<ChoiceButton>,
) -> impl IntoView {
    let draw = |ChoiceButton { value, label, chosen, lang, face }| {
        view! {
            <button
                type="submit"
                class="choice-button"
                name=field
                value=value
                lang=lang
                aria-label=label.clone()
                title=label
                aria-pressed=if chosen { "true" } else { "false" }
            >
                {face}
            </button>
        }
    };
    view! {
        <form class="choice" method="post" action=format!("/{field}") aria-label=label>
            {buttons.into_iter().map(draw).collect_view()}
        </form>
    }
}
