//! A list without rows, and what to do about it.

use leptos::prelude::*;

use crate::{address::use_address, components::icon::Icon, ui::use_ui};

#[component]
pub fn Empty(
    icon: &'static str,
    #[prop(into)] title: String,
    /// What this list is for, and the way on.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <section class="empty">
            <Icon name=icon/>
            <h2>{title}</h2>
            {children.map(|children| children())}
        </section>
    }
}

/// A search that found nothing.
#[component]
pub fn NothingFound(
    /// The same list without search and filter.
    #[prop(into)]
    all: String,
) -> impl IntoView {
    view! {
        <section class="empty">
            <Icon name="search"/>
            <h2>{tr!("Nothing found")}</h2>
            <p>{tr!("No row matches the search and the filter.")}</p>
            <a class="button" href=all data-noscroll="true">
                {tr!("Show all")}
            </a>
        </section>
    }
}

/// Asks again. Where WASM runs, lists do so by themselves as well.
#[component]
pub fn Refresh() -> impl IntoView {
    let ui = use_ui();
    let address = use_address();
    view! {
        <a class="button button-quiet button-small" href=move || address.read().href() data-noscroll="true" on:click=move |_| ui.changed()>
            <Icon name="refresh"/>
            {tr!("Refresh")}
        </a>
    }
}
