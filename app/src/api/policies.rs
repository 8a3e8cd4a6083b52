//! Backup policies.

use leptos::prelude::*;
use model::{
    form::Done,
    ids::ProjectId,
    policy::{PolicyForm, PolicyRef, PolicyRow},
    schedule::CronPreview,
};

use crate::api::ApiError;

#[server(endpoint = "policies/list", input = leptos::server_fn::codec::Json)]
pub async fn list_policies(project: ProjectId) -> Result<Vec<PolicyRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::list(&acting, &services, project).await?)
}

#[server(endpoint = "policies/add")]
pub async fn add_policy(form: PolicyForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::add(&acting, &services, &form).await?)
}

/// Ends the schedule; its backups stay until their retention ends.
#[server(endpoint = "policies/delete")]
pub async fn delete_policy(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::delete(&acting, &services, &form).await?)
}

/// Queues a backup now, with what the policy includes.
#[server(endpoint = "policies/run_now")]
pub async fn run_policy_now(form: PolicyRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::policies::run_now(&acting, &services, &form).await?)
}

/// What a cron expression means in words, and the next five runs.
#[allow(clippy::unused_async, reason = "a server function is asked across the network")]
#[server(endpoint = "policies/preview_cron", input = leptos::server_fn::codec::Json)]
pub async fn preview_cron(expression: String, time_zone: String) -> Result<CronPreview, ApiError> {
    let (_, services) = super::server::signed_in()?;
    Ok(services::policies::preview(&services, &expression, &time_zone)?)
}
