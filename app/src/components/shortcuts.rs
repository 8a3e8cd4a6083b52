//! Keys that lead about. They are listed under `?`, and can be switched off (WCAG 2.2, criterion 2.1.4): somebody who
//! speaks to the computer would press them unwillingly.

use std::time::Duration;

use leptos::{ev::KeyboardEvent, html, leptos_dom::helpers::TimeoutHandle, prelude::*, wasm_bindgen::JsCast};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use model::{language::msgid, permission::Action};

use web_sys::{Element, HtmlElement, Storage};

use crate::{browser::focus::target, components::icon::Icon, ui::use_ui};

/// The key before that of a page, and how long the page's may take.
const GO: &str = "g";
const SECOND_KEY: Duration = Duration::from_millis(1500);

/// The page that searches everything.
const SEARCH: &str = "/search";

/// Where the browser keeps that they are switched off.
const STORED: &str = "holdfast-shortcuts";
const OFF: &str = "off";

/// A page: its key, its address, its name, to be translated, and what its readers may do.
pub type Place = (&'static str, &'static str, &'static str, Option<Action>);

const PLACES: [Place; 9] = [
    ("d", "/", msgid("Dashboard"), None),
    ("p", "/projects", msgid("Projects"), None),
    ("c", "/backup-credentials", msgid("Backup Credentials"), Some(Action::ManageCredentials)),
    ("u", "/users", msgid("Users"), Some(Action::ManageUsers)),
    ("o", "/organizations", msgid("Organizations"), Some(Action::ManageOrganizations)),
    ("n", "/nodes", msgid("Nodes"), Some(Action::SeeNodes)),
    ("a", "/audit-log", msgid("Audit Log"), Some(Action::SeeAuditLog)),
    ("m", "/profile", msgid("Profile"), None),
    ("h", "/help", msgid("Help"), None),
];

/// The pages that the person may see.
pub fn places() -> impl Iterator<Item = Place> {
    let ui = use_ui();
    PLACES.into_iter().filter(move |(.., action)| action.is_none_or(|action| ui.can(action)))
}

/// The list of shortcuts, from wherever it is asked for.
#[derive(Clone, Copy)]
pub struct ShortcutList(RwSignal<bool>);

impl ShortcutList {
    pub fn provide() {
        provide_context(Self(RwSignal::new(false)));
    }

    pub fn show(self) {
        self.0.set(true);
    }
}

pub fn use_shortcut_list() -> ShortcutList {
    expect_context()
}

/// Follows the keys, and shows the list when it is asked for.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let list = use_shortcut_list();
    let ui = use_ui();
    let navigate = use_navigate();
    let on = RwSignal::new(true);
    let going = StoredValue::new(None::<TimeoutHandle>);
    let places = move || PLACES.into_iter().filter(move |(.., action)| action.is_none_or(|action| ui.can(action)));
    let follow = move |event: KeyboardEvent| {
        if asks_for_search(&event) {
            event.prevent_default();
            navigate(SEARCH, NavigateOptions::default());
            return;
        }
        if !on.get_untracked() || is_of_something_else(&event) {
            return;
        }
        let key = event.key();
        let goes = going.try_update_value(Option::take).flatten().map(|timer| timer.clear()).is_some();
        if goes {
            if let Some((_, href, ..)) = places().find(|(letter, ..)| *letter == key) {
                event.prevent_default();
                navigate(href, NavigateOptions::default());
            }
            return;
        }
        match key.as_str() {
            GO => going.set_value(set_timeout_with_handle(move || going.set_value(None), SECOND_KEY).ok()),
            "/" if focus_search() => event.prevent_default(),
            "?" => list.show(),
            _ => {}
        }
    };
    Effect::new(move |_| {
        on.set(storage().and_then(|storage| storage.get_item(STORED).ok().flatten()).as_deref() != Some(OFF));
        let listener = window_event_listener(leptos::ev::keydown, follow.clone());
        on_cleanup(move || listener.remove());
    });
    move || list.0.get().then(|| view! { <List list=list on=on places=places().collect()/> })
}

/// Ctrl-K, or Command-K, wherever one is; not a single key, so it need not be switched off.
fn asks_for_search(event: &KeyboardEvent) -> bool {
    (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key() && event.key() == "k"
}

/// Typed into a field, in a dialog, or with a key that makes it the browser's own.
fn is_of_something_else(event: &KeyboardEvent) -> bool {
    let types = target::<Element>(event, "input, textarea, select, [contenteditable]").is_some();
    let in_dialog = document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some());
    let pressed_with = event.ctrl_key() || event.meta_key() || event.alt_key();
    types || in_dialog || pressed_with || event.is_composing() || event.repeat() || event.default_prevented()
}

/// Whether there was a search to move the focus to.
fn focus_search() -> bool {
    let search = document().query_selector("main input[type='search']").ok().flatten();
    search.and_then(|search| search.dyn_into::<HtmlElement>().ok()).is_some_and(|search| search.focus().is_ok())
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

#[component]
fn List(list: ShortcutList, on: RwSignal<bool>, places: Vec<Place>) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = node.get() {
            let _ = dialog.show_modal();
        }
    });
    let switch = move |event| {
        on.set(event_target_checked(&event));
        if let Some(storage) = storage() {
            let _ = if on.get_untracked() { storage.remove_item(STORED) } else { storage.set_item(STORED, OFF) };
        }
    };
    let row = |(key, _, name, _): Place| view! { <Row keys=vec![GO, key] name=tr!(name)/> };
    let rows = places.into_iter().map(row).collect_view();
    view! {
        <dialog
            node_ref=node
            class="dialog dialog-narrow"
            aria-labelledby="shortcuts-title"
            on:close=move |_| list.0.set(false)
        >
            <div class="dialog-box">
                <header class="dialog-header">
                    <h2 id="shortcuts-title">{tr!("Keyboard Shortcuts")}</h2>
                    <form method="dialog">
                        <button type="submit" class="button button-icon" aria-label=tr!("Close")>
                            <Icon name="close"/>
                        </button>
                    </form>
                </header>
                <div class="dialog-body">
                    <dl class="shortcuts">
                        {rows} <Row keys=vec!["/"] name=tr!("Search on this page")/> <Row keys=vec!["?"] name=tr!("This list")/>
                    </dl>
                    <label class="tick">
                        <input type="checkbox" prop:checked=move || on.get() on:change=switch/>
                        <span>{tr!("Use these shortcuts in this browser")}</span>
                    </label>
                </div>
            </div>
        </dialog>
    }
}

#[component]
fn Row(keys: Vec<&'static str>, name: String) -> impl IntoView {
    let key = |key| view! { <kbd>{key}</kbd> };
    view! {
        <div>
            <dt>{keys.into_iter().map(key).collect_view()}</dt>
            <dd>{name}</dd>
        </div>
    }
}
