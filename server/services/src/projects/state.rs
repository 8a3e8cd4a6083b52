//! The state of a project: locked, gone.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    form::Done,
    ids::OrganizationId,
    maintenance::MaintenancePhase,
    permission::Action,
    project::{DeleteProjectForm, ProjectRef},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use serde_json::json;

use super::{find, find_unlocked, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    database,
    entity::{backup, maintenance, project, removal, restore},
    error::ServiceError,
    organizations,
    progress::RunConflict,
    projects::ProjectConflict,
    repositories::{self, RepositoryConflict},
    wake,
};

const PROJECT_LOCKED: Deed = Deed::new("project locked");
const PROJECT_UNLOCKED: Deed = Deed::new("project unlocked");
const PROJECT_DELETED: Deed = Deed::new("project deleted");

/// Locks the project: nothing of it can be changed. Its scheduled backups go on.
pub async fn lock(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    set_locked(acting, services, form, true).await
}

/// Unlocks the project.
pub async fn unlock(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    set_locked(acting, services, form, false).await
}

async fn set_locked(
    acting: &Acting,
    services: &Services,
    form: &ProjectRef,
    locked: bool,
) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, _) = find(acting, &tx, Action::ManageProjects, id).await?;
    match (row.locked, locked) {
        (true, true) => return Err(ProjectConflict::ProjectAlreadyLocked.into()),
        (false, false) => return Err(ProjectConflict::ProjectAlreadyUnlocked.into()),
        _ => {}
    }
    let mut change = row.clone().into_active_model();
    change.locked = Set(locked);
    change.update(&tx).await?;
    let deed = if locked { PROJECT_LOCKED } else { PROJECT_UNLOCKED };
    audit::record(&tx, acting, services.clock().now(), deed, subject(&row), audit::no_changes()).await?;
    tx.commit().await?;
    let message = if locked { tr!("Project {} locked", row.name) } else { tr!("Project {} unlocked", row.name) };
    Ok(Done::new(message, format!("/projects/{id}/settings")))
}

/// Deletes a project whose name was typed. Its backups stay in the bucket unless they shall go too; then a worker
/// removes them.
pub async fn delete(acting: &Acting, services: &Services, form: &DeleteProjectForm) -> Result<Done, ServiceError> {
    database::again_after_deadlock(|| delete_once(acting, services, form)).await
}

async fn delete_once(acting: &Acting, services: &Services, form: &DeleteProjectForm) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let (row, _) = find_unlocked(acting, &tx, id).await?;
    if form.confirm_name.trim() != row.name {
        let message = tr!("Type the project's name, {}, to delete it", row.name);
        return Err(ServiceError::at("confirm_name", message));
    }
    organizations::lock(&tx, OrganizationId(row.organization_id)).await?;
    if is_running(&tx, row.id).await? {
        return Err(RunConflict::StillRunning.into());
    }
    if form.delete_backups.0 {
        queue_removal(&tx, &row, now).await?;
    }
    project::Entity::delete_by_id(row.id).exec(&tx).await?;
    let changes = json!({ "backups deleted": [false, form.delete_backups.0] });
    audit::record(&tx, acting, now, PROJECT_DELETED, subject(&row), changes).await?;
    tx.commit().await?;
    wake::one(services).await;
    let message = if form.delete_backups.0 {
        tr!("Project {} deleted. Its backups are being removed", row.name)
    } else {
        tr!("Project {} deleted. Its backups stay in the bucket", row.name)
    };
    Ok(Done::new(message, "/projects"))
}

/// Whether a worker has a run of the project. Waiting ones simply go with it.
async fn is_running(db: &impl ConnectionTrait, project: i64) -> Result<bool, DbErr> {
    let backups = backup::Entity::find()
        .filter(backup::Column::ProjectId.eq(project))
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress))
        .count(db)
        .await?;
    let restores = restore::Entity::find()
        .filter(restore::Column::ProjectId.eq(project))
        .filter(restore::Column::Phase.eq(RestorePhase::InProgress))
        .count(db)
        .await?;
    let maintenance = maintenance::Entity::find()
        .filter(maintenance::Column::ProjectId.eq(project))
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress))
        .count(db)
        .await?;
    Ok(backups + restores + maintenance > 0)
}

/// Only a repository in use can be reached; one from before backup was switched off stays.
async fn queue_removal(
    db: &impl ConnectionTrait,
    row: &project::Model,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let in_use = repositories::of_project(db, row.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    let removal = removal::ActiveModel {
        organization_id: Set(row.organization_id),
        backup_credential_id: Set(in_use.credential.id),
        project_name: Set(row.name.clone()),
        bucket: Set(in_use.repository.bucket),
        prefix: Set(in_use.repository.prefix),
        not_before: Set(now),
        ..Default::default()
    };
    removal.insert(db).await?;
    Ok(())
}
