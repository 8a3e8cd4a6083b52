//! The summary of a failed form.

use leptos::prelude::*;
use model::form::FormErrors;

use crate::components::icon::Icon;

#[component]
pub fn FormAlert(errors: Option<FormErrors>) -> impl IntoView {
    errors.map(|errors| {
        view! {
            <div class="alert alert-danger" role="alert" tabindex="-1">
                <Icon name="alert"/>
                <p>{errors.summary}</p>
            </div>
        }
    })
}
