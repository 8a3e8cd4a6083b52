//! The button that sends a form.

use leptos::prelude::*;

use crate::components::{form_state::FormState, subject::use_subject};

#[component]
pub fn Submit(
    #[prop(into)] label: String,
    /// What the button says while the form is on its way.
    #[prop(into)]
    pending: String,
    #[prop(default = "button button-primary")] class: &'static str,
) -> impl IntoView {
    let state = expect_context::<FormState>();
    let text = move || if state.pending.get() { pending.clone() } else { label.clone() };
    view! {
        <button type="submit" class=class disabled=move || state.pending.get() aria-describedby=use_subject()>
            {text}
        </button>
    }
}
