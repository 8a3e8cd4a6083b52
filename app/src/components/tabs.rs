//! Tabs that are links, so that each has an address and works without WASM.

use leptos::prelude::*;

use crate::address::use_address;

/// A tab: its value in the address, and its name, to be translated.
pub type Tab = (&'static str, &'static str);

#[component]
pub fn Tabs(#[prop(into)] label: String, tabs: &'static [Tab], chosen: &'static str) -> impl IntoView {
    let address = use_address();
    let draw = move |&(value, name): &Tab| {
        let href = format!("{}?tab={value}", address.path());
        let selected = if chosen == value { "true" } else { "false" };
        view! {
            <a role="tab" class="tab" id=tab_id(value) href=href aria-selected=selected data-noscroll="true">
                {tr!(name)}
            </a>
        }
    };
    view! {
        <div class="tabs" role="tablist" aria-label=label>
            {tabs.iter().map(draw).collect_view()}
        </div>
    }
}

/// What a tab shows.
#[component]
pub fn TabPanel(tab: &'static str, children: Children) -> impl IntoView {
    view! { <div role="tabpanel" class="tab-panel" aria-labelledby=tab_id(tab)>{children()}</div> }
}

fn tab_id(value: &str) -> String {
    format!("tab-{value}")
}
