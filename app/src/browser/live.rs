//! Hearing from the server that runs moved, so that a page asks again at once.
//!
//! A page that is not shown does not listen or ask: a browser has few connections to one host. Where nothing can be
//! heard, pages ask by themselves.

use std::time::Duration;

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, closure::Closure},
};
use model::ids::ProjectId;
use web_sys::{EventSource, MessageEvent};

use super::version::ServerVersion;

/// Where the server tells.
const EVENTS: &str = "/events";
/// The event with which it says which version it is.
pub const VERSION: &str = "version";

/// How long after a refusal it is tried again. A connection that broke off is made again by the browser itself.
const PAUSE: Duration = Duration::from_mins(1);

/// What was heard last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// How often something was heard.
    count: u64,
    /// The projects whose runs moved; none are named where any may have.
    projects: Vec<ProjectId>,
}

#[derive(Clone, Copy)]
pub struct Live {
    heard: RwSignal<Heard>,
    connected: RwSignal<bool>,
    /// Whether somebody looks at the page.
    shown: RwSignal<bool>,
    version: ServerVersion,
}

impl Live {
    /// Provides it to the whole application, and listens where somebody is signed in.
    pub fn provide(signed_in: bool) {
        let live = Self {
            heard: RwSignal::default(),
            connected: RwSignal::new(false),
            shown: RwSignal::new(true),
            version: ServerVersion::begin(),
        };
        provide_context(live);
        if !signed_in {
            return;
        }
        Effect::new(move |_| {
            let ear = StoredValue::new_local(None);
            live.follow(ear);
            let listener = window_event_listener_untyped("visibilitychange", move |_| live.follow(ear));
            on_cleanup(move || listener.remove());
        });
    }

    /// Whether changes are told.
    pub fn is_connected(self) -> bool {
        self.connected.get()
    }

    /// Tracks whether somebody looks at the page.
    pub fn is_shown(self) -> bool {
        self.shown.get()
    }

    /// The version of the server that is listened to.
    pub fn version(self) -> ServerVersion {
        self.version
    }

    /// Tracks what is heard: how often it concerned `project`, or any.
    pub fn count(self, project: Option<ProjectId>) -> Option<u64> {
        let heard = self.heard.read();
        let concerns = project.is_none_or(|project| heard.projects.is_empty() || heard.projects.contains(&project));
        concerns.then_some(heard.count)
    }

    /// Listens while the page is shown.
    fn follow(self, ear: Ear) {
        let listens = ear.with_value(Option::is_some);
        self.shown.set(!document().hidden());
        match document().hidden() {
            false if !listens => ear.set_value(Connection::open(self, ear)),
            true if listens => self.close(ear),
            _ => {}
        }
    }

    fn close(self, ear: Ear) {
        self.connected.set(false);
        ear.set_value(None);
    }

    fn hear(self, projects: Vec<ProjectId>) {
        self.heard.update(|heard| *heard = Heard { count: heard.count + 1, projects });
    }
}

pub fn use_live() -> Live {
    expect_context()
}

type Ear = StoredValue<Option<Connection>, LocalStorage>;

/// A connection, with what is called when something comes.
struct Connection {
    source: EventSource,
    _opened: Closure<dyn FnMut()>,
    _failed: Closure<dyn FnMut()>,
    _told: Closure<dyn FnMut(MessageEvent)>,
    _version: Closure<dyn FnMut(MessageEvent)>,
}

impl Connection {
    fn open(live: Live, ear: Ear) -> Option<Self> {
        let source = EventSource::new(EVENTS).ok()?;
        // Something may have moved before.
        let opened = Closure::new(move || {
            live.connected.set(true);
            live.hear(Vec::new());
        });
        let watched = source.clone();
        let failed = Closure::new(move || {
            live.connected.set(false);
            if watched.ready_state() == EventSource::CLOSED {
                // Not from within the closure that would be dropped.
                set_timeout(move || live.close(ear), Duration::ZERO);
                set_timeout(move || live.follow(ear), PAUSE);
            }
        });
        let told = Closure::new(move |event: MessageEvent| {
            let ids = event.data().as_string().unwrap_or_default();
            live.hear(ids.split(',').filter_map(|id| id.parse().ok()).collect());
        });
        let version = Closure::new(move |event: MessageEvent| {
            live.version.heard(&event.data().as_string().unwrap_or_default());
        });
        let _ = source.add_event_listener_with_callback(VERSION, version.as_ref().unchecked_ref());
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        source.set_onmessage(Some(told.as_ref().unchecked_ref()));
        Some(Self { source, _opened: opened, _failed: failed, _told: told, _version: version })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.set_onmessage(None);
        self.source.close();
    }
}
