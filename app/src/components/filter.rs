//! Filters of a list, inside its search form. What they say stands in the address.

use leptos::prelude::*;

use crate::{
    address::use_address,
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
    let chosen = chosen_filter(name);
    let choices: Vec<Choice> = std::iter::once(Choice::new("", all)).chain(choices).collect();
    view! {
        <div class="filter">
            <label for=filter_id(name)>{label}</label>
            <div class="select">
                <select
                    class="input"
                    id=filter_id(name)
                    name=name
                >
                    {option_groups(vec![choices.into()], &chosen)}
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
    let chosen = chosen_filter(name);
    view! {
        <div class="filter">
            <label for=filter_id(name)>{label}</label>
            <input
                class="input"
                type="date"
                id=filter_id(name)
                name=name
                value=chosen
            />
        </div>
    }
}

fn filter_id(name: &str) -> String {
    format!("{name}-filter")
}

/// What the address says.
fn chosen_filter(name: &str) -> String {
    use_address().get(name).unwrap_or_default().to_owned()
}
