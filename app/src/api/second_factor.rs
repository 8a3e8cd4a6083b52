//! The second factor of the person who asks. Who must set one up first may ask for these, and to sign out; for nothing
//! else.

use leptos::prelude::*;
use model::{
    form::Done,
    second_factor::{CodeForm, PasswordForm, SecondFactorView},
};

use crate::api::ApiError;

#[server(endpoint = "second_factor/get", input = leptos::server_fn::codec::Json)]
pub async fn get_second_factor() -> Result<SecondFactorView, ApiError> {
    let (acting, services) = super::server::signed_in_or_setting_up()?;
    Ok(services::second_factor::get(&acting, &services).await?)
}

/// Drafts a secret and recovery codes; they count once a code confirms them.
#[server(endpoint = "second_factor/begin")]
pub async fn begin_second_factor(form: PasswordForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in_or_setting_up()?;
    Ok(services::second_factor::begin(&acting, &services, &form).await?)
}

#[server(endpoint = "second_factor/confirm")]
pub async fn confirm_second_factor(form: CodeForm) -> Result<Done, ApiError> {
    let ((acting, services), session) = (super::server::signed_in_or_setting_up()?, super::server::session()?);
    Ok(services::second_factor::confirm(&acting, &services, &session, &form).await?)
}

#[server(endpoint = "second_factor/turn_off")]
pub async fn turn_off_second_factor(form: PasswordForm) -> Result<Done, ApiError> {
    let ((acting, services), session) = (super::server::signed_in()?, super::server::session()?);
    Ok(services::second_factor::turn_off(&acting, &services, &session, &form).await?)
}

/// Drafts other recovery codes; the ones from before count until these are used.
#[server(endpoint = "second_factor/new_codes")]
pub async fn new_recovery_codes(form: PasswordForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::second_factor::new_codes(&acting, &services, &form).await?)
}

#[server(endpoint = "second_factor/use_codes")]
pub async fn use_recovery_codes() -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::second_factor::use_codes(&acting, &services).await?)
}
