//! The dialog that invites a user.

use leptos::prelude::*;
use model::{
    people::Role,
    user::{LINK_HOURS, UserList},
};

use super::role::RoleField;
use crate::{
    api::users::InviteUser as InviteUserFn,
    components::{
        answer::Answer,
        dialog::{Dialog, DialogFooter},
        field::{Field, Kind},
        form::Form,
        loaded::loaded_quietly,
        organization::OrganizationField,
        submit::Submit,
    },
};

#[component]
pub fn InviteUser(list: Answer<UserList>) -> impl IntoView {
    let fields = |list: UserList| {
        view! {
            <RoleField roles=list.roles value=Role::User/>
            <OrganizationField organizations=list.organizations/>
        }
    };
    let what_follows =
        tr!("You get a link to pass on, by which the person chooses a password within {} hours.", LINK_HOURS);
    view! {
        <Dialog title=tr!("Invite User")>
            <Form<InviteUserFn>>
                <div class="dialog-body">
                    <p class="dialog-lead">{what_follows}</p>
                    <Field name="email" label=tr!("Email") kind=Kind::EmailOfOther required=true focused=true/>
                    {loaded_quietly(list, fields)}
                </div>
                <DialogFooter>
                    <Submit label=tr!("Invite") pending=tr!("Inviting…")/>
                </DialogFooter>
            </Form<InviteUserFn>>
        </Dialog>
    }
}
