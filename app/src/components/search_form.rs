//! Search and filter of a list. What they say stands in the address.

use leptos::prelude::*;

use crate::{
    address::{Address, use_address},
    components::icon::Icon,
};

/// A form that works by itself as a request for the page with the search in its address.
#[component]
pub fn SearchForm(
    /// The names of the further filters, where there are any.
    #[prop(default = &["organization"])]
    filters: &'static [&'static str],
    /// Further filters.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let address = use_address();
    let filters = if children.is_some() { filters } else { &[] };
    let own: Vec<&str> = ["search", "page"].iter().chain(filters).copied().collect();
    let initial = address.get("search").unwrap_or_default().to_owned();
    view! {
        <form class="search" role="search" method="get">
            {kept_inputs(&address, &own)}
            <div class="search-box">
                <Icon name="search"/>
                <label class="sr-only" for="search">
                    {tr!("Search")}
                </label>
                <input
                    class="input"
                    type="search"
                    id="search"
                    name="search"
                    value=initial
                    placeholder=tr!("Search")
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="200"
                />
            </div>
            {children.map(|children| children())}
            <button type="submit" class="button fallback">
                {tr!("Apply")}
            </button>
        </form>
    }
}

/// The rest of a list's view, kept while one part of it changes.
pub fn kept_inputs(address: &Address, except: &[&str]) -> impl IntoView + use<> {
    let input = |(name, value)| view! { <input type="hidden" name=name value=value/> };
    address.kept(except).into_iter().map(input).collect_view()
}
