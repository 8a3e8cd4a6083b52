//! A form that is one button: something done to one row.

use std::marker::PhantomData;

use leptos::prelude::*;

use crate::components::{
    form::{Form, Hidden},
    submission::Mutation,
    submit::Submit,
};

#[component]
pub fn ActionButton<S: Mutation>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    hidden: Hidden,
    #[prop(into)] label: String,
    #[prop(into)] pending: String,
    #[prop(default = "button button-quiet button-small")] class: &'static str,
    /// Tells it from the same button elsewhere on the page.
    #[prop(default = "")]
    place: &'static str,
) -> impl IntoView {
    let PhantomData = function;
    view! {
        <Form<S> hidden=hidden class="action-form" place=place>
            <Submit label=label pending=pending class=class/>
        </Form<S>>
    }
}
