//! The manual.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use model::manual::{ManualEntry, ManualPage as Page};

use crate::{
    address::page_address,
    api::manual::get_manual_page,
    components::{answer::Answer, loaded::loaded},
};

#[component]
pub fn ManualPage() -> impl IntoView {
    page_address();
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("page").unwrap_or_default());
    let page: Answer<Page> = Answer::new(move || name.get(), get_manual_page);
    loaded(page, |page| view! { <Shown page=page/> })
}

#[component]
fn Shown(page: Page) -> impl IntoView {
    let Page { title, html, contents } = page;
    let hash = use_location().hash;
    // Drawn after the page was shown, so that the browser has looked for it in vain.
    Effect::new(move |_| {
        let anchor = hash.get();
        if let Some(heading) = document().get_element_by_id(anchor.trim_start_matches('#')) {
            heading.scroll_into_view();
        }
    });
    view! {
        <Title text=title.clone()/>
        <header class="page-header">
            <h1>{title}</h1>
        </header>
        <div class="manual">
            <Contents entries=contents/>
            <article class="manual-text" lang="en" inner_html=html></article>
        </div>
    }
}

#[component]
fn Contents(entries: Vec<ManualEntry>) -> impl IntoView {
    let path = use_location().pathname;
    let first = entries.first().map(|entry| entry.href.clone()).unwrap_or_default();
    let entry = move |ManualEntry { href, title }: ManualEntry| {
        let (first, to) = (first.clone(), href.clone());
        let current = move || {
            let path = path.read();
            (*path == to || (*path == "/help" && to == first)).then_some("page")
        };
        view! {
            <li>
                <a href=href aria-current=current>
                    {title}
                </a>
            </li>
        }
    };
    view! {
        <nav class="manual-contents" aria-label=tr!("Help") lang="en">
            <ul>{entries.into_iter().map(entry).collect_view()}</ul>
        </nav>
    }
}
