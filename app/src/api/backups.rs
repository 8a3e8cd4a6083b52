//! Backups of a project.

use leptos::prelude::*;
use model::{
    backup::{BackupRef, BackupRow, BrowseQuery, BrowseView},
    form::Done,
    ids::ProjectId,
    list::{ListQuery, Page},
};

use crate::api::ApiError;

/// Newest first.
#[server(endpoint = "backups/list", input = leptos::server_fn::codec::Json)]
pub async fn list_backups(project: ProjectId, query: ListQuery) -> Result<Page<BackupRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::list(&acting, &services, project, &query).await?)
}

/// One folder of a backup, or what a search in it found.
#[server(endpoint = "backups/browse", input = leptos::server_fn::codec::Json)]
pub async fn browse_backup(query: BrowseQuery) -> Result<BrowseView, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::browse::folder(&acting, &services, &query).await?)
}

/// Asks a queued or running backup to stop.
#[server(endpoint = "backups/cancel")]
pub async fn cancel_backup(form: BackupRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::cancel(&acting, &services, &form).await?)
}

/// Removes a backup that is not running, and its snapshot from the bucket.
#[server(endpoint = "backups/delete")]
pub async fn delete_backup(form: BackupRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::delete(&acting, &services, &form).await?)
}
