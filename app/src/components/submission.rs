//! Sending a form with WASM, and what follows.

use leptos::{ev::SubmitEvent, form::FromFormData, prelude::*, server_fn::ServerFn};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use model::form::Done;
use serde::de::DeserializeOwned;

use crate::{
    address::Address,
    api::ApiError,
    ui::{close_dialog, focus_failure, use_ui},
};

/// A server function that changes something.
pub trait Mutation:
    ServerFn<Output = Done, Error = ApiError> + DeserializeOwned + Clone + Send + Sync + 'static
{
}

impl<S> Mutation for S where
    S: ServerFn<Output = Done, Error = ApiError> + DeserializeOwned + Clone + Send + Sync + 'static
{
}

/// The sending of forms to `S`. Forms that are drawn anew with a list share one that lives as long as the page.
pub struct Submission<S: Mutation> {
    action: ServerAction<S>,
    /// The id of the form that was sent last.
    form: RwSignal<String>,
}

// Derived, they would ask the same of `S`.
#[expect(clippy::expl_impl_clone_on_copy)]
impl<S: Mutation> Clone for Submission<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Mutation> Copy for Submission<S> {}

/// After success the message is announced, lists ask again, and the browser goes where the server says; on the page
/// itself its view stays as it is. After a failure the focus moves to the first thing to mend.
pub fn use_submission<S: Mutation>() -> Submission<S> {
    let submission = Submission { action: ServerAction::<S>::new(), form: RwSignal::new(String::new()) };
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
            // Another page takes the dialog with it. Closed before that page's code is there, it would lead back here.
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

impl<S: Mutation> Submission<S> {
    /// Sends the form of the event, unless one is under way.
    pub fn send(&self, form: &str, event: &SubmitEvent) {
        event.prevent_default();
        if self.action.pending().get_untracked() {
            return;
        }
        self.form.set(form.to_owned());
        match S::from_event(event) {
            Ok(input) => {
                self.action.dispatch(input);
            }
            Err(_) => self.action.value().set(Some(Err(ApiError::Malformed))),
        }
    }

    /// Whether this form is on its way.
    pub fn pending(&self, form: &str) -> bool {
        self.action.pending().get() && self.form.with(|sent| sent == form)
    }

    /// The last outcome, where it is this form's; `None` before the first one.
    pub fn outcome(&self, form: &str) -> Option<Result<Done, ApiError>> {
        let outcome = self.action.value().get()?;
        let own = self.form.with(|sent| sent == form);
        Some(if own { outcome } else { Ok(Done::new("", "")) })
    }
}
