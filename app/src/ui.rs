//! What every page shares: who is signed in, what is announced, and when lists are stale.

use std::time::Duration;

use leptos::{
    html,
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{HtmlDialogElement, HtmlElement},
};
use leptos_router::{NavigateOptions, hooks::use_location};
use model::{language::Language, people::Actor, permission::Action, theme::Theme};

use crate::{
    api::{ApiError, flash::FailedForm, page::PageRequest},
    components::time::use_zone,
};

/// How long an announcement stays.
const NOTICE: Duration = Duration::from_secs(8);

#[derive(Clone, Copy)]
pub struct Ui {
    actor: StoredValue<Option<Actor>>,
    theme: Theme,
    language: Language,
    /// The last success, for the region that announces it.
    pub notice: RwSignal<Option<String>>,
    /// The one-time link that the last change made, as a path of this site, until it was dismissed or the page left.
    pub link: RwSignal<Option<String>>,
    /// Counts the changes this browser has made; whoever shows data depends on it.
    changes: RwSignal<u64>,
    /// A plain form post that failed just before this page was drawn.
    failed: RwSignal<Option<FailedForm>>,
}

impl Ui {
    /// Provides it to the whole application.
    pub fn provide(request: PageRequest) -> Self {
        let ui = Self {
            actor: StoredValue::new(request.actor),
            theme: request.theme,
            language: request.language,
            notice: RwSignal::new(request.flash.notice),
            link: RwSignal::new(request.flash.link),
            changes: RwSignal::new(0),
            failed: RwSignal::new(request.flash.failed),
        };
        provide_context(ui);
        Effect::new(move |_| {
            if ui.notice.read().is_some()
                && let Ok(timer) = set_timeout_with_handle(move || ui.notice.set(None), NOTICE)
            {
                on_cleanup(move || timer.clear());
            }
        });
        ui
    }

    pub fn actor(self) -> Option<Actor> {
        self.actor.get_value()
    }

    /// Light or dark, as this browser's person chose.
    pub fn theme(self) -> Theme {
        self.theme
    }

    /// What this page is written in.
    pub fn language(self) -> Language {
        self.language
    }

    /// Whether the page should offer `action`. The server decides.
    pub fn can(self, action: Action) -> bool {
        self.actor.with_value(|actor| actor.as_ref().is_some_and(|actor| actor.can(action)))
    }

    pub fn announce(self, message: impl Into<String>) {
        self.notice.set(Some(message.into()));
    }

    /// Makes every list on the page ask again.
    pub fn changed(self) {
        self.changes.update(|count| *count += 1);
    }

    /// Tracks changes; part of the source of each resource.
    pub fn changes(self) -> u64 {
        self.changes.get()
    }

    /// The failed post of a form to `action` with these hidden inputs.
    pub fn failed(self, action: &str, hidden: &[(String, String)]) -> Option<FailedForm> {
        self.failed.with(|failed| {
            let failed = failed.as_ref().filter(|failed| failed.action == action)?;
            let same = hidden.iter().all(|(name, value)| failed.typed(name) == Some(value));
            same.then(|| failed.clone())
        })
    }

    /// Forgets the failed post as soon as another page is shown, and moves the focus there.
    pub fn follow_navigation(self, main: NodeRef<html::Main>) {
        let location = use_location();
        Effect::new(move |previous: Option<(String, String)>| {
            let now = (location.pathname.get(), location.search.get());
            match previous {
                None if self.failed.read_untracked().is_some() => focus_failure("body"),
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

    /// Says that the server is away, where a list cannot be refreshed.
    pub fn note_offline(self) {
        self.announce(ApiError::Offline.to_string());
    }
}

pub fn use_ui() -> Ui {
    expect_context()
}

/// Moves the focus to the first failed field below `within`, or else to the summary.
pub fn focus_failure(within: &str) {
    let within = within.to_owned();
    request_animation_frame(move || {
        let find = |what: &str| document().query_selector(&format!("{within} {what}")).ok().flatten();
        let target = find("[aria-invalid='true']").or_else(|| find("[role='alert']"));
        if let Some(target) = target.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = target.focus();
        }
    });
}

/// Closes the open dialog, so that the browser gives the focus back to what opened it.
pub fn close_dialog() {
    let open = document().query_selector("dialog[open]").ok().flatten();
    if let Some(dialog) = open.and_then(|element| element.dyn_into::<HtmlDialogElement>().ok()) {
        dialog.close();
    }
}

/// Options of a step inside the page that is shown.
pub fn in_place() -> NavigateOptions {
    NavigateOptions { scroll: false, ..NavigateOptions::default() }
}

/// For each page, once its code is there: the style sheet hears that the buttons for browsers without scripts are not
/// needed, and times may change. Before, the browser would take over another text than the server drew.
pub fn taken_over() {
    let zone = use_zone();
    Effect::new(move |_| {
        if let Some(root) = document().document_element() {
            let _ = root.class_list().add_1("hydrated");
        }
        zone.follow_browser();
    });
}
