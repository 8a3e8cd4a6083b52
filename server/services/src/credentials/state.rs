//! The state of a backup credential: default, locked, gone.

use chrono::{DateTime, Utc};
use model::{credential::CredentialRef, follow::Reversal, form::Done, ids::CredentialId};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, sea_query::Expr,
};

use super::{PAGE, find_for_change, refuse_while_removing, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    credentials::CredentialConflict,
    entity::{backup_credential, repository},
    error::ServiceError,
};

const CREDENTIAL_MADE_DEFAULT: Deed = Deed::new("backup credential made the default");
const CREDENTIAL_LOCKED: Deed = Deed::new("backup credential locked");
const CREDENTIAL_UNLOCKED: Deed = Deed::new("backup credential unlocked");
const CREDENTIAL_DELETED: Deed = Deed::new("backup credential deleted");

/// Makes the credential its organization's default, in place of the one that was.
pub async fn set_default(acting: &Acting, services: &Services, form: &CredentialRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let row = find_for_change(acting, &tx, form).await?;
    if row.locked {
        return Err(CredentialConflict::CredentialIsLocked.into());
    }
    if row.is_default {
        return Err(CredentialConflict::CredentialIsDefault.into());
    }
    let before = backup_credential::Entity::find()
        .filter(backup_credential::Column::OrganizationId.eq(row.organization_id))
        .filter(backup_credential::Column::IsDefault.eq(true))
        .one(&tx)
        .await?;
    backup_credential::Entity::update_many()
        .col_expr(backup_credential::Column::IsDefault, Expr::value(false))
        .filter(backup_credential::Column::OrganizationId.eq(row.organization_id))
        .filter(backup_credential::Column::IsDefault.eq(true))
        .exec(&tx)
        .await?;
    let mut change = row.clone().into_active_model();
    change.is_default = Set(true);
    change.update(&tx).await?;
    record(&tx, acting, services, CREDENTIAL_MADE_DEFAULT, &row).await?;
    tx.commit().await?;
    let done = Done::new(tr!("Backup credential {} is the default now", row.s3_name), PAGE);
    Ok(match before {
        Some(before) if !before.locked => done.or_undo(Reversal::DefaultCredential(CredentialId(before.id))),
        _ => done,
    })
}

/// Disables the credential for backups. Restores and downloads go on working.
pub async fn lock(acting: &Acting, services: &Services, form: &CredentialRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let row = find_for_change(acting, &tx, form).await?;
    if row.locked {
        return Err(CredentialConflict::CredentialAlreadyLocked.into());
    }
    set_locked(&tx, acting, services.clock().now(), &row, true).await?;
    record(&tx, acting, services, CREDENTIAL_LOCKED, &row).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Backup credential {} locked", row.s3_name), PAGE)
        .or_undo(Reversal::UnlockCredential(CredentialId(row.id))))
}

/// Enables the credential for backups again.
pub async fn unlock(acting: &Acting, services: &Services, form: &CredentialRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let row = find_for_change(acting, &tx, form).await?;
    if !row.locked {
        return Err(CredentialConflict::CredentialAlreadyUnlocked.into());
    }
    set_locked(&tx, acting, services.clock().now(), &row, false).await?;
    record(&tx, acting, services, CREDENTIAL_UNLOCKED, &row).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Backup credential {} unlocked", row.s3_name), PAGE)
        .or_undo(Reversal::LockCredential(CredentialId(row.id))))
}

/// Deletes a credential that is not locked and that no project uses.
pub async fn delete(acting: &Acting, services: &Services, form: &CredentialRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let row = find_for_change(acting, &tx, form).await?;
    if row.locked {
        return Err(CredentialConflict::CredentialIsLocked.into());
    }
    let used = repository::Entity::find().filter(repository::Column::BackupCredentialId.eq(row.id)).count(&tx).await?;
    if used > 0 {
        return Err(CredentialConflict::CredentialIsUsed { projects: used }.into());
    }
    refuse_while_removing(&tx, row.id).await?;
    backup_credential::Entity::delete_by_id(row.id).exec(&tx).await?;
    record(&tx, acting, services, CREDENTIAL_DELETED, &row).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Backup credential {} deleted", row.s3_name), PAGE))
}

async fn set_locked(
    db: &impl ConnectionTrait,
    acting: &Acting,
    now: DateTime<Utc>,
    row: &backup_credential::Model,
    locked: bool,
) -> Result<(), DbErr> {
    let mut change = row.clone().into_active_model();
    change.locked = Set(locked);
    change.modified_by = Set(acting.actor.email.clone());
    change.modified_at = Set(now);
    change.update(db).await?;
    Ok(())
}

async fn record(
    db: &impl ConnectionTrait,
    acting: &Acting,
    services: &Services,
    deed: Deed,
    row: &backup_credential::Model,
) -> Result<(), DbErr> {
    audit::record(db, acting, services.clock().now(), deed, subject(row), audit::no_changes()).await
}
