//! The dialog that gives a user another role.

use leptos::prelude::*;
use model::{people::Role, user::UserList};

use super::table::named_user;
use crate::{
    api::users::ChangeUserRole,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        form::Form,
        loaded::loaded_quietly,
        select::{Choice, Select},
        submit::Submit,
    },
};

#[component]
pub fn ChangeRole(list: Answer<UserList>) -> impl IntoView {
    let id = named_user();
    let fields = move |list: UserList| {
        let row = list.page.rows.into_iter().find(|row| row.id == id);
        let role = row.as_ref().map_or(Role::User, |row| row.role);
        let who = row.map_or_else(|| tr!("User number {}", id), |row| row.email);
        view! {
            <p>
                <strong>{who}</strong>
                {tr!(" is signed out, and has the new role from the next sign-in on.")}
            </p>
            <RoleField roles=list.roles value=role/>
        }
    };
    view! {
        <Dialog title=tr!("Change Role") class="dialog dialog-narrow">
            <Form<ChangeUserRole> hidden=vec![("user", id.to_string())]>
                <div class="dialog-body">{loaded_quietly(list, fields)}</div>
                <DialogFooter>
                    <Submit label=tr!("Change Role") pending=tr!("Changing…")/>
                </DialogFooter>
            </Form<ChangeUserRole>>
        </Dialog>
    }
}

/// The roles that the person may give.
#[component]
pub fn RoleField(roles: Vec<Role>, value: Role) -> impl IntoView {
    let choice = |role: Role| {
        let label = role.as_str();
        Choice::new(role, tr!(label))
    };
    let choices: Vec<Choice> = roles.into_iter().map(choice).collect();
    view! {
        <Select
            name="role"
            label=tr!("Role")
            groups=vec![choices.into()]
            value=value.as_str()
            hint=tr!("Users see projects and how their backups went; Managers manage their organization; Partners all organizations.")
        />
    }
}
