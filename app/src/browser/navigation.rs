//! The strip of the navigation on a narrow screen: it shows the page where one is.

use leptos::{prelude::*, wasm_bindgen::JsCast};
use leptos_router::hooks::use_location;
use web_sys::HtmlElement;

/// Scrolls `strip` so that the entry of the current page is in the middle of it.
pub fn show_current(strip: NodeRef<leptos::html::Nav>) {
    let path = use_location().pathname;
    Effect::new(move |_| {
        path.track();
        let Some(strip) = strip.get() else { return };
        request_animation_frame(move || {
            let current = strip.query_selector("[aria-current]").ok().flatten();
            if let Some(current) = current.and_then(|entry| entry.dyn_into::<HtmlElement>().ok()) {
                let middle = current.offset_left() + current.offset_width() / 2 - strip.client_width() / 2;
                strip.set_scroll_left(middle);
            }
        });
    });
}
