//! Sending a form where WASM runs, and what follows.

use std::{pin::Pin, sync::Arc};

use leptos::{
    ev::SubmitEvent,
    form::form_data_from_event,
    prelude::*,
    server_fn::{
        ContentType, ServerFn,
        client::Client,
        codec::{JsonEncoding, PostUrl},
        request::ClientReq,
        response::ClientRes,
    },
    task::spawn_local,
    web_sys::{HtmlFormElement, UrlSearchParams},
};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
    location::Location,
};
use model::form::{Done, FormErrors};

use crate::{
    address::Address,
    api::ApiError,
    browser::{
        focus::{self, Pressed},
        timeout,
    },
    components::{dialog::close_dialog, form_state::FormState},
    ui::{Ui, use_ui},
};

/// A server function that changes something: what forms are sent to.
pub trait Mutation: ServerFn<Output = Done, Error = ApiError, Client = Self::Sender> + 'static {
    type Sender: Client<ApiError> + 'static;
}

impl<S, C> Mutation for S
where
    S: ServerFn<Output = Done, Error = ApiError, Client = C> + 'static,
    C: Client<ApiError> + Client<ApiError, S::InputStreamError, S::OutputStreamError> + 'static,
{
    type Sender = C;
}

/// What a form's server function answers.
type Calling = Pin<Box<dyn Future<Output = Result<Done, ApiError>> + Send>>;

/// Calls the function at an address with the fields of a form.
pub type Call = fn(&'static str, String) -> Calling;

/// The call of `S`.
///
/// What the fields hold is sent as it is, as by a browser without WASM: only the server reads it, and browsers need not
/// fetch how each function's arguments are read and written.
pub fn call<S: Mutation>(url: &'static str, fields: String) -> Calling {
    Box::pin(post::<S::Sender>(url, fields))
}

async fn post<C: Client<ApiError>>(url: &'static str, fields: String) -> Result<Done, ApiError> {
    let request = C::Request::try_new_post(url, PostUrl::CONTENT_TYPE, JsonEncoding::CONTENT_TYPE, fields)?;
    let response = C::send(request).await?;
    let failed = response.status() >= 400;
    let body = response.try_into_bytes().await?;
    if failed {
        return Err(serde_json::from_slice(&body).unwrap_or(ApiError::Malformed));
    }
    serde_json::from_slice(&body).map_err(|_| ApiError::Malformed)
}

type Navigate = Arc<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// The sending of one form.
///
/// It goes on when the form is no longer there: a list may be drawn anew meanwhile, a dialog closed, another page shown.
/// What came of it is told in any case, at the form or as a notice. With the form a `ServerAction` would go, and its
/// outcome.
#[derive(Clone, Copy)]
pub struct Submission {
    state: FormState,
    /// Where the function is called.
    url: &'static str,
    call: Call,
    ui: Ui,
    navigate: StoredValue<Navigate>,
    location: StoredValue<Location>,
}

impl Submission {
    pub fn new(state: FormState, url: &'static str, call: Call) -> Self {
        Self {
            state,
            url,
            call,
            ui: use_ui(),
            navigate: StoredValue::new(Arc::new(use_navigate())),
            location: StoredValue::new(use_location()),
        }
    }

    /// Sends the form of the event, unless it is on its way.
    pub fn send(self, event: &SubmitEvent) {
        let Self { state, ui, .. } = self;
        if state.pending.get_untracked() {
            return;
        }
        let Some(fields) = fields(event) else { return self.refuse(ApiError::Malformed.form_errors()) };
        state.pending.set(true);
        state.errors.set(None);
        let label = focus::label_of_submitter(event);
        let form = focus::target::<HtmlFormElement>(event, "form");
        let (pressed, navigate, location) = (Pressed::now(), self.navigate.get_value(), self.location.get_value());
        let sent_from = path_of(&location);
        let answer = timeout::of_change((self.call)(self.url, fields));
        spawn_local(async move {
            let outcome = answer.await.unwrap_or(Err(ApiError::Offline));
            ui.note_reached(outcome != Err(ApiError::Offline));
            // What a page had drawn may stay in the document below the next page until that one's answer comes, and may be off
            // the document before its signals are gone.
            let is_there = state.pending.try_set(false).is_none()
                && form.is_some_and(|form| form.is_connected())
                && path_of(&location) == sent_from;
            match outcome {
                Ok(done) => {
                    if is_there {
                        state.forget_typed();
                    }
                    succeed(ui, done, &navigate, &location, &sent_from);
                    pressed.focus_again();
                }
                Err(error) if is_there => self.refuse(error.form_errors()),
                Err(error) => ui.notices.tell_failure(label.as_deref(), &error),
            }
        });
    }

    /// Shows what is wrong, and moves the focus to the first field to mend.
    pub fn refuse(self, errors: FormErrors) {
        self.state.errors.set(Some(errors));
        focus::failure(&format!("[id='{}']", self.state.id()));
    }
}

/// Tells the success, lets the page ask again, and goes where the server says; on the page itself its view stays as it
/// is. Somebody who has gone elsewhere meanwhile stays there.
fn succeed(ui: Ui, done: Done, navigate: &Navigate, location: &Location, sent_from: &str) {
    if !done.message.is_empty() {
        ui.notices.tell(done.message, done.follow);
    }
    if done.link.is_some() {
        ui.link.set(done.link);
    }
    let here = path_of(location);
    if here != sent_from {
        ui.changed();
        return;
    }
    let address = Address::new(&here, &location.search.get_untracked());
    let same_page = done.goto.split('?').next() == Some(address.path());
    let stay = address.stays_for(&done.goto);
    let stays = stay.is_some();
    let goto = stay.map_or(done.goto, |here| here.href());
    // Another page takes its dialog with it. Closed before that page's code is there, it would lead back here.
    if same_page {
        close_dialog();
        ui.changed();
    }
    navigate(&goto, NavigateOptions { scroll: !same_page, replace: stays, ..NavigateOptions::default() });
}

/// What the form of the event holds, as `application/x-www-form-urlencoded`.
fn fields(event: &SubmitEvent) -> Option<String> {
    let data = form_data_from_event(event).ok()?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    // A button without a name.
    fields.delete("");
    fields.to_string().as_string()
}

fn path_of(location: &Location) -> String {
    location.pathname.get_untracked()
}
