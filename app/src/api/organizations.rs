//! Organizations.

use leptos::prelude::*;
use model::{
    form::Done,
    organization::{OrganizationForm, OrganizationRef, OrganizationRow},
};

use crate::api::ApiError;

#[server(endpoint = "organizations/list", input = leptos::server_fn::codec::Json)]
pub async fn list_organizations() -> Result<Vec<OrganizationRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::organizations::list(&acting, &services).await?)
}

#[server(endpoint = "organizations/add")]
pub async fn add_organization(form: OrganizationForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::organizations::add(&acting, &services, &form).await?)
}

#[server(endpoint = "organizations/update")]
pub async fn update_organization(form: OrganizationForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::organizations::update(&acting, &services, &form).await?)
}

/// Removes an organization that has no users, projects or credentials.
#[server(endpoint = "organizations/remove")]
pub async fn remove_organization(form: OrganizationRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::organizations::remove(&acting, &services, &form).await?)
}
