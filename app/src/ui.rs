//! What all parts of a page share: who is signed in, and what the request before it left.

use leptos::prelude::*;
use model::{language::Language, people::Actor, permission::Action, theme::Theme};

use crate::{
    address::Address,
    api::{
        Flash,
        flash::{FailedForm, PAGE},
        page::PageRequest,
    },
};

#[derive(Clone, Copy)]
pub struct Ui {
    request: StoredValue<PageRequest>,
}

impl Ui {
    /// Provides it to the whole page.
    pub fn provide(request: PageRequest) {
        provide_context(Self { request: StoredValue::new(request) });
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

    /// Where the person's browser is; without it the clock shows UTC.
    pub fn zone(self) -> Option<String> {
        self.request.with_value(|request| request.zone.clone())
    }

    /// Whether the page should offer `action`. The server decides.
    pub fn can(self, action: Action) -> bool {
        self.request.with_value(|request| request.actor.as_ref().is_some_and(|actor| actor.can(action)))
    }

    /// The success to announce.
    pub fn notice(self) -> Option<String> {
        self.flash(|flash| flash.notice.clone())
    }

    /// The one-time link that the last change made, as a path of this site.
    pub fn link(self) -> Option<String> {
        self.flash(|flash| flash.link.clone())
    }

    /// The failed post of a form to `action` with these hidden inputs.
    pub fn failed(self, action: &str, hidden: &[(String, String)]) -> Option<FailedForm> {
        self.request.with_value(|request| {
            let failed = request.failed.as_ref().filter(|failed| failed.action == action)?;
            let same = hidden.iter().all(|(name, value)| failed.typed(name) == Some(value));
            same.then(|| failed.clone())
        })
    }

    /// Where a form is sent that is for the function at `url`. A page that is the answer to a post names its own address,
    /// because the browser would name that of the post.
    pub fn action(self, url: &str) -> String {
        self.request.with_value(|request| match &request.failed {
            Some(failed) => Address::new(url, "").with(PAGE, &failed.page).href(),
            None => url.to_owned(),
        })
    }

    fn flash<T>(self, look: impl FnOnce(&Flash) -> T) -> T {
        self.request.with_value(|request| look(&request.flash))
    }
}

pub fn use_ui() -> Ui {
    expect_context()
}
