//! Dialogs: the server draws them open, and here they become modal.

use leptos::{
    prelude::{document, window},
    wasm_bindgen::{JsCast, JsValue},
};
use web_sys::{Event, HtmlDialogElement, HtmlElement, HtmlTemplateElement};

use super::{dom, page};

/// Marks dialogs that have an address.
const ADDRESSED: &str = "data-key";

pub fn follow() {
    dom::on_captured("close", closed);
}

/// Makes modal what the server drew open.
pub fn make_modal() {
    for dialog in dom::find_all::<HtmlDialogElement>("dialog[open]") {
        if !dialog.matches(":modal").unwrap_or(false) {
            open(&dialog);
        }
    }
}

/// An open dialog cannot be made modal, so it is closed first; whoever is typing in it goes on where they were.
fn open(dialog: &HtmlDialogElement) {
    let focused = document().active_element().filter(|element| dialog.contains(Some(element)));
    let _ = dialog.remove_attribute("open");
    let _ = dialog.show_modal();
    if let Some(element) = focused {
        let _ = element.dyn_into::<HtmlElement>().map(|element| element.focus());
    }
}

/// A dialog leaves the page, and with it the address of one that has any. The page behind stays as it is.
fn closed(event: Event) {
    let Some(dialog) = dom::target::<HtmlDialogElement>(&event, "dialog").filter(|dialog| !dialog.open()) else {
        return;
    };
    dialog.remove();
    if dialog.has_attribute(ADDRESSED)
        && let Ok(history) = window().history()
    {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&page::address().closed().href()));
    }
}

/// Opens the dialog of a template.
pub fn show(template: &str) {
    let template =
        document().get_element_by_id(template).and_then(|found| found.dyn_into::<HtmlTemplateElement>().ok());
    let dialog = template.and_then(|template| template.content().first_element_child());
    let copy = dialog.and_then(|dialog| document().import_node_with_deep(&dialog, true).ok());
    if let Some(dialog) = copy.and_then(|copy| copy.dyn_into::<HtmlDialogElement>().ok())
        && let Some(body) = document().body()
    {
        let _ = body.append_child(&dialog);
        let _ = dialog.show_modal();
    }
}
