//! The question before a user is removed.

use leptos::prelude::*;
use model::user::UserList;

use super::table::named_user;
use crate::{
    api::users::RemoveUser as RemoveUserFn,
    components::{answer::Answer, confirm::Confirm, loaded::loaded_quietly},
};

#[component]
pub fn RemoveUser(list: Answer<UserList>) -> impl IntoView {
    let id = named_user();
    let consequence = move |list: UserList| {
        let row = list.page.rows.into_iter().find(|row| row.id == id);
        let who = row.map_or_else(|| tr!("User number {}", id), |row| row.email);
        view! { <p><strong>{who}</strong> {tr!(" can no longer sign in.")}</p> }
    };
    view! {
        <Confirm<RemoveUserFn>
            title=tr!("Remove User")
            hidden=vec![("user", id.to_string())]
            action=tr!("Remove User")
            pending=tr!("Removing…")
        >
            {loaded_quietly(list, consequence)}
            <p>{tr!("Open sessions end at once. What the person did stays in the audit log.")}</p>
        </Confirm<RemoveUserFn>>
    }
}
