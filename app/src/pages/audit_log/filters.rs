//! What of the log is shown.

use leptos::prelude::*;
use model::{audit::AuditLog, credential::OrganizationChoice, permission::Action};

use crate::{
    api::{ApiError, organizations::list_organizations},
    components::{
        answer::Answer,
        filter::{FilterDate, FilterSelect},
        loaded::loaded_quietly,
        organization::OrganizationFilter,
        search_form::SearchForm,
        select::Choice,
    },
    ui::use_ui,
};

/// Their names in the address.
const FILTERS: [&str; 5] = ["person", "action", "from", "to", "organization"];

#[component]
pub fn AuditFilters(log: Answer<AuditLog>) -> impl IntoView {
    let partner = use_ui().can(Action::ManageOrganizations);
    let organizations: Answer<Vec<OrganizationChoice>> = Answer::new(move || partner, choices);
    let selects = |log: AuditLog| {
        view! {
            <FilterSelect name="person" label=tr!("Person") all=tr!("Everybody") choices=same(log.people)/>
            <FilterSelect name="action" label=tr!("Action") all=tr!("All actions") choices=same(log.actions)/>
        }
    };
    let filter = |organizations: Vec<OrganizationChoice>| view! { <OrganizationFilter organizations=organizations/> };
    view! {
        <div class="toolbar">
            <SearchForm filters=&FILTERS>
                {loaded_quietly(log, selects)}
                <FilterDate name="from" label=tr!("From")/>
                <FilterDate name="to" label=tr!("To")/>
                {loaded_quietly(organizations, filter)}
            </SearchForm>
        </div>
    }
}

/// A Partner's organizations; others have nothing to choose.
async fn choices(partner: bool) -> Result<Vec<OrganizationChoice>, ApiError> {
    if !partner {
        return Ok(Vec::new());
    }
    let rows = list_organizations().await?;
    Ok(rows.into_iter().map(|row| OrganizationChoice { id: row.id, name: row.name }).collect())
}

fn same(values: Vec<String>) -> Vec<Choice> {
    values.into_iter().map(|value| Choice::new(&value, &value)).collect()
}
