//! The button that sends a form.

use leptos::prelude::*;

#[component]
pub fn Submit(
    #[prop(into)] label: String,
    /// What the button says while the form is on its way.
    #[prop(into)]
    pending: String,
    #[prop(default = "button button-primary")] class: &'static str,
) -> impl IntoView {
    view! {
        <button type="submit" class=class data-pending=pending>
            {label}
        </button>
    }
}
