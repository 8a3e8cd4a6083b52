//! A tick box: something that is done as well.

use leptos::prelude::*;

use crate::components::{field::FieldNotes, form_state::Wiring};

#[component]
pub fn Tick(
    name: &'static str,
    #[prop(into)] label: String,
    /// Whether it starts ticked.
    #[prop(optional)]
    on: bool,
    #[prop(optional, into)] hint: Option<String>,
) -> impl IntoView {
    let wiring = Wiring::of(name, hint.is_some());
    let ticked = wiring.state().ticked(name, on);
    view! {
        <div class="field">
            <label class="tick">
                <input
                    type="checkbox"
                    id=wiring.id()
                    name=wiring.name()
                    value="on"
                    checked=ticked
                    aria-invalid=move || wiring.invalid()
                    aria-describedby=move || wiring.described_by()
                />
                <span>{label}</span>
            </label>
            <FieldNotes wiring=wiring hint=hint/>
        </div>
    }
}
