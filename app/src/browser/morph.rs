//! Putting the difference between two pages into the one that is shown.
//!
//! An element that is in both stays the same one, with its focus, its scrolling and what is typed into it. Elements are
//! the same by their `id` or `data-key`, or else by what they are and where they stand.

use leptos::{prelude::document, wasm_bindgen::JsCast};
use web_sys::{
    Document, Element, HtmlDialogElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement, HtmlTextAreaElement,
    Node,
};

use super::dom::{find_below, is_focused};

/// Attributes of the document that the server chooses.
const OF_THE_DOCUMENT: [&str; 2] = ["lang", "data-theme"];
/// What is open stays open, whatever the server draws.
const OPENED: &str = "open";
/// Something that somebody can type into or choose from.
const EDITABLE: &str = "input:not([type='hidden']), select, textarea";

/// Why another page takes the place of the one that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Somebody asked for it.
    Asked,
    /// Something moved on the server. What somebody is at stays as it is: dialogs, forms, notices.
    Moved,
}

pub fn show(page: &Document, reason: Reason) {
    let shown = document();
    if reason == Reason::Asked {
        shown.set_title(&page.title());
    }
    if let (Some(shown), Some(page)) = (shown.document_element(), page.document_element()) {
        for name in OF_THE_DOCUMENT {
            attribute(&shown, &page, name);
        }
    }
    if let (Some(shown), Some(page)) = (shown.body(), page.body()) {
        children(&shown, &page, reason);
    }
}

fn node(shown: &Node, new: &Node, reason: Reason) {
    match (shown.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        (Some(shown), Some(new)) => element(shown, new, reason),
        _ if shown.node_value() != new.node_value() => shown.set_node_value(new.node_value().as_deref()),
        _ => {}
    }
}

fn element(shown: &Element, new: &Element, reason: Reason) {
    if (reason == Reason::Moved && is_somebodys(shown)) || is_same_island(shown, new) {
        return;
    }
    if is_island(shown) {
        let _ = shown.replace_with_with_node_1(&import(new));
        return;
    }
    let chosen = shown.dyn_ref::<HtmlSelectElement>().map(|_| chosen_by_server(shown));
    attributes(shown, new);
    if let Some(text) = shown.dyn_ref::<HtmlTextAreaElement>() {
        let before = shown.text_content();
        if before != new.text_content() {
            shown.set_text_content(new.text_content().as_deref());
            text.set_value(&new.text_content().unwrap_or_default());
        }
        return;
    }
    children(shown, new, reason);
    if let Some(select) = shown.dyn_ref::<HtmlSelectElement>() {
        let now = chosen_by_server(shown);
        if chosen.flatten() != now
            && let Some(now) = now
        {
            select.set_value(&now);
        }
    }
}

/// What stays as it is while somebody is at it.
fn is_somebodys(shown: &Element) -> bool {
    match shown.local_name().as_str() {
        "form" => shown.query_selector(&format!("{EDITABLE}, [role='alert']")).is_ok_and(|found| found.is_some()),
        _ => shown.has_attribute("data-kept"),
    }
}

fn is_island(shown: &Element) -> bool {
    shown.local_name() == "leptos-island"
}

/// An island goes on by itself where the server would begin with the same.
fn is_same_island(shown: &Element, new: &Element) -> bool {
    is_island(shown)
        && ["data-component", "data-props"].iter().all(|name| shown.get_attribute(name) == new.get_attribute(name))
}

fn chosen_by_server(select: &Element) -> Option<String> {
    find_below::<HtmlOptionElement>(select, "option[selected]").map(|option| option.value())
}

/// Follows the server where it says something else than before; otherwise what somebody typed or chose stays.
fn attributes(shown: &Element, new: &Element) {
    for name in new.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        attribute(shown, new, &name);
    }
    for name in shown.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        if name != OPENED || !is_opened_by_people(shown) {
            attribute(shown, new, &name);
        }
    }
}

fn attribute(shown: &Element, new: &Element, name: &str) {
    let value = new.get_attribute(name);
    if shown.get_attribute(name) == value {
        return;
    }
    let _ = match &value {
        Some(value) => shown.set_attribute(name, value),
        None => shown.remove_attribute(name),
    };
    if let Some(input) = shown.dyn_ref::<HtmlInputElement>() {
        match name {
            "value" if !is_focused(shown) => input.set_value(&value.unwrap_or_default()),
            "checked" => input.set_checked(value.is_some()),
            _ => {}
        }
    }
}

fn is_opened_by_people(shown: &Element) -> bool {
    matches!(shown.local_name().as_str(), "dialog" | "details")
}

fn children(shown: &Node, new: &Node, reason: Reason) {
    let wanted: Vec<Node> = std::iter::successors(new.first_child(), Node::next_sibling).collect();
    let names: Vec<String> = wanted.iter().map(name_of).collect();
    let mut place = shown.first_child();
    for (index, new) in wanted.iter().enumerate() {
        let same = std::iter::successors(place.clone(), Node::next_sibling).find(|node| name_of(node) == names[index]);
        match same {
            Some(same) => {
                // What stands before it is either wanted later, or gone.
                while let Some(before) = place.clone().filter(|before| !before.is_same_node(Some(&same))) {
                    if names[index + 1..].contains(&name_of(&before)) {
                        let _ = shown.insert_before(&same, Some(&before));
                        break;
                    }
                    place = before.next_sibling();
                    remove(&before, reason);
                }
                if place.as_ref().is_some_and(|place| place.is_same_node(Some(&same))) {
                    place = same.next_sibling();
                }
                node(&same, new, reason);
            }
            None => {
                let _ = shown.insert_before(&import(new), place.as_ref());
            }
        }
    }
    while let Some(rest) = place {
        place = rest.next_sibling();
        remove(&rest, reason);
    }
}

/// By what a node is known among its siblings.
fn name_of(node: &Node) -> String {
    let Some(element) = node.dyn_ref::<Element>() else { return node.node_name() };
    let name = element.local_name();
    if let Some(key) = element.get_attribute("id").or_else(|| element.get_attribute("data-key")) {
        return format!("{name}#{key}");
    }
    let class = element.get_attribute("class").unwrap_or_default();
    let input = element.get_attribute("name").unwrap_or_default();
    format!("{name}.{}[{input}]", class.split(' ').next().unwrap_or_default())
}

fn remove(node: &Node, reason: Reason) {
    if let Some(element) = node.dyn_ref::<Element>()
        && reason == Reason::Moved
        && (is_somebodys(element) || element.local_name() == "dialog")
    {
        return;
    }
    // So that the focus goes back to what opened it.
    if let Some(dialog) = node.dyn_ref::<HtmlDialogElement>() {
        dialog.close();
    }
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}

fn import(new: &Node) -> Node {
    document().import_node_with_deep(new, true).unwrap_or_else(|_| new.clone())
}
