//! When a repository is pruned and verified.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    language::msgid,
    maintenance::{MaintenanceKind, MaintenancePhase},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict},
};

use crate::{
    audit::{self, Deed},
    context::Services,
    entity::{backup, maintenance, project, repository},
    error::ServiceError,
    projects,
};

/// How often a repository is verified.
const VERIFY_EVERY: TimeDelta = TimeDelta::days(7);

/// How soon after the first of it what is not needed any more is removed: more may come.
const PRUNE_AFTER: TimeDelta = TimeDelta::hours(1);

/// How often a repository is pruned at most.
const PRUNE_EVERY: TimeDelta = TimeDelta::days(1);

/// How soon after a failure it is tried again.
const AGAIN_AFTER: TimeDelta = TimeDelta::hours(6);

/// How often a prune gives way to a backup before it is done to its end.
const MOST_POSTPONED: i32 = 3;

/// How long the record of a maintenance is kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// Most repositories that one transaction looks after.
const BATCH: u64 = 100;

/// Queues what is due. Returns how many there were.
pub async fn queue(services: &Services, now: DateTime<Utc>) -> Result<u64, ServiceError> {
    let due = Condition::any()
        .add(repository::Column::PruneDueAt.lte(now))
        .add(repository::Column::VerifyDueAt.lte(now))
        .add(repository::Column::VerifyDueAt.is_null());
    let due = repository::Entity::find()
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .filter(due)
        .order_by_asc(repository::Column::Id)
        .limit(BATCH);
    // Mostly nothing is due, and looking takes no lock.
    if due.clone().one(services.db()).await?.is_none() {
        return Ok(0);
    }
    let tx = services.write().await?;
    let mut queued = 0;
    for row in due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await? {
        queued += queue_of(&tx, row, now).await?;
    }
    tx.commit().await?;
    Ok(queued)
}

async fn queue_of(db: &impl ConnectionTrait, row: repository::Model, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let is_due = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at <= now);
    let (prune, verify) = (is_due(row.prune_due_at), is_due(row.verify_due_at));
    let mut queued = 0;
    // What is damaged is read whole, until nothing is wrong any more.
    let damaged = row.damaged_at.is_some();
    for (kind, whole) in
        [prune.then_some((MaintenanceKind::Prune, false)), verify.then_some((MaintenanceKind::Verification, damaged))]
            .into_iter()
            .flatten()
    {
        queued += u64::from(insert(db, &row, kind, (whole, None), now).await?);
    }
    let mut next = row.clone().into_active_model();
    if prune {
        next.prune_due_at = Set(None);
    }
    if verify || row.verify_due_at.is_none() {
        next.verify_due_at = Set(Some(next_verification(now)));
    }
    next.update(db).await?;
    Ok(queued)
}

