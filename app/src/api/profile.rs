//! What everybody sees and changes of themselves.

use leptos::prelude::*;
use model::{
    form::Done,
    profile::{ChangePasswordForm, ProfileView, SessionRef},
};

use crate::api::ApiError;

#[server(endpoint = "profile/get", input = leptos::server_fn::codec::Json)]
pub async fn get_profile() -> Result<ProfileView, ApiError> {
    let ((acting, services), session) = (super::server::signed_in()?, super::server::session()?);
    Ok(services::profile::get(&acting, &services, &session).await?)
}

/// Changes the password and ends the person's other sessions.
#[server(endpoint = "profile/change_password")]
pub async fn change_password(form: ChangePasswordForm) -> Result<Done, ApiError> {
    let ((acting, services), session) = (super::server::signed_in()?, super::server::session()?);
    Ok(services::profile::change_password(&acting, &services, &session, &form).await?)
}

#[server(endpoint = "profile/end_session")]
pub async fn end_session(form: SessionRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::profile::end_session(&acting, &services, &form).await?)
}
