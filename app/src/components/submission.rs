//! Sending a form with WASM, and what follows.

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
    web_sys::UrlSearchParams,
};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use model::form::Done;

use crate::{
    address::Address,
    api::ApiError,
    ui::{close_dialog, focus_failure, use_ui},
};

/// A server function that changes something.
pub trait Mutation: ServerFn<Output = Done, Error = ApiError, Client = Self::Sender> {
    type Sender: Client<ApiError> + 'static;
}

impl<S, C> Mutation for S
where
    S: ServerFn<Output = Done, Error = ApiError, Client = C>,
    C: Client<ApiError> + Client<ApiError, S::InputStreamError, S::OutputStreamError> + 'static,
{
    type Sender = C;
}

type Outcome = Result<Done, ApiError>;

/// The sending of forms to one server function. Forms that are drawn anew with a list share one that lives as long as
/// the page.
///
/// What the fields hold is sent as it is, as by a browser without WASM: only the server reads it, and browsers need not
/// fetch how each function's arguments are read and written.
#[derive(Clone, Copy)]
pub struct Submission {
    /// Where the function is called.
    url: &'static str,
    action: Action<String, Outcome>,
    /// The id of the form that was sent last.
    form: RwSignal<String>,
}

/// After success the message is announced, lists ask again, and the browser goes where the server says; on the page
/// itself its view stays as it is. After a failure the focus moves to the first thing to mend.
pub fn use_submission<S: Mutation>() -> Submission {
    Submission::new::<S::Sender>(S::url())
}

impl Submission {
    fn new<C: Client<ApiError> + 'static>(url: &'static str) -> Self {
        let action = Action::new(move |fields: &String| post::<C>(url, fields.clone()));
        let submission = Self { url, action, form: RwSignal::new(String::new()) };
        let ui = use_ui();
        let navigate = use_navigate();
        let location = use_location();
        Effect::new(move |_| match submission.action.value().get() {
            Some(Ok(done)) => {
                let here = Address::new(&location.pathname.get_untracked(), &location.search.get_untracked());
                let same_page = done.goto.split('?').next() == Some(here.path());
                let stay = here.stays_for(&done.goto);
                let stays = stay.is_some();
                let goto = stay.map_or(done.goto, |here| here.href());
                // Another page takes the dialog with it. Closed before that page's code is there, it would lead back
                // here.
                if same_page {
                    close_dialog();
                }
                ui.announce(done.message);
                if done.link.is_some() {
                    ui.link.set(done.link);
                }
                if same_page {
                    ui.changed();
                }
                navigate(&goto, NavigateOptions { scroll: !same_page, replace: stays, ..NavigateOptions::default() });
            }
            Some(Err(_)) => focus_failure(&format!("[id='{}']", submission.form.get_untracked())),
            None => {}
        });
        submission
    }

    pub fn url(self) -> &'static str {
        self.url
    }

    /// Sends the form of the event, unless one is under way.
    pub fn send(self, form: &str, event: &SubmitEvent) {
        event.prevent_default();
        if self.action.pending().get_untracked() {
            return;
        }
        self.form.set(form.to_owned());
        match fields(event) {
            Some(fields) => {
                self.action.dispatch(fields);
            }
            None => self.action.value().set(Some(Err(ApiError::Malformed))),
        }
    }

    /// Whether this form is on its way.
    pub fn pending(self, form: &str) -> bool {
        self.action.pending().get() && self.form.with(|sent| sent == form)
    }

    /// The last outcome, where it is this form's; `None` before the first one.
    pub fn outcome(self, form: &str) -> Option<Outcome> {
        let outcome = self.action.value().get()?;
        let own = self.form.with(|sent| sent == form);
        Some(if own { outcome } else { Ok(Done::new("", "")) })
    }
}

/// What the form of the event holds, as `application/x-www-form-urlencoded`.
fn fields(event: &SubmitEvent) -> Option<String> {
    let data = form_data_from_event(event).ok()?;
    let fields = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    // A button without a name.
    fields.delete("");
    fields.to_string().as_string()
}

async fn post<C: Client<ApiError>>(url: &'static str, fields: String) -> Outcome {
    let request = C::Request::try_new_post(url, PostUrl::CONTENT_TYPE, JsonEncoding::CONTENT_TYPE, fields)?;
    let response = C::send(request).await?;
    let failed = response.status() >= 400;
    let body = response.try_into_bytes().await?;
    if failed {
        return Err(ApiError::de(body));
    }
    serde_json::from_slice(&body).map_err(|_| ApiError::Malformed)
}