/// Puts a maintenance into the queue. Returns false where one of the kind waits or works already.
pub async fn insert(
    db: &impl ConnectionTrait,
    repository: &repository::Model,
    kind: MaintenanceKind,
    (whole, created_by): (bool, Option<String>),
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let active = [MaintenancePhase::Queued, MaintenancePhase::InProgress];
    let there = maintenance::Entity::find()
        .filter(maintenance::Column::RepositoryId.eq(repository.id))
        .filter(maintenance::Column::Kind.eq(kind))
        .filter(maintenance::Column::Phase.is_in(active))
        .one(db)
        .await?;
    if there.is_some() {
        return Ok(false);
    }
    let row = maintenance::ActiveModel {
        project_id: Set(repository.project_id),
        repository_id: Set(repository.id),
        kind: Set(kind),
        phase: Set(MaintenancePhase::Queued),
        queued_at: Set(now),
        not_before: Set(now),
        whole: Set(whole),
        created_by: Set(created_by),
        ..Default::default()
    };
    // Two that look at once both find none. The schema lets one of them in.
    let once = OnConflict::new().do_nothing().to_owned();
    match maintenance::Entity::insert(row).on_conflict(once).exec_without_returning(db).await {
        Ok(inserted) => Ok(inserted > 0),
        Err(DbErr::RecordNotInserted) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes that a repository holds something that no backup needs.
pub async fn note_unneeded(db: &impl ConnectionTrait, repository: i64, now: DateTime<Utc>) -> Result<(), DbErr> {
    let Some(row) = repository::Entity::find_by_id(repository).one(db).await? else { return Ok(()) };
    if row.prune_due_at.is_some() {
        return Ok(());
    }
    let soon = now + PRUNE_AFTER;
    let due = row.pruned_at.map_or(soon, |pruned| Ord::max(soon, pruned + PRUNE_EVERY));
    repository::Entity::update_many()
        .col_expr(repository::Column::PruneDueAt, Expr::value(due))
        .filter(repository::Column::Id.eq(repository))
        .filter(repository::Column::PruneDueAt.is_null())
        .exec(db)
        .await
        .map(drop)
}

/// Has a repository verified as soon as nothing else is in the way: what was damaged may be gone.
pub async fn verify_soon(db: &impl ConnectionTrait, repository: i64, now: DateTime<Utc>) -> Result<(), DbErr> {
    repository::Entity::update_many()
        .col_expr(repository::Column::VerifyDueAt, Expr::value(now))
        .filter(repository::Column::Id.eq(repository))
        .exec(db)
        .await
        .map(drop)
}

/// When a repository that is verified now is verified again.
pub fn next_verification(now: DateTime<Utc>) -> DateTime<Utc> {
    now + VERIFY_EVERY
}

/// When what the last prune left is removed.
pub fn next_prune(now: DateTime<Utc>) -> DateTime<Utc> {
    now + PRUNE_EVERY
}

/// When a maintenance that failed is tried again.
pub fn after_failure(now: DateTime<Utc>) -> DateTime<Utc> {
    now + AGAIN_AFTER
}

/// Asks prunes to stop whose projects have a backup waiting. They go on later; one that has given way often enough is
/// done to its end, which takes some minutes.
pub async fn yield_to_backups(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    use maintenance::Column;
    let waiting = backup::Entity::find()
        .select_only()
        .column(backup::Column::ProjectId)
        .filter(backup::Column::Phase.eq(BackupPhase::Queued))
        .filter(backup::Column::NotBefore.lte(now))
        .into_query();
    let in_the_way = Condition::all()
        .add(Column::Phase.eq(MaintenancePhase::InProgress))
        .add(Column::Kind.eq(MaintenanceKind::Prune))
        .add(Column::CancelRequested.eq(false))
        .add(Column::Postponed.lt(MOST_POSTPONED))
        .add(Column::ProjectId.in_subquery(waiting));
    // Mostly there is none, and looking takes no lock.
    if maintenance::Entity::find().filter(in_the_way.clone()).one(db).await?.is_none() {
        return Ok(());
    }
    maintenance::Entity::update_many()
        .col_expr(Column::CancelRequested, Expr::value(true))
        .col_expr(Column::Yields, Expr::value(true))
        .col_expr(Column::Postponed, Expr::col(Column::Postponed).add(1))
        .filter(in_the_way)
        .exec(db)
        .await
        .map(drop)
}

/// Removes old records.
pub async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = maintenance::Column::FinishedAt.lt(now - KEPT);
    maintenance::Entity::delete_many().filter(old).exec(db).await.map(drop)
}

/// What a kind is called inside a sentence.
pub const fn in_words(kind: MaintenanceKind) -> &'static str {
    match kind {
        MaintenanceKind::Prune => msgid("clean-up"),
        MaintenanceKind::Verification => msgid("verification"),
        MaintenanceKind::Repair => msgid("repair"),
    }
}

/// Writes an entry of the audit log about a project's repository.
pub async fn record(
    db: &impl ConnectionTrait,
    author: impl Into<audit::Author>,
    services: &Services,
    deed: Deed,
    (project, kind): (&project::Model, MaintenanceKind),
) -> Result<(), ServiceError> {
    let changes = serde_json::json!({ "kind": in_words(kind) });
    Ok(audit::record(db, author, services.clock().now(), deed, projects::subject(project), changes).await?)
}
