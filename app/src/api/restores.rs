//! Restores of a project's backups.

use leptos::prelude::*;
use model::{
    form::Done,
    ids::ProjectId,
    list::{ListQuery, Page},
    restore::{RestoreForm, RestoreRef, RestoreRow},
};

use crate::api::ApiError;

/// Newest first.
#[server(endpoint = "restores/list", input = leptos::server_fn::codec::Json)]
pub async fn list_restores(project: ProjectId, query: ListQuery) -> Result<Page<RestoreRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::restores::list(&acting, &services, project, &query).await?)
}

/// Queues a restore.
#[server(endpoint = "restores/add")]
pub async fn restore_backup(form: RestoreForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::restores::add(&acting, &services, &form).await?)
}

/// Asks a queued or running restore to stop.
#[server(endpoint = "restores/cancel")]
pub async fn cancel_restore(form: RestoreRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::restores::cancel(&acting, &services, &form).await?)
}

/// Removes the record of a restore that is not running. What was restored stays.
#[server(endpoint = "restores/delete")]
pub async fn delete_restore(form: RestoreRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::restores::delete(&acting, &services, &form).await?)
}
