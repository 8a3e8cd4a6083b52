//! Keeping a backup on purpose, and acknowledging an unusual one.

use model::{
    backup::{BackupRef, KeepBackupForm},
    form::Done,
    permission::Action,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::{deletion::DeletionConflict, find, record, tab};
use crate::{
    acting::Acting,
    audit::Deed,
    context::Services,
    error::{Refusal, ServiceError},
};

const BACKUP_KEPT: Deed = Deed::new("backup kept on purpose");
const BACKUP_LET_GO: Deed = Deed::new("backup let go");
const BACKUP_ACKNOWLEDGED: Deed = Deed::new("unusual backup acknowledged");

/// Why a backup cannot be kept, let go or acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeepConflict {
    #[error("{}", tr!("This backup is kept already"))]
    AlreadyKept,
    #[error("{}", tr!("This backup has no data to keep, because it did not complete"))]
    NothingToKeep,
    #[error("{}", tr!("This backup is not kept on purpose"))]
    NotKept,
    #[error("{}", tr!("There is nothing to acknowledge about this backup"))]
    NothingToAcknowledge,
}

impl Refusal for KeepConflict {}

/// Keeps a backup whatever its retention period, until somebody lets it go.
pub async fn keep(acting: &Acting, services: &Services, form: &KeepBackupForm) -> Result<Done, ServiceError> {
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let note = form.note()?;
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, Action::ManageProjects, id).await?;
    if !row.phase.has_snapshot() {
        return Err(KeepConflict::NothingToKeep.into());
    }
    if row.delete_after.is_some() {
        return Err(DeletionConflict::BeingDeleted.into());
    }
    if row.kept_at.is_some() {
        return Err(KeepConflict::AlreadyKept.into());
    }
    let mut change = row.clone().into_active_model();
    change.kept_at = Set(Some(services.clock().now()));
    change.kept_by = Set(Some(acting.actor.email.clone()));
    change.kept_note = Set(note);
    change.update(&tx).await?;
    record(&tx, acting, services, BACKUP_KEPT, (&row, &project)).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Backup {} is kept until somebody lets it go", row.name), tab(project.id)))
}

/// Lets a kept backup go on by its retention period.
pub async fn let_go(acting: &Acting, services: &Services, form: &BackupRef) -> Result<Done, ServiceError> {
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, Action::ManageProjects, id).await?;
    if row.kept_at.is_none() {
        return Err(KeepConflict::NotKept.into());
    }
    let mut change = row.clone().into_active_model();
    change.kept_at = Set(None);
    change.kept_by = Set(None);
    change.kept_note = Set(None);
    change.update(&tx).await?;
    record(&tx, acting, services, BACKUP_LET_GO, (&row, &project)).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Backup {} goes when its retention period ends", row.name), tab(project.id)))
}

/// Notes that somebody has seen that a backup is unusual: retention goes on.
pub async fn acknowledge(acting: &Acting, services: &Services, form: &BackupRef) -> Result<Done, ServiceError> {
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, Action::ManageProjects, id).await?;
    if row.unusual.is_none() || row.acknowledged_at.is_some() {
        return Err(KeepConflict::NothingToAcknowledge.into());
    }
    let mut change = row.clone().into_active_model();
    change.acknowledged_at = Set(Some(services.clock().now()));
    change.acknowledged_by = Set(Some(acting.actor.email.clone()));
    change.update(&tx).await?;
    record(&tx, acting, services, BACKUP_ACKNOWLEDGED, (&row, &project)).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Backup {} acknowledged", row.name), tab(project.id)))
}
