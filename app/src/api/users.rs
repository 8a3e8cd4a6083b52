//! Users.

use leptos::prelude::*;
use model::{
    form::Done,
    list::ListQuery,
    names::Hidden,
    user::{InviteForm, LinkView, NewPasswordForm, RoleForm, UserList, UserRef},
};

use crate::api::ApiError;

#[server(endpoint = "users/list", input = leptos::server_fn::codec::Json)]
pub async fn list_users(query: ListQuery) -> Result<UserList, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::users::list(&acting, &services, &query).await?)
}

/// Adds a user without a password; the answer has the one-time link by which one is set.
#[server(endpoint = "users/invite")]
pub async fn invite_user(form: InviteForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::users::invite(&acting, &services, &form).await?)
}

/// The answer has the one-time link by which the user sets another password.
#[server(endpoint = "users/reset_password")]
pub async fn reset_user_password(form: UserRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::users::reset_password(&acting, &services, &form).await?)
}

/// Takes the second factor of somebody who has lost it.
#[server(endpoint = "users/reset_second_factor")]
pub async fn reset_user_second_factor(form: UserRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::users::reset_second_factor(&acting, &services, &form).await?)
}

/// Ends the user's sessions too: the new role begins with a new sign-in.
#[server(endpoint = "users/change_role")]
pub async fn change_user_role(form: RoleForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::users::change_role(&acting, &services, &form).await?)
}

/// Removes a user and ends the user's sessions.
#[server(endpoint = "users/remove")]
pub async fn remove_user(form: UserRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::users::remove(&acting, &services, &form).await?)
}

/// Whom a one-time link is for. Nobody need be signed in.
#[server(endpoint = "users/look_at_link", input = leptos::server_fn::codec::Json)]
pub async fn look_at_link(token: Hidden) -> Result<LinkView, ApiError> {
    let services = super::server::services()?;
    Ok(services::users::look_at_link(&services, &token).await?)
}

/// Sets the password of whom the link is for, and signs the person in.
#[server(endpoint = "users/set_password")]
pub async fn set_password_by_link(form: NewPasswordForm) -> Result<Done, ApiError> {
    let (services, session) = (super::server::services()?, super::server::session()?);
    let address = super::server::address();
    Ok(services::users::set_password_by_link(&services, &session, address, &form).await?)
}
