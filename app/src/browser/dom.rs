//! Shorter ways to the document.

use leptos::{
    prelude::{document, window},
    wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi},
};
use web_sys::{Document, Element, Event, EventTarget, HtmlElement, NodeList};

/// Follows an event of the whole document.
pub fn on<E: FromWasmAbi + 'static>(name: &str, handle: impl FnMut(E) + 'static) {
    listen(&document(), name, false, handle);
}

/// The same for events that do not bubble.
pub fn on_captured<E: FromWasmAbi + 'static>(name: &str, handle: impl FnMut(E) + 'static) {
    listen(&document(), name, true, handle);
}

pub fn on_window<E: FromWasmAbi + 'static>(name: &str, handle: impl FnMut(E) + 'static) {
    listen(&window(), name, false, handle);
}

/// For as long as the page is open.
fn listen<E: FromWasmAbi + 'static>(target: &EventTarget, name: &str, capture: bool, handle: impl FnMut(E) + 'static) {
    let handle = Closure::<dyn FnMut(E)>::new(handle).into_js_value();
    let _ = target.add_event_listener_with_callback_and_bool(name, handle.unchecked_ref(), capture);
}

/// What an event happened to, or the nearest element around it that `selector` describes.
pub fn target<T: JsCast>(event: &Event, selector: &str) -> Option<T> {
    let element: Element = event.target()?.dyn_into().ok()?;
    element.closest(selector).ok().flatten()?.dyn_into().ok()
}

pub fn find<T: JsCast>(selector: &str) -> Option<T> {
    find_in(&document(), selector)
}

pub fn find_in<T: JsCast>(document: &Document, selector: &str) -> Option<T> {
    document.query_selector(selector).ok().flatten()?.dyn_into().ok()
}

pub fn find_below<T: JsCast>(element: &Element, selector: &str) -> Option<T> {
    element.query_selector(selector).ok().flatten()?.dyn_into().ok()
}

pub fn find_all<T: JsCast>(selector: &str) -> Vec<T> {
    document().query_selector_all(selector).map(|found| all(&found)).unwrap_or_default()
}

pub fn all<T: JsCast>(found: &NodeList) -> Vec<T> {
    (0..found.length()).filter_map(|index| found.get(index)?.dyn_into().ok()).collect()
}

pub fn is_focused(element: &Element) -> bool {
    document().active_element().is_some_and(|focused| focused.is_same_node(Some(element)))
}

/// An element with a class and a text.
pub fn element(name: &str, class: &str, text: &str) -> Option<HtmlElement> {
    let element = document().create_element(name).ok()?;
    element.set_class_name(class);
    element.set_text_content(Some(text));
    element.dyn_into().ok()
}
