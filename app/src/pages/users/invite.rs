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
        form::CheckedForm,
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
            <CheckedForm<InviteUserFn> check=|call: &InviteUserFn| call.form.parse().err()>
                <div class="dialog-body">
                    <p class="dialog-lead">{what_follows}</p>
                    <Field name="email" label=tr!("Email") kind=Kind::EmailOfOther required=true focused=true/>
                    {loaded_quietly(list, fields)}
                </div>
                <DialogFooter>
                    <Submit label=tr!("Invite") pending=tr!("Inviting…")/>
                </DialogFooter>
            </CheckedForm<InviteUserFn>>
        </Dialog>
    }
}
