//! The repository of a project, and its maintenance.

use leptos::prelude::*;
use model::{
    form::Done,
    ids::ProjectId,
    maintenance::{MaintenanceRef, RepositoryView, VerifyForm},
    project::ProjectRef,
};

use crate::api::ApiError;

/// What is known of a project's repository, and what was done to it lately.
#[server(endpoint = "maintenance/get", input = leptos::server_fn::codec::Json)]
pub async fn get_repository(project: ProjectId) -> Result<RepositoryView, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::maintenance::get(&acting, &services, project).await?)
}

/// Queues a verification.
#[server(endpoint = "maintenance/verify")]
pub async fn verify_repository(form: VerifyForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::maintenance::verify(&acting, &services, &form).await?)
}

/// Queues the removal of what no backup needs.
#[server(endpoint = "maintenance/prune")]
pub async fn prune_repository(form: ProjectRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::maintenance::prune(&acting, &services, &form).await?)
}

/// Queues a repair of what is damaged.
#[server(endpoint = "maintenance/repair")]
pub async fn repair_repository(form: ProjectRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::maintenance::repair(&acting, &services, &form).await?)
}

/// Asks a queued or running maintenance to stop.
#[server(endpoint = "maintenance/cancel")]
pub async fn cancel_maintenance(form: MaintenanceRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::maintenance::cancel(&acting, &services, &form).await?)
}
