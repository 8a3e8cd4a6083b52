//! Links to other pages, and steps in the history.

use leptos::prelude::window;
use web_sys::{HtmlAnchorElement, MouseEvent, PopStateEvent};

use super::{
    dom, page,
    visit::{self, Step},
};

pub fn follow() {
    dom::on("click", clicked);
    dom::on_window("popstate", |_: PopStateEvent| visit::go(&page::place(), Step::Made, false));
}

fn clicked(event: MouseEvent) {
    let is_browsers = event.default_prevented()
        || event.button() != 0
        || event.meta_key()
        || event.alt_key()
        || event.ctrl_key()
        || event.shift_key();
    if is_browsers {
        return;
    }
    let Some(link) = dom::target::<HtmlAnchorElement>(&event, "a[href]") else { return };
    if !is_page(&link) {
        return;
    }
    event.prevent_default();
    let place = format!("{}{}", link.pathname(), link.search());
    visit::go(&place, Step::Forward, !link.has_attribute("data-noscroll"));
}

/// Whether a link leads to a page of this site.
fn is_page(link: &HtmlAnchorElement) -> bool {
    let external = link.rel().split(' ').any(|word| word == "external");
    let own = window().location().origin().is_ok_and(|origin| origin == link.origin());
    own && !external && link.target().is_empty() && !link.has_attribute("download") && link.hash().is_empty()
}
