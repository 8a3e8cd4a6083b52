//! The icon in the browser's tab.

use leptos::prelude::document;

/// That of every page that has nothing to say with it.
pub const USUAL: &str = "/favicon.svg";

/// Shows the icon at this address.
pub fn show(href: &str) {
    if let Ok(Some(link)) = document().query_selector("link[rel='icon']") {
        let _ = link.set_attribute("href", href);
    }
}
