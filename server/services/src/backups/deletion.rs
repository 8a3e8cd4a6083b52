//! Deleting backups: marked first, removed when the delay is over, taken back until then.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, BackupRef, RemoveBackupForm, RestorePhase},
    follow::Reversal,
    form::Done,
    ids::BackupId,
    permission::Action,
    time,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};

use super::{find, record, tab};
use crate::{
    acting::Acting,
    audit::Deed,
    context::Services,
    entity::{
        backup::{self, Column},
        policy, project, restore,
    },
    error::{Refusal, ServiceError},
    progress::RunConflict,
    repositories, wake,
};

const BACKUP_DELETED: Deed = Deed::new("backup deleted");
const DELETION_UNDONE: Deed = Deed::new("deletion of a backup undone");
const BACKUP_REMOVED: Deed = Deed::new("backup removed before its time");

/// Why a backup cannot be deleted, or its deletion not be undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeletionConflict {
    #[error("{}", tr!("This backup is being deleted already"))]
    BeingDeleted,
    #[error("{}", tr!("This backup is kept on purpose. Let it go first"))]
    KeptOnPurpose,
    #[error("{}", tr!("This backup is not marked for deletion"))]
    NotMarked,
    #[error("{}", tr!("This backup is being removed from the bucket already. It is too late to take it back"))]
    TooLate,
}

impl Refusal for DeletionConflict {}

/// Deletes a backup that is not running: its record at once where it has no data. Otherwise it is marked, and a worker
/// removes its snapshot from the bucket when the delay is over.
pub async fn delete(acting: &Acting, services: &Services, form: &BackupRef) -> Result<Done, ServiceError> {
    let id = named(form)?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let (row, project) = held(acting, &tx, id).await?;
    if row.phase == BackupPhase::Deleting || row.delete_after.is_some() {
        return Err(DeletionConflict::BeingDeleted.into());
    }
    if row.kept_at.is_some() {
        return Err(DeletionConflict::KeptOnPurpose.into());
    }
    if row.phase.is_active() || is_being_restored(&tx, row.id).await? {
        return Err(RunConflict::StillRunning.into());
    }
    let waits = row.snapshot.is_some() && services.deletion_time(now) > now;
    let message = if row.snapshot.is_some() {
        mark(&tx, acting, services, &row, now).await?
    } else {
        backup::Entity::delete_by_id(row.id).exec(&tx).await?;
        tr!("Backup {} deleted", row.name)
    };
    record(&tx, acting, services, BACKUP_DELETED, (&row, &project)).await?;
    tx.commit().await?;
    wake::one(services).await;
    let done = Done::new(message, tab(project.id));
    Ok(if waits { done.or_undo(Reversal::RestoreBackup(id)) } else { done })
}

/// The backup with its policy held, so that retention does not take the others while this one goes.
async fn held(
    acting: &Acting,
    tx: &DatabaseTransaction,
    id: BackupId,
) -> Result<(backup::Model, project::Model), ServiceError> {
    let (row, project) = find(acting, tx, Action::ManageProjects, id).await?;
    if let Some(policy) = row.policy_id {
        policy::Entity::find_by_id(policy).lock_exclusive().one(tx).await?;
    }
    let row = backup::Entity::find_by_id(row.id).lock_exclusive().one(tx).await?.ok_or(ServiceError::NotFound)?;
    Ok((row, project))
}

async fn mark(
    tx: &DatabaseTransaction,
    acting: &Acting,
    services: &Services,
    row: &backup::Model,
    now: DateTime<Utc>,
) -> Result<String, ServiceError> {
    // Refused here rather than failing in the background: only a repository in use can be reached.
    repositories::by_id(tx, row.repository_id).await?;
    let after = services.deletion_time(now);
    backup::Entity::update_many()
        .col_expr(Column::DeleteAfter, Expr::value(after))
        .col_expr(Column::DeletedBy, Expr::value(acting.actor.email.as_str()))
        .filter(Column::Id.eq(row.id))
        .exec(tx)
        .await?;
    Ok(if after > now {
        tr!("Backup {} deleted. It can be taken back until {}", row.name, time::text(after))
    } else {
        tr!("Backup {} deleted", row.name)
    })
}

/// Takes a marked backup back. One whose retention had ended is kept on purpose from then on: otherwise it would be marked
/// again at once.
pub async fn undo_deletion(acting: &Acting, services: &Services, form: &BackupRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = held(acting, &tx, named(form)?).await?;
    marked(&row)?;
    let (by, now) = (acting.actor.email.as_str(), services.clock().now());
    let mut back = backup::Entity::update_many()
        .col_expr(Column::DeleteAfter, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(Column::DeletedBy, Expr::value(Option::<String>::None))
        .filter(Column::Id.eq(row.id));
    let message = if row.deleted_by.is_none() {
        back = back.col_expr(Column::KeptAt, Expr::value(now)).col_expr(Column::KeptBy, Expr::value(by));
        tr!("Backup {} is back, and kept until somebody lets it go", row.name)
    } else {
        tr!("Backup {} is back", row.name)
    };
    back.exec(&tx).await?;
    record(&tx, acting, services, DELETION_UNDONE, (&row, &project)).await?;
    tx.commit().await?;
    Ok(Done::new(message, tab(project.id)))
}

/// Has a marked backup whose name was typed removed without waiting for its time.
pub async fn remove_now(acting: &Acting, services: &Services, form: &RemoveBackupForm) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let (row, project) = held(acting, &tx, id).await?;
    marked(&row)?;
    if form.confirm_name.trim() != row.name {
        return Err(ServiceError::at("confirm_name", tr!("Type the backup's name, {}, to remove it", row.name)));
    }
    backup::Entity::update_many()
        .col_expr(Column::DeleteAfter, Expr::value(services.clock().now()))
        .col_expr(Column::DeletedBy, Expr::value(acting.actor.email.as_str()))
        .filter(Column::Id.eq(row.id))
        .exec(&tx)
        .await?;
    record(&tx, acting, services, BACKUP_REMOVED, (&row, &project)).await?;
    tx.commit().await?;
    wake::one(services).await;
    Ok(Done::new(tr!("Backup {} is being removed from the bucket", row.name), tab(project.id)))
}

/// That it is marked, and nobody has begun to remove it.
fn marked(row: &backup::Model) -> Result<(), DeletionConflict> {
    match (row.phase, row.delete_after) {
        (BackupPhase::Deleting, _) => Err(DeletionConflict::TooLate),
        (_, None) => Err(DeletionConflict::NotMarked),
        (_, Some(_)) => Ok(()),
    }
}

fn named(form: &BackupRef) -> Result<BackupId, ServiceError> {
    form.backup().map_err(|_| ServiceError::NotFound)
}

/// Whether a restore of it waits or works.
pub(crate) async fn is_being_restored(db: &impl ConnectionTrait, backup: i64) -> Result<bool, DbErr> {
    let active = [RestorePhase::Queued, RestorePhase::InProgress];
    let restores = restore::Entity::find()
        .filter(restore::Column::BackupId.eq(backup))
        .filter(restore::Column::Phase.is_in(active));
    Ok(restores.count(db).await? > 0)
}
