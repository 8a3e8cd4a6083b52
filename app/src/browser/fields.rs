//! Fields that do something as soon as they change.

use std::{cell::RefCell, time::Duration};

use leptos::{
    leptos_dom::helpers::TimeoutHandle,
    prelude::{document, set_timeout_with_handle},
    wasm_bindgen::JsCast,
};
use web_sys::{Element, Event, HtmlDocument, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent};

use super::{dom, forms, notices};

/// How long after the last key a list is asked.
const PAUSE: Duration = Duration::from_millis(250);

thread_local! {
    static SEARCH: RefCell<Option<TimeoutHandle>> = const { RefCell::new(None) };
}

pub fn follow() {
    dom::on("input", typed);
    dom::on("change", chosen);
    dom::on("keydown", along_tabs);
    dom::on("click", copied);
}

/// A search is made while it is typed.
fn typed(event: Event) {
    let Some(form) = dom::target::<HtmlInputElement>(&event, "input[type='search']").and_then(|input| input.form())
    else {
        return;
    };
    let later = set_timeout_with_handle(move || forms::ask(&form), PAUSE).ok();
    if let Some(earlier) = SEARCH.replace(later) {
        earlier.clear();
    }
}

/// A filter is applied when it is chosen.
fn chosen(event: Event) {
    if let Some(field) = dom::target::<Element>(&event, "form[method='get'] :is(select, input[type='date'])")
        && let Some(form) = field.closest("form").ok().flatten().and_then(|form| form.dyn_into().ok())
    {
        forms::ask(&form);
    }
}

/// The arrow keys walk along tabs.
fn along_tabs(event: KeyboardEvent) {
    let Some(tab) = dom::target::<HtmlElement>(&event, "[role='tab']") else { return };
    let next = match event.key().as_str() {
        "ArrowRight" => tab.next_element_sibling(),
        "ArrowLeft" => tab.previous_element_sibling(),
        _ => None,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = next.focus();
    }
}

/// A button that copies the field that it names.
fn copied(event: MouseEvent) {
    let Some(button) = dom::target::<HtmlElement>(&event, "[data-copies]") else { return };
    let field = button.get_attribute("data-copies").and_then(|id| document().get_element_by_id(&id));
    let Some(field) = field.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) else { return };
    field.select();
    // Without the clipboard's own interface, which browsers offer over https alone.
    let copied = document().dyn_into::<HtmlDocument>().is_ok_and(|page| page.exec_command("copy").unwrap_or(false));
    notices::announce(&if copied { tr!("Link copied") } else { tr!("Press Ctrl+C to copy the link") });
}
