//! A Partner's choice of one organization.

use leptos::prelude::*;
use model::credential::OrganizationChoice;

use crate::{
    components::{
        filter::FilterSelect,
        select::{Choice, Select},
    },
    ui::use_ui,
};

/// The filter inside a list's search form. Others than a Partner have nothing to choose.
#[component]
pub fn OrganizationFilter(organizations: Vec<OrganizationChoice>) -> impl IntoView {
    let choices: Vec<Choice> = organization_choices(organizations).collect();
    (!choices.is_empty()).then(|| {
        view! { <FilterSelect name="organization" label=tr!("Organization") all=tr!("All organizations") choices=choices/> }
    })
}

fn organization_choices(organizations: Vec<OrganizationChoice>) -> impl Iterator<Item = Choice> {
    organizations.into_iter().map(|organization| Choice::new(organization.id, organization.name))
}

/// The field of a form. Others than a Partner have one organization and are not asked.
#[component]
pub fn OrganizationField(organizations: Vec<OrganizationChoice>) -> impl IntoView {
    let own = use_ui().actor().map(|actor| actor.organization.to_string()).unwrap_or_default();
    let choices: Vec<Choice> = organization_choices(organizations).collect();
    (!choices.is_empty()).then(|| {
        view! {
            <Select name="organization" label=tr!("Organization") groups=vec![choices.into()] value=own/>
        }
    })
}
