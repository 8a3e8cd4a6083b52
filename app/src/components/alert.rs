//! The summary of a failed form.

use leptos::prelude::*;
use model::form::FormErrors;

use crate::components::icon::Icon;

#[component]
pub fn FormAlert(errors: Signal<Option<FormErrors>>) -> impl IntoView {
    let summary = move || {
        let summary = errors.get()?.summary;
        Some(view! {
            <div class="alert alert-danger" role="alert" tabindex="-1">
                <Icon name="alert"/>
                <p>{summary}</p>
            </div>
        })
    };
    view! { {summary} }
}
