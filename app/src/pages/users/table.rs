//! The list of users.

use leptos::prelude::*;
use model::{
    ids::UserId,
    user::{SignsIn, UserList, UserRow},
};

use crate::{
    address::{named_row, use_address},
    api::users::ResetUserPassword,
    components::{
        action_button::ActionButton,
        answer::Answer,
        dialog::DialogLink,
        empty::NothingFound,
        loaded::EVERYTHING,
        pager::{PageFacts, Pager},
        phase::{Badge, Look},
        rows::{Rows, listed},
        sort_header::SortHeader,
        time::Time,
    },
};

/// The user that an open dialog is about. What is no number becomes 0, which no user has.
pub fn named_user() -> UserId {
    UserId(named_row())
}

#[component]
pub fn UserTable(list: Answer<UserList>) -> impl IntoView {
    let address = use_address();
    let none = move || view! { <NothingFound all=address.read_untracked().path()/> };
    listed(list, EVERYTHING, |list| &list.page, none, |rows, facts| view! { <Table rows=rows facts=facts/> })
}

#[component]
fn Table(rows: Signal<Vec<UserRow>>, facts: Signal<PageFacts>) -> impl IntoView {
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="sr-only">{tr!("Users")}</caption>
                <thead>
                    <tr>
                        <SortHeader column="email" label=tr!("Email")/>
                        <SortHeader column="role" label=tr!("Role")/>
                        <SortHeader column="organization" label=tr!("Organization")/>
                        <SortHeader column="created" label=tr!("Created")/>
                        <th scope="col" class="actions">
                            {tr!("Actions")}
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <Rows rows=rows key=|row| row.id draw=|row| view! { <Row row=row/> }/>
                </tbody>
            </table>
        </div>
        <Pager facts=facts/>
    }
}

#[component]
fn Row(row: UserRow) -> impl IntoView {
    let (id, role) = (row.id.0, row.role.as_str());
    let look = match row.signs_in {
        SignsIn::NotYet => Some(Look::INVITED),
        SignsIn::WithProvider => Some(Look::PROVIDER),
        SignsIn::WithPassword => None,
        SignsIn::WithSecondFactor => Some(Look::SECOND_FACTOR),
    };
    let actions = row.may_manage.then(|| view! { <RowActions id=id own=row.own signs_in=row.signs_in/> });
    view! {
        <tr>
            <td data-label=tr!("Email") class="break">
                <span class="with-marks">
                    <span class="row-title">{row.email}</span>
                    {row.own.then(|| view! { <Badge look=Look::OWN_USER/> })}
                    {look.map(|look| view! { <Badge look=look/> })}
                </span>
            </td>
            <td data-label=tr!("Role")>{tr!(role)}</td>
            <td data-label=tr!("Organization")>{row.organization}</td>
            <td data-label=tr!("Created")>
                <Time at=row.created/>
            </td>
            <td data-label=tr!("Actions") class="actions">
                {actions}
            </td>
        </tr>
    }
}

#[component]
fn RowActions(id: i64, own: bool, signs_in: SignsIn) -> impl IntoView {
    // One's own is turned off in the profile, with the password.
    let lost = (signs_in == SignsIn::WithSecondFactor && !own).then(|| {
        view! {
            <DialogLink name="second-factor" id=id label=tr!("Reset Second Factor")/>
        }
    });
    // Nobody removes themselves.
    let remove = (!own).then(|| {
        view! {
            <DialogLink name="delete" id=id label=tr!("Remove User")/>
        }
    });
    view! {
        <div class="action-row action-row-wide">
            <DialogLink name="update" id=id label=tr!("Change Role")/>
            <ActionButton<ResetUserPassword>
                hidden=vec![("user", id.to_string())]
                label=tr!("Reset Password")
                pending=tr!("Making a link…")
            />
            {lost}
            {remove}
        </div>
    }
}
