//! Backups of a project.

use leptos::prelude::*;
use model::{
    backup::{BackupRef, BackupRow, BrowseQuery, BrowseView, BrowsedBackup, KeepBackupForm, RemoveBackupForm},
    form::Done,
    ids::{BackupId, ProjectId},
    list::{ListQuery, Page},
};

use crate::api::ApiError;

/// Newest first.
#[server(endpoint = "backups/list", input = leptos::server_fn::codec::Json)]
pub async fn list_backups(project: ProjectId, query: ListQuery) -> Result<Page<BackupRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::list(&acting, &services, project, &query).await?)
}

/// A backup that is looked into. Answered without asking S3, unlike what is in it.
#[server(endpoint = "backups/browsed", input = leptos::server_fn::codec::Json)]
pub async fn get_browsed_backup(project: ProjectId, backup: BackupId) -> Result<BrowsedBackup, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::browse::backup(&acting, &services, project, backup).await?)
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

/// Marks a backup that is not running for deletion, or removes the record of one that has no data.
#[server(endpoint = "backups/delete")]
pub async fn delete_backup(form: BackupRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::delete(&acting, &services, &form).await?)
}

/// Takes a marked backup back.
#[server(endpoint = "backups/undo_deletion")]
pub async fn undo_backup_deletion(form: BackupRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::undo_deletion(&acting, &services, &form).await?)
}

/// Has a marked backup whose name was typed removed without waiting for its time.
#[server(endpoint = "backups/remove_now")]
pub async fn remove_backup_now(form: RemoveBackupForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::remove_now(&acting, &services, &form).await?)
}

/// Keeps a backup whatever its retention period.
#[server(endpoint = "backups/keep")]
pub async fn keep_backup(form: KeepBackupForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::keep(&acting, &services, &form).await?)
}

/// Lets a kept backup go on by its retention period.
#[server(endpoint = "backups/let_go")]
pub async fn let_backup_go(form: BackupRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::let_go(&acting, &services, &form).await?)
}

/// Notes that somebody has seen that a backup is unusual.
#[server(endpoint = "backups/acknowledge")]
pub async fn acknowledge_backup(form: BackupRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::backups::acknowledge(&acting, &services, &form).await?)
}
