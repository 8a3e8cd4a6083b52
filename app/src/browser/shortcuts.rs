//! Keys that lead about. The server lists them in a dialog, which is the table of what each key does. They can be
//! switched off (WCAG 2.2, criterion 2.1.4): somebody who speaks to the computer would press them unwillingly.

use std::{cell::RefCell, time::Duration};

use leptos::{
    leptos_dom::helpers::TimeoutHandle,
    prelude::{set_timeout_with_handle, window},
};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlTemplateElement, KeyboardEvent, MouseEvent, Storage};

use super::{
    dialogs, dom,
    visit::{self, Step},
};
use crate::components::shortcuts::{GO, LIST, SWITCH};

/// How long after the first key the second may come.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Where the browser keeps that they are switched off.
const STORED: &str = "holdfast-shortcuts";
const OFF: &str = "off";

thread_local! {
    static GOING: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
}

pub fn follow() {
    dom::on("keydown", pressed);
    dom::on("change", switched);
    dom::on("click", |event: MouseEvent| {
        if dom::target::<Element>(&event, &format!("[data-opens='{LIST}']")).is_some() {
            list();
        }
    });
}

/// Opens the list, whose switch says how it is in this browser.
fn list() {
    dialogs::show(LIST);
    if let Some(switch) = dom::find::<HtmlInputElement>(&format!("#{SWITCH}")) {
        switch.set_checked(are_on());
    }
}

fn pressed(event: KeyboardEvent) {
    if is_of_something_else(&event) || !are_on() {
        return;
    }
    let key = event.key();
    let goes = GOING.take().map(|timer| timer.clear()).is_some();
    match key.as_str() {
        _ if goes => {
            if let Some(href) = leads_to(&key) {
                event.prevent_default();
                visit::go(&href, Step::Forward, true);
            }
        }
        GO => GOING.set(set_timeout_with_handle(|| GOING.set(None), PATIENCE).ok()),
        "/" if focus_search() => event.prevent_default(),
        "?" => list(),
        _ => {}
    }
}

/// Typed into a field, in a dialog, or with a key that makes it the browser's own.
fn is_of_something_else(event: &KeyboardEvent) -> bool {
    let types = dom::target::<Element>(event, "input, textarea, select, [contenteditable]").is_some();
    let in_dialog = dom::find::<Element>("dialog[open]").is_some();
    let pressed_with = event.ctrl_key() || event.meta_key() || event.alt_key();
    types || in_dialog || pressed_with || event.is_composing() || event.repeat() || event.default_prevented()
}

/// The address that a key leads to, for those who may go there.
fn leads_to(key: &str) -> Option<String> {
    let list = dom::find::<HtmlTemplateElement>(&format!("#{LIST}"))?.content();
    let rows = dom::all::<Element>(&list.query_selector_all("[data-href]").ok()?);
    rows.iter().find(|row| row.get_attribute("data-letter").as_deref() == Some(key))?.get_attribute("data-href")
}

/// Whether there was a search to move the focus to.
fn focus_search() -> bool {
    dom::find::<HtmlElement>("main input[type='search']").is_some_and(|search| search.focus().is_ok())
}

fn switched(event: Event) {
    let Some(switch) = dom::target::<HtmlInputElement>(&event, &format!("#{SWITCH}")) else { return };
    if let Some(storage) = storage() {
        let _ = if switch.checked() { storage.remove_item(STORED) } else { storage.set_item(STORED, OFF) };
    }
}

fn are_on() -> bool {
    storage().and_then(|storage| storage.get_item(STORED).ok().flatten()).as_deref() != Some(OFF)
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
