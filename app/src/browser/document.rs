//! The document around the application, before and after it is hydrated.

use leptos::{
    prelude::{document, window},
    wasm_bindgen::JsValue,
};

use crate::api::flash::ADDRESS_ATTRIBUTE;

/// The class of a document whose application runs: the style sheet hides what only browsers without WASM need.
const HYDRATED: &str = "hydrated";

/// Path and query of the page, as the browser has them.
pub fn here() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// Before the application takes the page over. The answer to a refused post stands at the address of the function that it
/// was sent to; the router needs that of the page.
pub fn begin() {
    let address = document().document_element().and_then(|root| root.get_attribute(ADDRESS_ATTRIBUTE));
    if let (Some(address), Ok(history)) = (address, window().history()) {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// Once the application has taken the page over.
pub fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.class_list().add_1(HYDRATED);
    }
}
