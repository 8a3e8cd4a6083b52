//! Noticing that the server is another version than the page, whose code and calls would not fit it any more.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::address::Address;

#[derive(Clone, Copy)]
pub struct ServerVersion {
    /// The one that was there when the page began to listen.
    known: StoredValue<Option<String>>,
    outdated: RwSignal<bool>,
}

impl ServerVersion {
    pub(super) fn begin() -> Self {
        Self { known: StoredValue::new(None), outdated: RwSignal::new(false) }
    }

    /// The server has said which version it is.
    pub fn heard(self, version: &str) {
        match self.known.get_value() {
            None => self.known.set_value(Some(version.to_owned())),
            Some(known) if known != version => self.outdated.set(true),
            Some(_) => {}
        }
    }

    /// The next page is asked of the server whole. Must be called below the router.
    pub fn reload_with_the_next_page(self) {
        let location = use_location();
        Effect::new(move |before: Option<String>| {
            let now = location.pathname.get();
            if before.is_some_and(|before| before != now) && self.outdated.get_untracked() {
                // The browser has the address of the page before until the router has shown this one.
                let to = Address::new(&now, &location.search.get_untracked()).href();
                let _ = window().location().assign(&to);
            }
            now
        });
    }
}
