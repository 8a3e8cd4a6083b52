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

/// Cancels a run, or says that somebody has asked for that already.
#[component]
pub fn CancelButton<S: Mutation>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    hidden: Hidden,
    requested: bool,
) -> impl IntoView {
    let PhantomData = function;
    if requested {
        return view! { <span class="muted">{tr!("Cancelling…")}</span> }.into_any();
    }
    view! { <ActionButton<S> hidden=hidden label=tr!("Cancel") pending=tr!("Cancelling…")/> }.into_any()
}
