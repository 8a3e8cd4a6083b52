//! Backup credentials: list, add, update, delete.

mod add;
mod connection;
mod delete;
mod details;
mod move_endpoint;
mod named;
mod row;
mod table;
mod update;

use leptos::prelude::*;
use leptos_meta::Title;
use model::credential::CredentialList;

use crate::{
    address::page_address,
    api::credentials::list_credentials,
    components::{
        answer::Answer, dialog::DialogRoute, icon::Icon, loaded::loaded_quietly, organization::OrganizationFilter,
        search_form::SearchForm,
    },
};
use add::AddCredential;
use delete::DeleteCredential;
use move_endpoint::MoveEndpoint;
use table::CredentialTable;
use update::UpdateCredential;

#[component]
pub fn CredentialsPage() -> impl IntoView {
    let address = page_address();
    let list: Answer<CredentialList> = Answer::new(move || address.read().list_query(), list_credentials);
    let filter = |list: CredentialList| view! { <OrganizationFilter organizations=list.organizations/> };
    view! {
        <Title text=tr!("Backup Credentials")/>
        <header class="page-header">
            <h1>{tr!("Backup Credentials")}</h1>
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
                <Icon name="plus"/>
                {tr!("Add Credentials")}
            </a>
        </header>
        <div class="toolbar">
            <SearchForm>{loaded_quietly(list, filter)}</SearchForm>
        </div>
        <CredentialTable list=list/>
        <DialogRoute name="add">
            <AddCredential list=list/>
        </DialogRoute>
        <DialogRoute name="update">
            <UpdateCredential/>
        </DialogRoute>
        <DialogRoute name="move">
            <MoveEndpoint/>
        </DialogRoute>
        <DialogRoute name="delete">
            <DeleteCredential/>
        </DialogRoute>
    }
}
