//! The summary of a failed form.

use leptos::prelude::*;

use crate::components::{form_state::FormState, icon::Icon};

#[component]
pub fn FormAlert(state: FormState) -> impl IntoView {
    let summary = move || state.errors.with(|errors| errors.as_ref().map(|errors| errors.summary.clone()));
    move || {
        summary().filter(|summary| !summary.is_empty()).map(|summary| {
            view! {
                <div class="alert alert-danger" role="alert" tabindex="-1">
                    <Icon name="alert"/>
                    <p>{summary}</p>
                </div>
            }
        })
    }
}
