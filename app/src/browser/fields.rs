//! Reading and filling the inputs of a form.

use js_sys::Reflect;
use leptos::{
    prelude::document,
    wasm_bindgen::{JsCast, JsValue},
};
use web_sys::{Element, FormData, HtmlFormElement};

/// What the inputs of a form hold, by their names. Ticks that are not set are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(Vec<(String, String)>);

impl Values {
    pub fn of(form: &HtmlFormElement) -> Option<Self> {
        let data = FormData::new_with_form(form).ok()?;
        let text = |pair: js_sys::Array| Some((pair.get(0).as_string()?, pair.get(1).as_string()?));
        Some(Self(data.entries().into_iter().flatten().filter_map(|pair| text(pair.dyn_into().ok()?)).collect()))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Shows a form as it was drawn, whatever was typed.
pub fn reset(selector: &str) {
    let form = document().query_selector(selector).ok().flatten();
    if let Some(form) = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) {
        form.reset();
    }
}

/// Fills the input with this name in.
pub fn set(form: &HtmlFormElement, name: &str, text: &str) {
    if let Some(input) = named(form, name) {
        fill(&input, text);
    }
}

fn named(form: &HtmlFormElement, name: &str) -> Option<Element> {
    form.query_selector(&format!("[name='{name}']")).ok().flatten()
}

/// Ticks the box with this name, or not.
pub fn tick(form: &HtmlFormElement, name: &str, on: bool) {
    if let Some(input) = named(form, name) {
        let _ = Reflect::set(&input, &"checked".into(), &on.into());
    }
}

/// Sends a form as its button would.
pub fn send(form: &HtmlFormElement) {
    let _ = form.request_submit();
}

/// Fills an input in, whatever its kind.
pub fn fill(input: &Element, text: &str) {
    let _ = Reflect::set(input, &"value".into(), &JsValue::from_str(text));
}

/// The inputs of a form that `selector` describes.
pub fn matching<T: JsCast>(form: &HtmlFormElement, selector: &str) -> Vec<T> {
    let Ok(found) = form.query_selector_all(selector) else { return Vec::new() };
    let nodes = (0..found.length()).filter_map(|index| found.get(index));
    nodes.filter_map(|node| node.dyn_into().ok()).collect()
}
