//! Forms that post to a server function, with and without WASM.

use std::marker::PhantomData;

use leptos::{
    context::Provider,
    ev::{FocusEvent, SubmitEvent},
    form::FromFormData,
    prelude::*,
    wasm_bindgen::JsCast,
};
use model::form::FormErrors;
use serde::de::DeserializeOwned;
use web_sys::{Element, Event, FormData};

use crate::{
    browser::{draft::Draft, focus},
    components::{
        alert::FormAlert,
        form_state::{FormState, field_name, input_name},
        submission::{Call, Mutation, Submission, call},
    },
    ui::use_ui,
};

/// Names and values of a form's hidden inputs, by the fields' names.
pub type Hidden = Vec<(&'static str, String)>;

/// What is wrong with what is typed, by the rules of the domain.
type Check = Box<dyn Fn(&FormData) -> Option<FormErrors> + Send + Sync>;

/// A form that calls its server function where WASM runs, and is a plain post otherwise.
#[component]
pub fn Form<S: Mutation>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    #[prop(optional)] hidden: Hidden,
    #[prop(default = "form")] class: &'static str,
    /// Tells it from the same form elsewhere on the page.
    #[prop(default = "")]
    place: &'static str,
    children: Children,
) -> impl IntoView {
    let PhantomData = function;
    draw(S::url(), hidden, (class, place), Some(Sending { call: call::<S>, checking: None }), children)
}

/// A form that can say by itself what is wrong: at each field as somebody leaves it, and before the server is asked.
#[component]
pub fn CheckedForm<S: Mutation + DeserializeOwned>(
    /// Names the server function.
    #[prop(optional)]
    function: PhantomData<S>,
    #[prop(optional)] hidden: Hidden,
    #[prop(default = "form")] class: &'static str,
    /// What the server would refuse at once.
    check: fn(&S) -> Option<FormErrors>,
    /// Whether the server knows rules for further fields: then it is asked in any case, so that all is told at once.
    #[prop(optional)]
    partly: bool,
    children: Children,
) -> impl IntoView {
    let PhantomData = function;
    let judge: Check = Box::new(move |form| check(&S::from_form_data(form).ok()?));
    let checking = Checking { judge, partly, keep_draft };
    draw(S::url(), hidden, (class, ""), Some(Sending { call: call::<S>, checking: Some(checking) }), children)
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
    draw(S::url(), hidden, (class, ""), None, children)
}

/// A server function.
#[derive(Clone, Copy)]
pub struct Target {
    pub url: &'static str,
    pub call: Call,
}

/// As [`Form`], with the function as a value. `class` and place as there.
pub fn at(
    target: Target,
    hidden: Hidden,
    class_and_place: (&'static str, &'static str),
    children: Children,
) -> AnyView {
    draw(target.url, hidden, class_and_place, Some(Sending { call: target.call, checking: None }), children)
}

/// How a form is sent by the application.
struct Sending {
    call: Call,
    checking: Option<Checking>,
}

/// What a form with rules of its own has beside. That there is one is known by a value, so that pages without such a form
/// need not fetch the code.
struct Checking {
    judge: Check,
    partly: bool,
    keep_draft: fn(FormState),
}

/// What is the same for all functions, so that its code is made once. Without `sending` the browser sends the form.
fn draw(
    url: &'static str,
    hidden: Hidden,
    (class, place): (&'static str, &'static str),
    sending: Option<Sending>,
    children: Children,
) -> AnyView {
    let plain = sending.is_none();
    // A plain form is the only one of its kind, and what it hides is not among what was typed.
    let identity: &[_] = if plain { &[] } else { &hidden };
    let failed = use_ui().failed(url, &named(identity));
    let state = FormState::new(place.to_owned() + &id_of(url, identity), failed);
    let submission = sending.as_ref().map(|sending| Submission::new(state, url, sending.call));
    let checking = sending.and_then(|sending| sending.checking);
    let keep_draft = checking.as_ref().map(|checking| checking.keep_draft);
    let partly = checking.as_ref().is_none_or(|checking| checking.partly);
    let check = StoredValue::new(checking.map(|checking| checking.judge));
    let checks = keep_draft.is_some();
    let wrong = move || {
        let data = FormData::new_with_form(&state.node.get_untracked()?).ok()?;
        check.with_value(|check| check.as_ref()?(&data))
    };
    let on_submit = move |event: SubmitEvent| match submission {
        Some(submission) => {
            event.prevent_default();
            match wrong().filter(|_| !partly) {
                Some(errors) => submission.refuse(errors),
                None => submission.send(&event),
            }
        }
        None => state.pending.set(true),
    };
    let judge = move |field: &str| {
        state.judge(field, wrong().as_ref().and_then(|errors| errors.message_for(field)));
    };
    let on_input = move |event: Event| {
        state.note_typed();
        if let Some(field) = field_of(&event).filter(|field| state.is_wrong(field)) {
            judge(&field);
        }
    };
    let on_leave = move |event: FocusEvent| {
        // A message that comes or goes while a button is pressed would move it away from under the pointer.
        let presses = event.related_target().and_then(|to| to.dyn_into::<Element>().ok());
        let presses = presses.is_some_and(|to| matches!(to.tag_name().as_str(), "BUTTON" | "A"));
        if let Some(field) = field_of(&event).filter(|_| checks && !presses && state.is_typed_untracked()) {
            judge(&field);
        }
    };
    Effect::new(move |_| {
        if state.node.get().is_some() {
            state.read();
        }
    });
    if let Some(keep_draft) = keep_draft {
        keep_draft(state);
    }
    view! {
        <form
            node_ref=state.node
            id=state.id()
            class=class
            method="post"
            action=use_ui().action(url)
            novalidate=true
            aria-busy=move || state.pending.get().then_some("true")
            on:submit=on_submit
            on:input=on_input
            on:focusout=on_leave
        >
            <FormAlert state=state/>
            {hidden_inputs(&hidden)}
            <Provider value=state>{children()}</Provider>
        </form>
    }
    .into_any()
}

/// What is typed into a dialog stays for this tab until it is sent or given up.
fn keep_draft(state: FormState) {
    let Some(dialog) = state.dialog() else { return };
    let ui = use_ui();
    Effect::new(move |begun: Option<bool>| {
        let Some(form) = state.node.get() else { return false };
        if !begun.unwrap_or_default() {
            let draft = Draft::here(&state.id());
            dialog.set_draft(draft.clone());
            draft.restore(form, move || {
                state.note_typed();
                ui.notices.tell(tr!("What you typed before is back"), None);
            });
        }
        true
    });
}

/// The field that something happened in.
fn field_of(event: &Event) -> Option<String> {
    let input = focus::target::<Element>(event, "input, select, textarea")?;
    field_name(&input.get_attribute("name")?)
}

/// The id of a form of this function that hides nothing, by which inputs outside of it can belong to it.
pub fn form_id<S: Mutation>() -> String {
    id_of(S::url(), &[])
}

/// Unique on the page: the function's path and what the hidden inputs say.
fn id_of(url: &str, hidden: &[(&'static str, String)]) -> String {
    let path = url.trim_start_matches("/api/").replace('/', "-");
    hidden.iter().fold(path, |id, (_, value)| format!("{id}-{value}"))
}

fn named(hidden: &[(&'static str, String)]) -> Vec<(String, String)> {
    hidden.iter().map(|(field, value)| (input_name(field), value.clone())).collect()
}

fn hidden_inputs(hidden: &[(&'static str, String)]) -> impl IntoView + use<> {
    named(hidden).into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()
}
