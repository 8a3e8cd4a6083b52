//! What is announced: successes, and failures that no form is there to show.

use std::time::Duration;

use leptos::prelude::*;

use model::follow::{Follow, Reversal};

use crate::{
    api::{
        ApiError,
        backups::UndoBackupDeletion,
        credentials::{LockCredential, SetDefaultCredential, UnlockCredential},
        notifications::{PauseChannel, ResumeChannel, SendTest},
        policies::{PausePolicy, ResumePolicy, UndoPolicyDeletion},
        projects::{LockProject, UndoProjectDeletion, UnlockProject},
    },
    components::{
        form::{self, Hidden, Target},
        icon::Icon,
        submission::{Mutation, call},
        submit::Submit,
    },
    ui::{Ui, use_ui},
};

/// How long a success is shown. A failure stays until it is dismissed.
const SHOWN: Duration = Duration::from_secs(8);
/// How long one is shown that offers something.
const OFFERED: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Success,
    Failure,
}

#[derive(Clone, PartialEq, Eq)]
struct Notice {
    kind: Kind,
    text: String,
    follow: Option<Follow>,
}

/// The notice that is shown.
#[derive(Clone, Copy)]
pub struct Notices(RwSignal<Option<Notice>>);

impl Notices {
    /// Begins with the success that the request before the page left.
    pub fn new(success: Option<(String, Option<Follow>)>) -> Self {
        let first = success.map(|(text, follow)| Notice { kind: Kind::Success, text, follow });
        let notices = Self(RwSignal::new(first));
        Effect::new(move |_| {
            let shown = notices.0.with(|notice| {
                let success = notice.as_ref().filter(|notice| notice.kind == Kind::Success)?;
                Some(if success.follow.is_some() { OFFERED } else { SHOWN })
            });
            if let Some(shown) = shown
                && let Ok(timer) = set_timeout_with_handle(move || notices.dismiss(), shown)
            {
                on_cleanup(move || timer.clear());
            }
        });
        notices
    }

    /// Announces a success, and what can be done next about it.
    pub fn tell(self, text: impl Into<String>, follow: Option<Follow>) {
        self.0.set(Some(Notice { kind: Kind::Success, text: text.into(), follow }));
    }

    /// Announces that something failed whose form is no longer there. `action` is what its button says.
    pub fn tell_failure(self, action: Option<&str>, error: &ApiError) {
        let text = match action {
            Some(action) => format!("{action}: {error}"),
            None => error.to_string(),
        };
        self.0.set(Some(Notice { kind: Kind::Failure, text, follow: None }));
    }

    fn dismiss(self) {
        self.0.set(None);
    }
}

/// The region is always on the page, so that screen readers notice what appears in it.
#[component]
pub fn NoticeRegion() -> impl IntoView {
    let ui = use_ui();
    let notices = ui.notices;
    let lost = connection_notice(ui);
    let notice = move || {
        notices.0.get().map(|Notice { kind, text, follow }| {
            let (class, icon) = match kind {
                Kind::Success => ("notice", "check-circle"),
                Kind::Failure => ("notice notice-failure", "alert"),
            };
            view! {
                <div class=class>
                    <Icon name=icon/>
                    <p>{text}</p>
                    {follow.map(offered)}
                    <button
                        type="button"
                        class="button button-icon live"
                        aria-label=tr!("Dismiss")
                        on:click=move |_| notices.dismiss()
                    >
                        <Icon name="close"/>
                    </button>
                </div>
            }
        })
    };
    view! {
        <div class="notices" role="status">
            {lost}
            {notice}
        </div>
    }
}

/// The way to the next step, or back.
fn offered(follow: Follow) -> AnyView {
    let reversal = match follow {
        Follow::Next { label, href } => {
            return view! { <a class="button button-small" href=href>{tr!("Next: {}", label)}</a> }.into_any();
        }
        Follow::SendTest(id) => return offer::<SendTest>("channel", id.0, (tr!("Send Test"), tr!("Sending…"))),
        Follow::Undo(reversal) => reversal,
    };
    match reversal {
        Reversal::ResumePolicy(id) => undo::<ResumePolicy>("policy", id.0),
        Reversal::PausePolicy(id) => undo::<PausePolicy>("policy", id.0),
        Reversal::RestorePolicy(id) => undo::<UndoPolicyDeletion>("policy", id.0),
        Reversal::UnlockCredential(id) => undo::<UnlockCredential>("credential", id.0),
        Reversal::LockCredential(id) => undo::<LockCredential>("credential", id.0),
        Reversal::DefaultCredential(id) => undo::<SetDefaultCredential>("credential", id.0),
        Reversal::UnlockProject(id) => undo::<UnlockProject>("project", id.0),
        Reversal::LockProject(id) => undo::<LockProject>("project", id.0),
        Reversal::RestoreProject(id) => undo::<UndoProjectDeletion>("project", id.0),
        Reversal::RestoreBackup(id) => undo::<UndoBackupDeletion>("backup", id.0),
        Reversal::ResumeChannel(id) => undo::<ResumeChannel>("channel", id.0),
        Reversal::PauseChannel(id) => undo::<PauseChannel>("channel", id.0),
    }
}

fn undo<S: Mutation>(field: &'static str, id: i64) -> AnyView {
    offer::<S>(field, id, (tr!("Undo"), tr!("Undoing…")))
}

fn offer<S: Mutation>(field: &'static str, id: i64, words: (String, String)) -> AnyView {
    action_at(Target { url: S::url(), call: call::<S> }, vec![(field, id.to_string())], words)
}

/// What is the same for all functions, so that its code is made once.
fn action_at(target: Target, hidden: Hidden, (label, pending): (String, String)) -> AnyView {
    let submit: Children =
        Box::new(|| view! { <Submit label=label pending=pending class="button button-small"/> }.into_any());
    form::at(target, hidden, ("action-form", "notice-"), submit)
}

/// Says that the connection is lost, for as long as it is.
fn connection_notice(ui: Ui) -> impl IntoView {
    move || {
        (!ui.is_reachable()).then(|| {
            view! {
                <div class="notice notice-failure">
                    <Icon name="alert"/>
                    <p>{tr!("The server cannot be reached. What you see may be out of date; what you typed stays.")}</p>
                    <button type="button" class="button button-small" on:click=move |_| ui.changed()>
                        {tr!("Retry")}
                    </button>
                </div>
            }
        })
    }
}
