//! Steps through the pages of a list.

use leptos::prelude::*;
use model::list::PAGE_SIZES;

use crate::{
    address::use_address,
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
pub fn Pager(facts: PageFacts) -> impl IntoView {
    let first = ((facts.page - 1) * facts.per_page + 1).min(facts.total);
    let last = (facts.page * facts.per_page).min(facts.total);
    let range = tr!("{first}–{last} of {total}", first, last, total = facts.total);
    let smallest_page = facts.total <= PAGE_SIZES[0];
    let steps = (facts.pages > 1 || facts.page > 1).then(|| view! { <Steps facts=facts/> });
    view! {
        <nav class="pager" aria-label=tr!("Pages")>
            <span class="pager-range">{range}</span>
            {(!smallest_page).then(|| view! { <PerPage chosen=facts.per_page/> })}
            {steps}
        </nav>
    }
}

#[component]
fn Steps(facts: PageFacts) -> impl IntoView {
    let address = use_address();
    let step = |page: u64| address.clone().closed().with("page", page).href();
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
    let sizes: Vec<Choice> = PAGE_SIZES.iter().map(|size| Choice::new(size, size)).collect();
    view! {
        <form class="pager-size" method="get">
            {kept_inputs(&address, &["page", "per_page"])}
            <label for="per-page">{tr!("Per page")}</label>
            <div class="select">
                <select class="input input-small" id="per-page" name="per_page">
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
