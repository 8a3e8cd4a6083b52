//! Forms that post to a server function.

use std::marker::PhantomData;

use leptos::{context::Provider, prelude::*, server_fn::ServerFn};
use model::form::Done;

use crate::{
    api::ApiError,
    components::{
        alert::FormAlert,
        form_state::{FormState, input_name},
    },
    ui::use_ui,
};

/// A server function that changes something: what forms are sent to.
pub trait Mutation: ServerFn<Output = Done, Error = ApiError> + 'static {}

impl<S: ServerFn<Output = Done, Error = ApiError> + 'static> Mutation for S {}

/// Names and values of a form's hidden inputs, by the fields' names.
pub type Hidden = Vec<(&'static str, String)>;

/// A form that is sent without a reload where WASM runs, and as a plain post otherwise. The server answers both alike,
/// with the page that comes next.
#[component]
pub fn Form<S: Mutation>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    #[prop(optional)] hidden: Hidden,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let PhantomData = function;
    draw(S::url(), hidden, class, false, children)
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
    draw(S::url(), hidden, class, true, children)
}

fn draw(url: &'static str, hidden: Hidden, class: &'static str, plain: bool, children: Children) -> AnyView {
    // A plain form is the only one of its kind, and what it hides is not among what was typed.
    let identity: &[_] = if plain { &[] } else { &hidden };
    let id = form_id(url, identity);
    let failed = use_ui().failed(url, &named(identity));
    let errors = failed.as_ref().map(|failed| failed.error.form_errors());
    let state = FormState::new(id.clone(), errors.clone(), failed);
    view! {
        <form id=id class=class method="post" action=use_ui().action(url) novalidate=true data-plain=plain.then_some("")>
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
