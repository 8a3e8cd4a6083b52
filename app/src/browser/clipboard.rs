//! Copying what is selected.

use leptos::{prelude::document, wasm_bindgen::JsCast};
use web_sys::HtmlDocument;

/// Copies the selection; whether that worked. Without the clipboard's own interface, which browsers offer over https
/// alone.
pub fn copy_selection() -> bool {
    document().dyn_into::<HtmlDocument>().is_ok_and(|document| document.exec_command("copy").unwrap_or(false))
}
