//! The question before a user's second factor is taken away.

use leptos::prelude::*;
use model::user::UserList;

use super::table::named_user;
use crate::{
    api::users::ResetUserSecondFactor,
    components::{answer::Answer, confirm::Confirm, loaded::loaded_quietly},
};

#[component]
pub fn ResetSecondFactor(list: Answer<UserList>) -> impl IntoView {
    let id = named_user();
    let consequence = move |list: UserList| {
        let row = list.page.rows.into_iter().find(|row| row.id == id);
        let who = row.map_or_else(|| tr!("User number {}", id), |row| row.email);
        view! { <p><strong>{who}</strong> {tr!(" signs in with the password alone.")}</p> }
    };
    view! {
        <Confirm<ResetUserSecondFactor>
            title=tr!("Reset Second Factor")
            hidden=vec![("user", id.to_string())]
            action=tr!("Reset Second Factor")
            pending=tr!("Resetting…")
        >
            {loaded_quietly(list, consequence)}
            <p>{tr!("Do this only when you are sure who asks for it. Open sessions end, and the recovery codes are worth nothing.")}</p>
        </Confirm<ResetUserSecondFactor>>
    }
}
