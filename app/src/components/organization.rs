//! A Partner's choice of one organization.

use leptos::prelude::*;
use model::credential::OrganizationChoice;

use crate::{
    address::{use_address, use_replace_address},
    components::{
        icon::Icon,
        select::{Choice, Select, option_groups},
    },
    ui::use_ui,
};

/// The filter inside a list's search form.
#[component]
pub fn OrganizationFilter(organizations: Vec<OrganizationChoice>) -> impl IntoView {
    let address = use_address();
    let replace_address = use_replace_address();
    let changed = move |event| {
        let chosen = event_target_value(&event);
        replace_address(&address.get_untracked().closed().without(&["page"]).with("organization", chosen).href());
    };
    let all = Choice::new("", "All organizations");
    let choices: Vec<Choice> = std::iter::once(all).chain(organization_choices(organizations)).collect();
    let chosen = address.read_untracked().get("organization").unwrap_or_default().to_owned();
    view! {
        <div class="filter">
            <label for="organization-filter">"Organization"</label>
            <div class="select">
                <select class="input" id="organization-filter" name="organization" on:change=changed>
                    {option_groups(vec![choices.into()], &chosen)}
                </select>
                <Icon name="chevron-down"/>
            </div>
        </div>
    }
}

fn organization_choices(organizations: Vec<OrganizationChoice>) -> impl Iterator<Item = Choice> {
    organizations.into_iter().map(|organization| Choice::new(organization.id, organization.name))
}

/// The field of a form. Others than a Partner have one organization and are not asked.
#[component]
pub fn OrganizationField(
    organizations: Vec<OrganizationChoice>,
    #[prop(optional)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let own = use_ui().actor().map(|actor| actor.organization.to_string()).unwrap_or_default();
    let choices: Vec<Choice> = organization_choices(organizations).collect();
    (!choices.is_empty()).then(|| {
        view! {
            <Select name="organization" label="Organization" groups=vec![choices.into()] value=own on_change=on_change/>
        }
    })
}
