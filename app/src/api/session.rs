//! First run, sign in, sign out.

use leptos::prelude::*;
use model::{
    form::Done,
    people::{SetupForm, SetupState, SignInForm, SignInOptions},
    second_factor::CodeForm,
};

use crate::api::ApiError;

/// Whether the first-run page is open, and whether it asks for the code.
#[server(endpoint = "session/setup_state", input = leptos::server_fn::codec::Json)]
pub async fn get_setup_state() -> Result<SetupState, ApiError> {
    let services = super::server::services()?;
    Ok(services::setup::state(&services, super::server::setup_code_needed()).await?)
}

/// Makes the partner account, its first organization and the first Partner, who is signed in.
#[server(endpoint = "session/set_up")]
pub async fn set_up(form: SetupForm) -> Result<Done, ApiError> {
    let (services, session) = (super::server::services()?, super::server::session()?);
    let code_required = super::server::setup_code_needed();
    Ok(services::setup::create_account(&services, &session, super::server::address(), code_required, &form).await?)
}

/// What the sign-in page offers.
#[allow(clippy::unused_async, reason = "a server function is asked across the network")]
#[server(endpoint = "session/options", input = leptos::server_fn::codec::Json)]
pub async fn get_sign_in_options() -> Result<SignInOptions, ApiError> {
    Ok(services::openid::options(&super::server::services()?))
}

#[server(endpoint = "session/sign_in")]
pub async fn sign_in(form: SignInForm) -> Result<Done, ApiError> {
    let (services, session) = (super::server::services()?, super::server::session()?);
    Ok(services::sessions::sign_in(&services, &session, super::server::address(), &form).await?)
}

/// The second step, for who has a second factor.
#[server(endpoint = "session/sign_in_with_code")]
pub async fn sign_in_with_code(form: CodeForm) -> Result<Done, ApiError> {
    let (services, session) = (super::server::services()?, super::server::session()?);
    Ok(services::sessions::sign_in_with_code(&services, &session, super::server::address(), &form).await?)
}

#[server(endpoint = "session/sign_out")]
pub async fn sign_out() -> Result<Done, ApiError> {
    let (services, session) = (super::server::services()?, super::server::session()?);
    Ok(services::sessions::sign_out(&services, &session, super::server::address()).await?)
}
