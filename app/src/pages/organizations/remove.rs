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
    let consequence = move |rows: Vec<OrganizationRow>| {
        let row = rows.into_iter().find(|row| row.id == id);
        let name = row.map_or_else(|| tr!("Number {}", id), |row| row.name);
        view! { <p><strong>{name}</strong> {tr!(" is removed from your account.")}</p> }
    };
    view! {
        <Confirm<RemoveOrganizationFn>
            title=tr!("Remove Organization")
            hidden=vec![("organization", id.to_string())]
            action=tr!("Remove Organization")
            pending=tr!("Removing…")
        >
            {loaded_quietly(list, consequence)}
            <p>{tr!("That is possible only while it has no users, projects or backup credentials.")}</p>
        </Confirm<RemoveOrganizationFn>>
    }
}
