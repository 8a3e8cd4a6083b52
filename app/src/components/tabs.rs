//! Tabs that are links, so that each has an address and works without WASM.

use leptos::{ev::KeyboardEvent, prelude::*, wasm_bindgen::JsCast};
use web_sys::HtmlElement;

use crate::{address::use_address, browser::focus::target};

/// A tab: its value in the address, and its name, to be translated.
pub type Tab = (&'static str, &'static str);

#[component]
pub fn Tabs(#[prop(into)] label: String, tabs: &'static [Tab], chosen: Memo<&'static str>) -> impl IntoView {
    let address = use_address();
    let draw = move |&(value, name): &Tab| {
        let href = move || format!("{}?tab={value}", address.read().path());
        let selected = move || if chosen.get() == value { "true" } else { "false" };
        view! {
            <a role="tab" class="tab" id=tab_id(value) href=href aria-selected=selected data-noscroll="true">
                {tr!(name)}
            </a>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label on:keydown=move_focus>
            {tabs.iter().map(draw).collect_view()}
        </div>
    }
}

/// The arrow keys walk along the tabs.
fn move_focus(event: KeyboardEvent) {
    let Some(tab) = target::<HtmlElement>(&event, "[role='tab']") else { return };
    let next = match event.key().as_str() {
        "ArrowRight" => tab.next_element_sibling(),
        "ArrowLeft" => tab.previous_element_sibling(),
        _ => None,
    };
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        event.prevent_default();
        let _ = next.focus();
    }
}

/// What a tab shows.
#[component]
pub fn TabPanel(tab: Memo<&'static str>, children: Children) -> impl IntoView {
    view! { <div role="tabpanel" class="tab-panel" aria-labelledby=move || tab_id(tab.get())>{children()}</div> }
}

fn tab_id(value: &str) -> String {
    format!("tab-{value}")
}
