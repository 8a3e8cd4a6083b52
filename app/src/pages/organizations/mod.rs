//! Organizations: list, add, edit, remove.

mod account;
mod edit;
mod remove;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{ids::OrganizationId, organization::OrganizationRow, permission::Action, second_factor::AccountView};

use crate::{
    address::{named_row, page_address},
    api::{account::get_account, organizations::list_organizations},
    components::{
        answer::Answer,
        dialog::DialogRoute,
        icon::Icon,
        loaded::{loaded, loaded_quietly},
    },
    ui::use_ui,
};
use account::AccountPanel;
use edit::{AddOrganization, EditOrganization};
use remove::RemoveOrganization;
use table::OrganizationTable;

#[component]
pub fn OrganizationsPage() -> impl IntoView {
    let ui = use_ui();
    let address = page_address();
    let list: Answer<Vec<OrganizationRow>> = Answer::new(|| (), |()| list_organizations());
    let account: Answer<AccountView> = Answer::new(|| (), |()| get_account());
    let manages = ui.can(Action::ManageOrganizations);
    let add = manages.then(|| {
        view! {
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
                <Icon name="plus"/>
                {tr!("Add Organization")}
            </a>
        }
    });
    view! {
        <Title text=tr!("Organizations")/>
        <header class="page-header">
            <h1>{tr!("Organizations")}</h1>
            {add}
        </header>
        {loaded(list, |rows| view! { <OrganizationTable rows=rows/> })}
        {loaded_quietly(account, |account| view! { <AccountPanel account=account/> })}
        {manages.then(|| view! { <Dialogs list=list/> })}
    }
}

#[component]
fn Dialogs(list: Answer<Vec<OrganizationRow>>) -> impl IntoView {
    view! {
        <DialogRoute name="add">
            <AddOrganization/>
        </DialogRoute>
        <DialogRoute name="update">
            <EditOrganization list=list/>
        </DialogRoute>
        <DialogRoute name="delete">
            <RemoveOrganization list=list/>
        </DialogRoute>
    }
}

/// The organization that an open dialog is about. What is no number becomes 0, which no organization has.
fn named_organization() -> OrganizationId {
    OrganizationId(named_row())
}
