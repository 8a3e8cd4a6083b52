//! Backup credentials.

use leptos::prelude::*;
use model::{
    credential::{CredentialForm, CredentialList},
    form::Done,
    list::ListQuery,
};

use crate::api::ApiError;

#[server(endpoint = "credentials/list", input = leptos::server_fn::codec::Json)]
pub async fn list_credentials(query: ListQuery) -> Result<CredentialList, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::list(&acting, &services, &query).await?)
}

/// Checks the keys against the endpoint, then stores them.
#[server(endpoint = "credentials/add")]
pub async fn add_credential(form: CredentialForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::credentials::add(&acting, &services, &form).await?)
}
