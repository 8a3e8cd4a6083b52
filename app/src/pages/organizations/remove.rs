//! The question before an organization is removed.

use leptos::prelude::*;
use model::organization::OrganizationRow;

use super::named_organization;
use crate::{
    api::organizations::RemoveOrganization as RemoveOrganizationFn,
    components::{answer::Answer, confirm::Confirm, loaded::loaded_quietly},
};

#[component]
pub fn RemoveOrganization(list: Answer<Vec<OrganizationRow>>) -> impl IntoView {
    let id = named_organization();
    let name = move |rows: &Vec<OrganizationRow>| {
        rows.iter().find(|row| row.id == id).map_or_else(|| tr!("Number {}", id), |row| row.name.clone())
    };
    view! {
        <Confirm<RemoveOrganizationFn>
            title=tr!("Remove Organization")
            hidden=vec![("organization", id.to_string())]
            action=tr!("Remove Organization")
            pending=tr!("Removing…")
        >
            {loaded_quietly(list, name, |name| view! { <p><strong>{name}</strong> {tr!(" is removed from your account.")}</p> })}
            <p>{tr!("That is possible only while it has no users, projects or backup credentials.")}</p>
        </Confirm<RemoveOrganizationFn>>
    }
}
