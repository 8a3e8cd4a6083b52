//! Backup credentials.

use leptos::prelude::*;
use model::{
    credential::{
        CredentialForm, CredentialList, CredentialRef, CredentialRow, CredentialUpdateForm, MoveEndpointForm,
    },
    form::Done,
    ids::CredentialId,
    list::ListQuery,
};

use crate::api::ApiError;

#[server(endpoint = "credentials/list", input = leptos::server_fn::codec::Json)]
pub async fn list_credentials(query: ListQuery) -> Result<CredentialList, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::list(&acting, &services, &query).await?)
}

/// One credential, as it is now.
#[server(endpoint = "credentials/get", input = leptos::server_fn::codec::Json)]
pub async fn get_credential(credential: CredentialId) -> Result<CredentialRow, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::get(&acting, &services, credential).await?)
}

/// Checks the keys against the endpoint, then stores them.
#[server(endpoint = "credentials/add")]
pub async fn add_credential(form: CredentialForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::add(&acting, &services, &form).await?)
}

/// Checks the keys against the endpoint, then stores them. An empty secret keeps the stored one.
#[server(endpoint = "credentials/update")]
pub async fn update_credential(form: CredentialUpdateForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::update(&acting, &services, &form).await?)
}

/// Follows the service to another address, where the same repositories are.
#[server(endpoint = "credentials/move_endpoint")]
pub async fn move_credential(form: MoveEndpointForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::move_endpoint(&acting, &services, &form).await?)
}

#[server(endpoint = "credentials/set_default")]
pub async fn set_default_credential(form: CredentialRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::set_default(&acting, &services, &form).await?)
}

/// Disables the credential for backups; restores and downloads go on working.
#[server(endpoint = "credentials/lock")]
pub async fn lock_credential(form: CredentialRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::lock(&acting, &services, &form).await?)
}

#[server(endpoint = "credentials/unlock")]
pub async fn unlock_credential(form: CredentialRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::unlock(&acting, &services, &form).await?)
}

/// Tries whether the stored keys still work.
#[server(endpoint = "credentials/check")]
pub async fn check_credential(form: CredentialRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::check_now(&acting, &services, &form).await?)
}

/// Deletes a credential that is not locked and that no project uses.
#[server(endpoint = "credentials/delete")]
pub async fn delete_credential(form: CredentialRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::delete(&acting, &services, &form).await?)
}
