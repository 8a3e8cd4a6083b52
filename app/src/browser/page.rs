//! The page that is shown: what is to do whenever it has become another one.

use js_sys::{Function, Reflect};
use leptos::{
    prelude::{document, window},
    wasm_bindgen::{JsCast, JsValue},
};
use web_sys::{Document, Element, HtmlElement};

use super::{dialogs, dom, live, notices};
use crate::{address::Address, api::flash::ADDRESS_ATTRIBUTE};

/// Set on islands that are alive.
const ALIVE: &str = "$$hydrated";
/// The function of Leptos' script that makes an island alive.
const MAKE_ALIVE: &str = "__hydrateIsland";

/// Takes over the page that came first. Its islands come alive by themselves.
pub fn begin() {
    if let Some(root) = document().document_element() {
        let _ = root.class_list().add_1("hydrated");
    }
    if let (Some(address), Ok(history)) = (own_address(&document()), window().history()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
    for island in islands() {
        let _ = Reflect::set(&island, &ALIVE.into(), &JsValue::TRUE);
    }
    shown();
    notices::shown();
    focus_failure("form");
}

/// After another page, or another state of the same.
pub fn shown() {
    for island in islands() {
        if !Reflect::has(&island, &ALIVE.into()).unwrap_or(true) {
            let _ = Reflect::set(&island, &ALIVE.into(), &JsValue::TRUE);
            make_alive(&island);
        }
    }
    dialogs::make_modal();
    live::shown();
}

fn islands() -> Vec<Element> {
    dom::find_all("leptos-island")
}

fn make_alive(island: &Element) {
    let (Ok(make), Some(name)) = (Reflect::get(&window(), &MAKE_ALIVE.into()), island.get_attribute("data-component"))
    else {
        return;
    };
    if let Some(make) = make.dyn_ref::<Function>() {
        let _ = make.call2(&JsValue::NULL, island, &name.into());
    }
}

/// Where the page is.
pub fn address() -> Address {
    let location = window().location();
    let search = location.search().unwrap_or_default();
    Address::new(&location.pathname().unwrap_or_default(), search.trim_start_matches('?'))
}

/// Path and query, as they are.
pub fn place() -> String {
    let location = window().location();
    format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default())
}

/// Path and query of a page that is the answer to a form, where the address is the form's.
pub fn own_address(page: &Document) -> Option<String> {
    page.document_element()?.get_attribute(ADDRESS_ATTRIBUTE)
}

/// Whether the page is one of Holdfast's own, and of the same version as the one that is shown.
pub fn is_alike(page: &Document) -> bool {
    let script = |document: &Document| {
        dom::find_in::<Element>(document, "link[rel='modulepreload']").and_then(|link| link.get_attribute("href"))
    };
    script(page).is_some_and(|its| script(&document()) == Some(its))
}

/// Whether somebody is signed in.
pub fn is_signed_in() -> bool {
    dom::find::<Element>(".navigation").is_some()
}

/// Moves the focus to the first failed field within what `selector` describes, or else to the summary.
pub fn focus_failure(selector: &str) {
    let find = |what: &str| dom::find::<HtmlElement>(&format!("{selector} {what}"));
    if let Some(target) = find("[aria-invalid='true']").or_else(|| find("[role='alert']")) {
        let _ = target.focus();
    }
}
