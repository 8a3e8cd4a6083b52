//! Search and filter of a list. What they say stands in the address.

use std::time::Duration;

use leptos::{ev::SubmitEvent, html, prelude::*};

use crate::{
    address::{Address, use_address, use_part, use_replace_address},
    components::icon::Icon,
};

/// How long after the last key the list is asked.
const PAUSE: Duration = Duration::from_millis(200);

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
    let replace_address = use_replace_address();
    let input = NodeRef::<html::Input>::new();
    let filters = if children.is_some() { filters } else { &[] };
    let own: Vec<&str> = ["search", "page"].iter().chain(filters).copied().collect();
    let search = move || {
        let typed = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        replace_address(&address.get_untracked().closed().without(&["page"]).with("search", typed.trim()).href());
    };
    let on_submit = {
        let search = search.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            search();
        }
    };
    let mut search_soon = debounce(PAUSE, move |()| search());
    follow_address(input);
    let initial = address.read_untracked().get("search").unwrap_or_default().to_owned();
    view! {
        <form class="search" role="search" method="get" on:submit=on_submit>
            {move || kept_inputs(&address.get(), &own)}
            <div class="search-box">
                <Icon name="search"/>
                <label class="sr-only" for="search">
                    {tr!("Search")}
                </label>
                <input
                    node_ref=input
                    class="input"
                    type="search"
                    id="search"
                    name="search"
                    value=initial
                    placeholder=tr!("Search")
                    autocomplete="off"
                    spellcheck="false"
                    maxlength="200"
                    on:input=move |_| search_soon(())
                />
            </div>
            {children.map(|children| children())}
            <button type="submit" class="button fallback">
                {tr!("Apply")}
            </button>
        </form>
    }
}

/// Shows the address's search after a step back, but never disturbs somebody who is typing.
fn follow_address(input: NodeRef<html::Input>) {
    let searched = use_part(|address| address.get("search").unwrap_or_default().to_owned());
    Effect::new(move |first: Option<()>| {
        let searched = searched.get();
        if first.is_some()
            && let Some(input) = input.get_untracked()
        {
            let typing = document().active_element().is_some_and(|active| active.is_same_node(Some(&input)));
            if !typing {
                input.set_value(&searched);
            }
        }
    });
}

/// The rest of a list's view, kept while one part of it changes.
pub fn kept_inputs(address: &Address, except: &[&str]) -> impl IntoView + use<> {
    let input = |(name, value)| view! { <input type="hidden" name=name value=value/> };
    address.kept(except).into_iter().map(input).collect_view()
}
