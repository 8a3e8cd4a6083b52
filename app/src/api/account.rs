//! The account.

use leptos::prelude::*;
use model::{
    form::Done,
    second_factor::{AccountForm, AccountView},
};

use crate::api::ApiError;

#[server(endpoint = "account/get", input = leptos::server_fn::codec::Json)]
pub async fn get_account() -> Result<AccountView, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::account::get(&acting, &services).await?)
}

#[server(endpoint = "account/save")]
pub async fn save_account(form: AccountForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::account::save(&acting, &services, &form).await?)
}
