//! Filters of a list, inside its search form. What they say stands in the address.

use leptos::prelude::*;

use crate::{
    address::{use_address, use_part, use_replace_address},
    components::{
        icon::Icon,
        select::{Choice, option_groups},
    },
};

/// A choice of one value, or of all.
#[component]
pub fn FilterSelect(
    /// The parameter in the address.
    name: &'static str,
    #[prop(into)] label: String,
    /// What it says where nothing is chosen.
    #[prop(into)]
    all: String,
    choices: Vec<Choice>,
) -> impl IntoView {
    let chosen = use_filter(name);
    let set = use_set_filter(name);
    let choices: Vec<Choice> = std::iter::once(Choice::new("", all)).chain(choices).collect();
    let initial = chosen.get_untracked();
    view! {
        <div class="filter">
            <label for=filter_id(name)>{label}</label>
            <div class="select">
                <select
                    class="input"
                    id=filter_id(name)
                    name=name
                    prop:value=chosen
                    on:change=move |event| set(&event_target_value(&event))
                >
                    {option_groups(vec![choices.into()], &initial)}
                </select>
                <Icon name="chevron-down"/>
            </div>
        </div>
    }
}

/// A day.
#[component]
pub fn FilterDate(
    /// The parameter in the address.
    name: &'static str,
    #[prop(into)] label: String,
) -> impl IntoView {
    let chosen = use_filter(name);
    let set = use_set_filter(name);
    view! {
        <div class="filter">
            <label for=filter_id(name)>{label}</label>
            <input
                class="input"
                type="date"
                id=filter_id(name)
                name=name
                value=chosen.get_untracked()
                prop:value=chosen
                on:change=move |event| set(&event_target_value(&event))
            />
        </div>
    }
}

fn filter_id(name: &str) -> String {
    format!("{name}-filter")
}

/// What the address says, also after a step back.
fn use_filter(name: &'static str) -> Memo<String> {
    use_part(move |address| address.get(name).unwrap_or_default().to_owned())
}

fn use_set_filter(name: &'static str) -> impl Fn(&str) + 'static {
    let address = use_address();
    let replace_address = use_replace_address();
    move |value| replace_address(&address.get_untracked().closed().without(&["page"]).with(name, value).href())
}
