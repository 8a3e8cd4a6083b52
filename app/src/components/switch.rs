//! A switch: a tick box that says on or off.

use leptos::prelude::*;

use crate::components::{field::FieldNotes, form_state::Wiring};

#[component]
pub fn Switch(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(optional)] on: bool,
    #[prop(optional, into)] hint: Option<String>,
    /// Sends the form at once, where WASM runs.
    #[prop(optional)]
    acts: bool,
) -> impl IntoView {
    let wiring = Wiring::of(name, hint.is_some());
    let ticked = wiring.state().ticked(name, on);
    if acts {
        wiring.state().send_on_switch(name, on);
    }
    view! {
        <div class="field field-switch">
            <label class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    id=wiring.id()
                    name=wiring.name()
                    value="on"
                    checked=ticked
                    aria-invalid=move || wiring.invalid()
                    aria-describedby=move || wiring.described_by()
                />
                <span class="switch-track" aria-hidden="true"></span>
                <span class="switch-label">{label}</span>
            </label>
            <FieldNotes wiring=wiring hint=hint/>
        </div>
    }
}
