//! How far the way to a backup that can be restored has been gone.

use model::{backup::BackupPhase, dashboard::Guide, ids::ProjectId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::Scope;
use crate::{
    entity::{audit_entry, backup, backup_credential, notification_channel, policy, project},
    recovery_kit, standing,
};

/// For those who may go it.
pub async fn of(db: &impl ConnectionTrait, scope: &Scope) -> Result<Option<Guide>, DbErr> {
    if !scope.manages {
        return Ok(None);
    }
    let credential =
        backup_credential::Entity::find().filter(backup_credential::Column::OrganizationId.is_in(scope.ids()));
    let backup = backup::Entity::find()
        .filter(backup::Column::OrganizationId.is_in(scope.ids()))
        .filter(backup::Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]));
    let channel = notification_channel::Entity::find()
        .filter(notification_channel::Column::OrganizationId.is_in(scope.ids()))
        .filter(notification_channel::Column::Paused.eq(false));
    let kit = audit_entry::Entity::find()
        .filter(audit_entry::Column::OrganizationId.is_in(scope.ids()))
        .filter(audit_entry::Column::Action.eq(recovery_kit::RECOVERY_KIT_DOWNLOADED.as_str()));
    let project = next_project(db, scope).await?;
    let (enabled, policy) = match &project {
        Some(row) => {
            let enabled =
                exists(db, living(scope).filter(project::Column::Id.eq(row.id)).filter(standing::is_enabled()));
            let policy = policy::Entity::living().filter(policy::Column::ProjectId.eq(row.id));
            (enabled.await?, exists(db, policy).await?)
        }
        None => (false, false),
    };
    Ok(Some(Guide {
        credential: exists(db, credential).await?,
        project: project.map(|row| (ProjectId(row.id), row.name)),
        enabled,
        policy,
        backup: exists(db, backup).await?,
        channel: exists(db, channel).await?,
        recovery_kit: exists(db, kit).await?,
    }))
}

/// The project with which it goes on: one whose backup waits for something, the newest first.
async fn next_project(db: &impl ConnectionTrait, scope: &Scope) -> Result<Option<project::Model>, DbErr> {
    living(scope)
        .order_by_asc(standing::is_enabled())
        .order_by_asc(standing::is_scheduled())
        .order_by_desc(project::Column::Id)
        .one(db)
        .await
}

fn living(scope: &Scope) -> Select<project::Entity> {
    project::Entity::living().filter(project::Column::OrganizationId.is_in(scope.ids()))
}

async fn exists<E: EntityTrait>(db: &impl ConnectionTrait, select: Select<E>) -> Result<bool, DbErr>
where
    E::Model: Send + Sync,
{
    Ok(select.limit(1).count(db).await? > 0)
}
