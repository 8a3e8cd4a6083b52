//! Backups of a project: list, cancel, delete.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, BackupRef, BackupRow, Expiry, RestorePhase},
    form::Done,
    ids::{BackupId, ProjectId},
    list::{ListQuery, Page},
    permission::Action,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    clock::Clock,
    context::Services,
    entity::{backup, project, restore},
    error::{Refusal, ServiceError},
    listing, nodes,
    progress::{RunConflict, count, progress},
    projects, repositories, wake,
};

const BACKUP_CANCELLED: Deed = Deed::new("backup cancelled");
const BACKUP_DELETED: Deed = Deed::new("backup deleted");

/// Why a backup cannot be deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupConflict {
    #[error("{}", tr!("This backup is being deleted already"))]
    BeingDeleted,
}

impl Refusal for BackupConflict {}

/// One page of a project's backups, newest first.
pub async fn list(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    query: &ListQuery,
) -> Result<Page<BackupRow>, ServiceError> {
    let db = services.db();
    let (home, _) = projects::find(acting, db, Action::SeeProjects, project).await?;
    let mut select = backup::Entity::find().filter(backup::Column::ProjectId.eq(project.0));
    let search = query.search();
    if !search.is_empty() {
        select = select.filter(listing::contains((backup::Entity, backup::Column::Name), &search));
    }
    let all = select.clone();
    let newest_first = select.order_by_desc(backup::Column::Id).offset(query.offset()).limit(query.per_page());
    let mut rows = newest_first.all(db).await?.into_iter().map(|row| view(services.clock(), row)).collect::<Vec<_>>();
    let total = listing::total(query, rows.len(), all.count(db)).await?;
    if rows.iter().any(|row| row.phase == BackupPhase::Queued)
        && let Some(cause) = nodes::missing(services, db, home.node.as_deref()).await?
    {
        let waiting = rows.iter_mut().filter(|row| row.phase == BackupPhase::Queued);
        waiting.for_each(|row| row.cause = Some(cause.clone()));
    }
    Ok(Page::new(query, rows, total))
}

/// A backup that the person may do `action` to, with its project.
pub(crate) async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    action: Action,
    id: BackupId,
) -> Result<(backup::Model, project::Model), ServiceError> {
    let row = backup::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    let (project, _) = projects::find(acting, db, action, ProjectId(row.project_id)).await?;
    Ok((row, project))
}

pub(crate) fn view(clock: &Clock, row: backup::Model) -> BackupRow {
    let progress = progress(clock, row.started_at, (&row).into());
    let (phase, now) = (row.phase, clock.now());
    let kept = |at: DateTime<Utc>| phase.has_snapshot() && at <= now;
    BackupRow {
        id: BackupId(row.id),
        phase,
        policy: row.policy_name,
        queued: row.queued_at,
        started: row.started_at,
        finished: row.finished_at,
        progress,
        files: row.files.map(count),
        size: row.bytes.map(count),
        added: row.added_bytes.map(count),
        expires: row.expires_at.map(|at| if kept(at) { Expiry::Kept(at) } else { Expiry::At(at) }),
        cause: row.cause,
        attempt: u32::try_from(row.attempt).unwrap_or(1),
        retry_at: row.retry_at,
        unreadable: row.unreadable.0,
        made_good: row.made_good,
        snapshot: row.snapshot,
        cancel_requested: row.cancel_requested,
        damaged: row.damaged,
        name: row.name,
    }
}

/// Takes a waiting backup out of the queue, or asks a running one to stop; that one ends within seconds.
pub async fn cancel(acting: &Acting, services: &Services, form: &BackupRef) -> Result<Done, ServiceError> {
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, Action::ManageProjects, id).await?;
    let mut change = row.clone().into_active_model();
    let message = match row.phase {
        BackupPhase::InProgress => {
            change.cancel_requested = Set(true);
            tr!("Backup {} is being cancelled", row.name)
        }
        BackupPhase::Queued => {
            change.phase = Set(BackupPhase::Cancelled);
            change.finished_at = Set(Some(services.clock().now()));
            tr!("Backup {} cancelled", row.name)
        }
        BackupPhase::Failed if row.retry_at.is_some() => {
            change.retry_at = Set(None);
            tr!("Backup {} will not be tried again", row.name)
        }
        _ => return Err(RunConflict::AlreadyEnded.into()),
    };
    change.update(&tx).await?;
    record(&tx, acting, services, BACKUP_CANCELLED, (&row, &project)).await?;
    tx.commit().await?;
    Ok(Done::new(message, tab(project.id)))
}

/// Deletes a backup that is not running: its record at once where it has no data, otherwise when a worker has removed
/// its snapshot from the bucket.
pub async fn delete(acting: &Acting, services: &Services, form: &BackupRef) -> Result<Done, ServiceError> {
    let id = form.backup().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, Action::ManageProjects, id).await?;
    if row.phase == BackupPhase::Deleting {
        return Err(BackupConflict::BeingDeleted.into());
    }
    if row.phase.is_active() || is_being_restored(&tx, row.id).await? {
        return Err(RunConflict::StillRunning.into());
    }
    if row.snapshot.is_some() {
        // Refused here rather than failing in the background: only a repository in use can be reached.
        repositories::by_id(&tx, row.repository_id).await?;
        let mut change = row.clone().into_active_model();
        change.phase = Set(BackupPhase::Deleting);
        change.update(&tx).await?;
    } else {
        backup::Entity::delete_by_id(row.id).exec(&tx).await?;
    }
    record(&tx, acting, services, BACKUP_DELETED, (&row, &project)).await?;
    tx.commit().await?;
    wake::one(services).await;
    Ok(Done::new(tr!("Backup {} deleted", row.name), tab(project.id)))
}

async fn is_being_restored(db: &impl ConnectionTrait, backup: i64) -> Result<bool, ServiceError> {
    let active = [RestorePhase::Queued, RestorePhase::InProgress];
    let restores = restore::Entity::find()
        .filter(restore::Column::BackupId.eq(backup))
        .filter(restore::Column::Phase.is_in(active));
    Ok(restores.count(db).await? > 0)
}

pub(crate) async fn record(
    db: &impl ConnectionTrait,
    author: impl Into<audit::Author>,
    services: &Services,
    deed: Deed,
    (row, project): (&backup::Model, &project::Model),
) -> Result<(), ServiceError> {
    let subject = Subject { kind: "backup", id: row.id, name: &row.name, ..projects::subject(project) };
    Ok(audit::record(db, author, services.clock().now(), deed, subject, audit::no_changes()).await?)
}

pub(crate) fn tab(project: i64) -> String {
    format!("/projects/{project}/policies?tab=backups")
}
