//! Deleting a project: it is gone for people at once, and for good when the delay is over. Until then it can be taken back
//! with all that it has.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    follow::Reversal,
    form::Done,
    ids::{AccountId, OrganizationId, ProjectId},
    language::msgid,
    maintenance::MaintenancePhase,
    permission::Action,
    project::{DeleteProjectForm, DeletedProject, ProjectRef},
    time,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde_json::json;

use super::{backup_switch, find_unlocked, subject};
use crate::{
    acting::Acting,
    audit::{self, Author, Deed},
    context::Services,
    database,
    entity::{backup, maintenance, organization, policy, project, removal, restore},
    error::{Refusal, ServiceError},
    notifications::overdue,
    organizations,
    progress::RunConflict,
    repositories::{self, RepositoryConflict},
    schedule, wake,
};

const PROJECT_DELETED: Deed = Deed::new("project deleted");
const DELETION_UNDONE: Deed = Deed::new("deletion of a project undone");
const PROJECT_REMOVED: Deed = Deed::new("project removed");

/// Deleted projects that go for good in one turn.
const BATCH: u64 = 20;

/// Why the deletion of a project cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeletionConflict {
    #[error("{}", tr!("The organization has another project named {} by now. Delete that one first", .name))]
    NameTaken { name: String },
}

impl Refusal for DeletionConflict {}

/// Deletes a project whose name was typed. Its backups stay in the bucket unless they shall go too; then a worker removes
/// them when the delay is over.
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
    let backups_too = form.delete_backups.0;
    if backups_too {
        // Refused here rather than failing in the background: only a repository in use can be reached.
        repositories::of_project(&tx, row.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    }
    let changes = json!({ "backups deleted": [false, backups_too] });
    audit::record(&tx, acting, now, PROJECT_DELETED, subject(&row), changes).await?;
    let (name, after) = (row.name.clone(), services.deletion_time(now));
    if after > now {
        mark(&tx, row, (backups_too, after, &acting.actor.email), now).await?;
    } else {
        remove(&tx, row, backups_too, now).await?;
    }
    tx.commit().await?;
    wake::one(services).await;
    let done = Done::new(told(&name, backups_too, after, after > now), "/projects");
    Ok(if after > now { done.or_undo(Reversal::RestoreProject(id)) } else { done })
}

fn told(name: &str, backups_too: bool, after: DateTime<Utc>, can_be_undone: bool) -> String {
    match (can_be_undone, backups_too) {
        (true, true) => {
            tr!("Project {} deleted. It can be taken back until {}; then its backups go too", name, time::text(after))
        }
        (true, false) => {
            tr!(
                "Project {} deleted. It can be taken back until {}. Its backups stay in the bucket",
                name,
                time::text(after)
            )
        }
        (false, true) => tr!("Project {} deleted. Its backups are being removed", name),
        (false, false) => tr!("Project {} deleted. Its backups stay in the bucket", name),
    }
}

