//! What the whole application shares: who is signed in, what is announced, and when answers are out of date.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_location;
use model::{language::Language, people::Actor, permission::Action, theme::Theme};

use crate::{
    address::Address,
    api::{
        ApiError,
        flash::{FailedForm, PAGE},
        page::PageRequest,
    },
    browser::{document::here, focus},
    components::notice::Notices,
};

#[derive(Clone, Copy)]
pub struct Ui {
    request: StoredValue<PageRequest>,
    pub notices: Notices,
    /// The one-time link that the last change made, as a path of this site, until it is dismissed or the page is left.
    pub link: RwSignal<Option<String>>,
    /// Counts the changes that were made here; every answer depends on it.
    changes: RwSignal<u64>,
    /// The plain form post that failed just before this page was drawn.
    failed: RwSignal<Option<FailedForm>>,
    /// Whether the last request reached the server.
    reachable: RwSignal<bool>,
    /// Whether it has been said that the session has ended.
    ended: StoredValue<bool>,
}

impl Ui {
    /// Provides it to the whole application.
    pub fn provide(request: PageRequest) -> Self {
        let ui = Self {
            notices: Notices::new(request.flash.success()),
            link: RwSignal::new(request.flash.link.clone()),
            changes: RwSignal::new(0),
            failed: RwSignal::new(request.failed.clone()),
            reachable: RwSignal::new(true),
            ended: StoredValue::new(false),
            request: StoredValue::new(request),
        };
        provide_context(ui);
        ui
    }

    pub fn actor(self) -> Option<Actor> {
        self.request.with_value(|request| request.actor.clone())
    }

    /// Light or dark, as this browser's person chose.
    pub fn theme(self) -> Theme {
        self.request.with_value(|request| request.theme)
    }

    /// What this page is written in.
    pub fn language(self) -> Language {
        self.request.with_value(|request| request.language)
    }

    /// Whether the page should offer `action`. The server decides.
    pub fn can(self, action: Action) -> bool {
        self.request.with_value(|request| request.actor.as_ref().is_some_and(|actor| actor.can(action)))
    }

    /// Makes every answer on the page ask again.
    pub fn changed(self) {
        self.changes.update(|count| *count += 1);
    }

    /// Tracks changes; part of the question of each answer.
    pub fn changes(self) -> u64 {
        self.changes.get()
    }

    /// Notes whether an answer came from the server at all.
    pub fn note_reached(self, reached: bool) {
        if self.reachable.get_untracked() != reached {
            self.reachable.set(reached);
        }
    }

    /// Tracks whether the server can be reached.
    pub fn is_reachable(self) -> bool {
        self.reachable.get()
    }

    /// The session has ended while something is shown that may have been typed into. It is said once.
    pub fn tell_session_ended(self) {
        if !self.ended.get_value() {
            self.ended.set_value(true);
            self.notices.tell_failure(None, &ApiError::SignedOut);
        }
    }

    /// The session has ended, and there is nothing to show: leads to the sign-in page, and from there back.
    pub fn sign_in_again(self) {
        let _ = window().location().assign(&Address::new("/login", "").with("next", here()).href());
    }

    /// The failed post of a form to `action` with these hidden inputs.
    pub fn failed(self, action: &str, hidden: &[(String, String)]) -> Option<FailedForm> {
        self.failed.with_untracked(|failed| {
            let failed = failed.as_ref().filter(|failed| failed.action == action)?;
            let same = hidden.iter().all(|(name, value)| failed.typed(name) == Some(value));
            same.then(|| failed.clone())
        })
    }

    /// Where a form is sent that is for the function at `url`. A page that is the answer to a post names its own address,
    /// because a browser that does not hydrate it would name that of the post.
    pub fn action(self, url: &str) -> String {
        self.request.with_value(|request| match &request.failed {
            Some(failed) => Address::new(url, "").with(PAGE, &failed.page).href(),
            None => url.to_owned(),
        })
    }

    /// Forgets the failed post as soon as another page is shown, and moves the focus there.
    pub fn follow_navigation(self, main: NodeRef<html::Main>) {
        let location = use_location();
        Effect::new(move |previous: Option<(String, String)>| {
            let now = (location.pathname.get(), location.search.get());
            match previous {
                None if self.failed.read_untracked().is_some() => focus::failure("body"),
                Some(before) if before != now => {
                    self.failed.set(None);
                    if before.0 != now.0
                        && let Some(main) = main.get_untracked()
                    {
                        let _ = main.focus();
                    }
                }
                _ => {}
            }
            now
        });
    }
}

pub fn use_ui() -> Ui {
    expect_context()
}
