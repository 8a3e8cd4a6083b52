//! Backups of a project: list and cancel.

use chrono::{DateTime, Utc};
use model::{
    backup::{Acknowledged, BackupPhase, BackupRef, BackupRow, Deletion, Expiry, Kept, Unusual},
    form::Done,
    ids::{BackupId, ProjectId},
    list::{ListQuery, Page},
    permission::Action,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    clock::Clock,
    context::Services,
    entity::{backup, project},
    error::ServiceError,
    listing, nodes,
    progress::{RunConflict, count, progress},
    projects,
};

mod deletion;
mod keep;

pub(crate) use self::deletion::is_being_restored;
pub use self::{
    deletion::{delete, remove_now, undo_deletion},
    keep::{acknowledge, keep, let_go},
};

const BACKUP_CANCELLED: Deed = Deed::new("backup cancelled");

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
    if let Ok(phase) = query.state.parse::<BackupPhase>() {
        select = select.filter(backup::Column::Phase.eq(phase));
    }
    let all = select.clone();
    let page = sorted(select, query).offset(query.offset()).limit(query.per_page());
    let mut rows = page.all(db).await?.into_iter().map(|row| view(services.clock(), row)).collect::<Vec<_>>();
    let total = listing::total(query, rows.len(), all.count(db)).await?;
    if rows.iter().any(|row| row.phase == BackupPhase::Queued)
        && let Some(cause) = nodes::missing(services, db, home.node.as_deref()).await?
    {
        let waiting = rows.iter_mut().filter(|row| row.phase == BackupPhase::Queued);
        waiting.for_each(|row| row.cause = Some(cause.clone()));
    }
    Ok(Page::new(query, rows, total))
}

/// The newest first, unless a column is chosen. What has no value in it comes last.
fn sorted(select: Select<backup::Entity>, query: &ListQuery) -> Select<backup::Entity> {
    use backup::Column;
    let by = match query.sort.as_str() {
        "name" => Some(Column::Name),
        "policy" => Some(Column::PolicyName),
        "status" => Some(Column::Phase),
        "started" => Some(Column::StartedAt),
        "size" => Some(Column::Bytes),
        "added" => Some(Column::AddedBytes),
        "expires" => Some(Column::ExpiresAt),
        _ => None,
    };
    listing::sorted_by(select, by, query).order_by_desc(Column::Id)
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
    let deletion = deletion(&row, now);
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
        cause: row.cause.map(|cause| cause.to_string()),
        attempt: u32::try_from(row.attempt).unwrap_or(1),
        retry_at: row.retry_at,
        unreadable: row.unreadable.0,
        made_good: row.made_good,
        snapshot: row.snapshot,
        cancel_requested: row.cancel_requested,
        damaged: row.damaged,
        deletion,
        kept: row.kept_at.zip(row.kept_by).map(|(at, by)| Kept { by, at, note: row.kept_note }),
        unusual: row.unusual.map(|words| Unusual {
            words: words.to_string(),
            acknowledged: row.acknowledged_at.zip(row.acknowledged_by).map(|(at, by)| Acknowledged { by, at }),
        }),
        changed: row.changed.0,
        unmatched: row.unmatched.0,
        too_large: (count(row.too_large_files), count(row.too_large_bytes)),
        name: row.name,
    }
}

fn deletion(row: &backup::Model, now: DateTime<Utc>) -> Option<Deletion> {
    let begun = row.phase == BackupPhase::Deleting;
    // Earlier versions wrote down no time.
    let after = row.delete_after.or_else(|| begun.then_some(row.not_before))?;
    Some(Deletion { after, due: after <= now, by: row.deleted_by.clone(), begun })
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
