//! Steps through the pages of a list.

use leptos::prelude::*;
use model::list::PAGE_SIZES;

use crate::{
    address::{use_address, use_replace_address},
    components::{
        icon::Icon,
        search_form::kept_inputs,
        select::{Choice, option_groups},
    },
};

/// What the pager needs to know of a list's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageFacts {
    pub total: u64,
    pub page: u64,
    pub per_page: u64,
    pub pages: u64,
}

impl<T> From<&model::list::Page<T>> for PageFacts {
    fn from(page: &model::list::Page<T>) -> Self {
        Self { total: page.total, page: page.page, per_page: page.per_page, pages: page.pages() }
    }
}

#[component]
pub fn Pager(#[prop(into)] facts: Signal<PageFacts>) -> impl IntoView {
    let range = move || {
        let PageFacts { total, page, per_page, .. } = facts.get();
        let (first, last) = (((page - 1) * per_page + 1).min(total), (page * per_page).min(total));
        tr!("{first}–{last} of {total}", first, last, total)
    };
    let sizes = Memo::new(move |_| {
        let PageFacts { total, per_page, .. } = facts.get();
        (total > PAGE_SIZES[0]).then_some(per_page)
    });
    let steps = move || {
        let facts = facts.get();
        (facts.pages > 1 || facts.page > 1).then(|| view! { <Steps facts=facts/> })
    };
    view! {
        <nav class="pager" aria-label=tr!("Pages")>
            <span class="pager-range">{range}</span>
            {move || sizes.get().map(|chosen| view! { <PerPage chosen=chosen/> })}
            {steps}
        </nav>
    }
}

#[component]
fn Steps(facts: PageFacts) -> impl IntoView {
    let address = use_address();
    let step = move |page: u64| move || address.get().closed().with("page", page).href();
    let previous = (facts.page > 1).then(|| {
        view! {
            <a class="button button-small" rel="prev" href=step(facts.page - 1)>
                <Icon name="chevron-left"/>
                {tr!("Previous")}
            </a>
        }
    });
    let next = (facts.page < facts.pages).then(|| {
        view! {
            <a class="button button-small" rel="next" href=step(facts.page + 1)>
                {tr!("Next")}
                <Icon name="chevron-right"/>
            </a>
        }
    });
    view! {
        <span class="pager-steps">
            {previous}
            <span>{tr!("Page {} of {}", facts.page, facts.pages)}</span>
            {next}
        </span>
    }
}

#[component]
fn PerPage(chosen: u64) -> impl IntoView {
    let address = use_address();
    let replace_address = use_replace_address();
    let changed = move |event| {
        let per_page = event_target_value(&event);
        replace_address(&address.get_untracked().closed().without(&["page"]).with("per_page", per_page).href());
    };
    let sizes: Vec<Choice> = PAGE_SIZES.iter().map(|size| Choice::new(size, size)).collect();
    view! {
        <form class="pager-size" method="get">
            {move || kept_inputs(&address.read(), &["page", "per_page"])}
            <label for="per-page">{tr!("Per page")}</label>
            <div class="select">
                <select class="input input-small" id="per-page" name="per_page" on:change=changed>
                    {option_groups(vec![sizes.into()], &chosen.to_string())}
                </select>
                <Icon name="chevron-down"/>
            </div>
            <button type="submit" class="button button-small fallback">
                {tr!("Apply")}
            </button>
        </form>
    }
}