/// Nothing of it is started any more. What waited is cancelled.
async fn mark(
    tx: &DatabaseTransaction,
    row: project::Model,
    (backups_too, after, by): (bool, DateTime<Utc>, &str),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    backup_switch::cancel_runs(tx, row.id, msgid("Cancelled because the project was deleted"), now).await?;
    policy::Entity::update_many()
        .col_expr(policy::Column::NextRunAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(policy::Column::OverdueAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(policy::Column::OverdueToldAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(policy::Column::ProjectId.eq(row.id))
        .exec(tx)
        .await?;
    let mut change = row.into_active_model();
    change.delete_after = Set(Some(after));
    change.deleted_by = Set(Some(by.to_owned()));
    change.deletes_backups = Set(backups_too);
    change.update(tx).await.map(drop)
}

/// Takes a deleted project back, with its policies, whose schedules go on at their next times.
pub async fn undo_deletion(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let row = find_deleted(acting, &tx, id).await?;
    let mut change = row.clone().into_active_model();
    change.delete_after = Set(None);
    change.deleted_by = Set(None);
    change.deletes_backups = Set(false);
    match change.update(&tx).await {
        Err(error) if database::is_unique_violation(&error) => {
            return Err(DeletionConflict::NameTaken { name: row.name }.into());
        }
        updated => drop(updated?),
    }
    resume_schedules(&tx, row.id, now).await?;
    audit::record(&tx, acting, now, DELETION_UNDONE, subject(&row), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Project {} is back", row.name), format!("/projects/{id}")))
}

async fn resume_schedules(tx: &DatabaseTransaction, project: i64, now: DateTime<Utc>) -> Result<(), DbErr> {
    let policies = policy::Entity::living()
        .filter(policy::Column::ProjectId.eq(project))
        .filter(policy::Column::Paused.eq(false))
        .all(tx)
        .await?;
    for row in policies {
        let (next, promised) = (schedule::next_run(&row, now), overdue::promised(&row, now));
        let mut change = row.into_active_model();
        change.next_run_at = Set(next);
        change.overdue_at = Set(promised);
        change.update(tx).await?;
    }
    Ok(())
}

async fn find_deleted(
    acting: &Acting,
    tx: &DatabaseTransaction,
    id: ProjectId,
) -> Result<project::Model, ServiceError> {
    let found = project::Entity::find_by_id(id.0)
        .filter(project::Column::DeleteAfter.is_not_null())
        .find_also_related(organization::Entity)
        .one(tx)
        .await?;
    let (row, home) = found.and_then(|(row, home)| Some((row, home?))).ok_or(ServiceError::NotFound)?;
    acting.may(Action::ManageProjects, organizations::owner(&home))?;
    // Held, so that it does not go for good meanwhile.
    let held = project::Entity::find_by_id(row.id).lock_exclusive().one(tx).await?;
    held.filter(|held| held.delete_after.is_some()).ok_or(ServiceError::NotFound)
}

/// The deleted projects that the person may take back; the next to go first.
pub(super) async fn deleted(acting: &Acting, db: &impl ConnectionTrait) -> Result<Vec<DeletedProject>, ServiceError> {
    let Ok(only) = acting.confined_to(Action::ManageProjects) else { return Ok(Vec::new()) };
    let mut select = project::Entity::find()
        .filter(project::Column::DeleteAfter.is_not_null())
        .inner_join(organization::Entity)
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(project::Column::OrganizationId.eq(only.0));
    }
    let rows = select
        .order_by_asc(project::Column::DeleteAfter)
        .order_by_asc(project::Column::Id)
        .select_also(organization::Entity)
        .all(db)
        .await?;
    let view = |(row, home): (project::Model, Option<organization::Model>)| {
        Some(DeletedProject {
            id: ProjectId(row.id),
            name: row.name,
            organization: home?.name,
            after: row.delete_after?,
            by: row.deleted_by.unwrap_or_default(),
            backups_too: row.deletes_backups,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

/// Removes the deleted projects whose time has come. One of which something still runs waits for that. Returns how many
/// there were.
pub(crate) async fn remove_due(services: &Services, now: DateTime<Utc>) -> Result<u64, ServiceError> {
    let due = project::Entity::find().filter(project::Column::DeleteAfter.lte(now)).limit(BATCH);
    let mut removed = 0;
    for row in due.all(services.db()).await? {
        removed += u64::from(database::again_after_deadlock(|| remove_one(services, row.id, now)).await?);
    }
    Ok(removed)
}

async fn remove_one(services: &Services, id: i64, now: DateTime<Utc>) -> Result<bool, ServiceError> {
    let tx = services.write().await?;
    let found =
        project::Entity::find_by_id(id).filter(project::Column::DeleteAfter.lte(now)).lock_exclusive().one(&tx).await?;
    let Some(row) = found else { return Ok(false) };
    if is_running(&tx, row.id).await? {
        return Ok(false);
    }
    let home = organization::Entity::find_by_id(row.organization_id).one(&tx).await?.ok_or(ServiceError::NotFound)?;
    let author = Author::schedule(AccountId(home.account_id));
    audit::record(&tx, author, now, PROJECT_REMOVED, subject(&row), audit::no_changes()).await?;
    let backups_too = row.deletes_backups;
    remove(&tx, row, backups_too, now).await?;
    tx.commit().await?;
    Ok(true)
}

/// Removes the project with all its rows. Its backups in the bucket are left to a worker, where they go too.
async fn remove(
    tx: &DatabaseTransaction,
    row: project::Model,
    backups_too: bool,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if backups_too {
        queue_removal(tx, &row, now).await?;
    }
    project::Entity::delete_by_id(row.id).exec(tx).await.map(drop)
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
async fn queue_removal(db: &impl ConnectionTrait, row: &project::Model, now: DateTime<Utc>) -> Result<(), DbErr> {
    let Some(in_use) = repositories::of_project(db, row.id).await? else { return Ok(()) };
    let removal = removal::ActiveModel {
        organization_id: Set(row.organization_id),
        backup_credential_id: Set(in_use.credential.id),
        project_name: Set(row.name.clone()),
        bucket: Set(in_use.repository.bucket),
        prefix: Set(in_use.repository.prefix),
        not_before: Set(now),
        ..Default::default()
    };
    removal.insert(db).await.map(drop)
}
