//! Users: list, invite, change role, reset the password, remove.

mod invite;
mod remove;
mod role;
mod second_factor;
mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use model::{permission::Action, user::UserList};

use crate::{
    address::page_address,
    api::users::list_users,
    components::{
        answer::Answer, dialog::DialogRoute, icon::Icon, loaded::loaded_quietly, one_time_link::OneTimeLink,
        organization::OrganizationFilter, search_form::SearchForm,
    },
    ui::use_ui,
};
use invite::InviteUser;
use remove::RemoveUser;
use role::ChangeRole;
use second_factor::ResetSecondFactor;
use table::UserTable;

#[component]
pub fn UsersPage() -> impl IntoView {
    let ui = use_ui();
    let address = page_address();
    let list: Answer<UserList> = Answer::new(move || address.read().list_query(), list_users);
    let filter = |list: UserList| view! { <OrganizationFilter organizations=list.organizations/> };
    let manages = ui.can(Action::ManageUsers);
    let invite = manages.then(|| {
        view! {
            <a class="button button-primary" href=move || address.read().dialog("add") data-noscroll="true">
                <Icon name="plus"/>
                {tr!("Invite User")}
            </a>
        }
    });
    view! {
        <Title text=tr!("Users")/>
        <header class="page-header">
            <h1>{tr!("Users")}</h1>
            {invite}
        </header>
        <OneTimeLink/>
        <div class="toolbar">
            <SearchForm>{loaded_quietly(list, filter)}</SearchForm>
        </div>
        <UserTable list=list/>
        {manages.then(|| view! { <Dialogs list=list/> })}
    }
}

#[component]
fn Dialogs(list: Answer<UserList>) -> impl IntoView {
    view! {
        <DialogRoute name="add">
            <InviteUser list=list/>
        </DialogRoute>
        <DialogRoute name="update">
            <ChangeRole list=list/>
        </DialogRoute>
        <DialogRoute name="second-factor">
            <ResetSecondFactor list=list/>
        </DialogRoute>
        <DialogRoute name="delete">
            <RemoveUser list=list/>
        </DialogRoute>
    }
}
