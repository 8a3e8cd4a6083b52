//! A form that is one button: something done to one row.

use leptos::prelude::*;

use crate::components::{
    form::{Form, Hidden},
    submission::Submission,
    submit::Submit,
};

#[component]
pub fn ActionButton(
    submission: Submission,
    hidden: Hidden,
    #[prop(into)] label: String,
    #[prop(into)] pending: String,
    #[prop(default = "button button-quiet button-small")] class: &'static str,
) -> impl IntoView {
    view! {
        <Form submission=submission hidden=hidden class="action-form">
            <Submit label=label pending=pending class=class/>
        </Form>
    }
}
