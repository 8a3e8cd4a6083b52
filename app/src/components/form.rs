//! Forms that post to a server function, with and without WASM.

use std::marker::PhantomData;

use leptos::{context::Provider, ev::SubmitEvent, prelude::*};

use crate::{
    api::ApiError,
    components::{
        alert::FormAlert,
        form_state::{FormState, input_name},
        submission::{Mutation, Submission},
    },
    ui::use_ui,
};

/// Names and values of a form's hidden inputs, by the fields' names.
pub type Hidden = Vec<(&'static str, String)>;

/// A form that is sent without a reload where WASM runs, and as a plain post otherwise.
#[component]
pub fn Form(
    submission: Submission,
    #[prop(optional)] hidden: Hidden,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let url = submission.url();
    let id = form_id(url, &hidden);
    let failed = use_ui().failed(url, &named(&hidden));
    let earlier = failed.as_ref().map(|failed| failed.error.form_errors());
    let errors = Signal::derive({
        let id = id.clone();
        move || match submission.outcome(&id) {
            Some(outcome) => outcome.err().as_ref().map(ApiError::form_errors),
            None => earlier.clone(),
        }
    });
    let pending = Signal::derive({
        let id = id.clone();
        move || submission.pending(&id)
    });
    let state = FormState::new(id.clone(), errors, pending, failed);
    let on_submit = {
        let id = id.clone();
        move |event: SubmitEvent| submission.send(&id, &event)
    };
    view! {
        <form id=id class=class method="post" action=url novalidate=true on:submit=on_submit>
            <FormAlert errors=errors/>
            {hidden_inputs(&hidden)}
            <Provider value=state>{children()}</Provider>
        </form>
    }
}

/// A form whose answer is always a whole new page: sign-in and its like, after which everything on the page differs.
#[component]
pub fn PlainForm<S: Mutation>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    #[prop(optional)] hidden: Hidden,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let PhantomData = function;
    plain_form(S::url(), hidden, class, children)
}

fn plain_form(url: &'static str, hidden: Hidden, class: &'static str, children: Children) -> AnyView {
    let id = form_id(url, &[]);
    let failed = use_ui().failed(url, &[]);
    let earlier = failed.as_ref().map(|failed| failed.error.form_errors());
    let errors = Signal::stored(earlier);
    let state = FormState::new(id.clone(), errors, Signal::stored(false), failed);
    view! {
        <form id=id class=class method="post" action=url novalidate=true>
            <FormAlert errors=errors/>
            {hidden_inputs(&hidden)}
            <Provider value=state>{children()}</Provider>
        </form>
    }
    .into_any()
}

/// Unique on the page: the function's path and what the hidden inputs say.
fn form_id(url: &str, hidden: &[(&'static str, String)]) -> String {
    let path = url.trim_start_matches("/api/").replace('/', "-");
    hidden.iter().fold(path, |id, (_, value)| format!("{id}-{value}"))
}

fn named(hidden: &[(&'static str, String)]) -> Vec<(String, String)> {
    hidden.iter().map(|(field, value)| (input_name(field), value.clone())).collect()
}

fn hidden_inputs(hidden: &[(&'static str, String)]) -> impl IntoView + use<> {
    named(hidden).into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()
}
