//! A labelled text of several lines.

use leptos::prelude::*;

use crate::components::{field::FieldNotes, form_state::Wiring};

#[component]
pub fn TextArea(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(default = "3")] rows: &'static str,
) -> impl IntoView {
    let wiring = Wiring::of(name, hint.is_some());
    // A text node would be hydrated as one, which an empty textarea has none of.
    let initial = escaped(&wiring.state().initial(name, &value));
    view! {
        <div class="field">
            <label for=wiring.id()>{label}</label>
            <textarea
                class="input input-code"
                id=wiring.id()
                name=wiring.name()
                rows=rows
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=move || wiring.invalid()
                aria-describedby=move || wiring.described_by()
                inner_html=initial
            ></textarea>
            <FieldNotes wiring=wiring hint=hint/>
        </div>
    }
}

/// Text as HTML. A parser drops the first line break of a textarea, so one more stands in front.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if text.starts_with('\n') { format!("\n{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn typed_markup_stays_text() {
        assert_eq!(escaped("</textarea><script>&"), "&lt;/textarea&gt;&lt;script&gt;&amp;");
    }
}
