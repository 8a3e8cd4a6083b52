//! How a worker gets its next run, and what happens to those of dead processes.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    restore::OnConflict,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use crate::{
    database,
    entity::{backup, removal, restore},
    runs::{lease, removal_run},
    start::Services,
};

/// After so many tries in all, a run that its process did not survive is not tried again.
const MOST_ATTEMPTS: i32 = 4;

/// The next backup to work on, claimed for this process: the longest waiting one, whose project has none running.
pub async fn backup(services: &Services) -> Result<Option<backup::Model>, DbErr> {
    let now = services.clock().now();
    let running = backup::Entity::find()
        .select_only()
        .column(backup::Column::ProjectId)
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress.as_str()))
        .into_query();
    let waiting = Condition::all()
        .add(backup::Column::Phase.eq(BackupPhase::Queued.as_str()))
        .add(backup::Column::NotBefore.lte(now));
    let tx = services.write().await?;
    let next = backup::Entity::find()
        .filter(Condition::any().add(waiting).add(backup::Column::RetryAt.lte(now)))
        .filter(backup::Column::ProjectId.not_in_subquery(running))
        .order_by_asc(backup::Column::NotBefore)
        .order_by_asc(backup::Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(&tx)
        .await?;
    let Some(row) = next else { return Ok(None) };
    let attempt = row.attempt + i32::from(row.retry_at.is_some());
    let mut claimed = row.into_active_model();
    claimed.phase = Set(BackupPhase::InProgress.as_str().to_owned());
    claimed.attempt = Set(attempt);
    claimed.retry_at = Set(None);
    claimed.cause = Set(None);
    claimed.started_at = Set(Some(now));
    claimed.finished_at = Set(None);
    claimed.lease_owner = Set(Some(services.node().to_owned()));
    claimed.lease_until = Set(Some(lease::until(now)));
    let row = match claimed.update(&tx).await {
        // Another node has just claimed another backup of the project.
        Err(error) if database::is_unique_violation(&error) => return Ok(None),
        updated => updated?,
    };
    tx.commit().await?;
    Ok(Some(row))
}

/// The longest waiting restore, claimed for this process.
pub async fn restore(services: &Services) -> Result<Option<restore::Model>, DbErr> {
    let now = services.clock().now();
    let tx = services.write().await?;
    let next = restore::Entity::find()
        .filter(restore::Column::Phase.eq(RestorePhase::Queued.as_str()))
        .order_by_asc(restore::Column::QueuedAt)
        .order_by_asc(restore::Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(&tx)
        .await?;
    let Some(row) = next else { return Ok(None) };
    let mut claimed = row.into_active_model();
    claimed.phase = Set(RestorePhase::InProgress.as_str().to_owned());
    claimed.started_at = Set(Some(now));
    claimed.lease_owner = Set(Some(services.node().to_owned()));
    claimed.lease_until = Set(Some(lease::until(now)));
    let row = claimed.update(&tx).await?;
    tx.commit().await?;
    Ok(Some(row))
}

/// The next backup to delete, claimed for this process.
pub async fn deletion(services: &Services) -> Result<Option<backup::Model>, DbErr> {
    let now = services.clock().now();
    let free = Condition::any().add(backup::Column::LeaseUntil.is_null()).add(backup::Column::LeaseUntil.lte(now));
    let tx = services.write().await?;
    let next = backup::Entity::find()
        .filter(backup::Column::Phase.eq(BackupPhase::Deleting.as_str()))
        .filter(backup::Column::NotBefore.lte(now))
        .filter(free)
        .order_by_asc(backup::Column::NotBefore)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(&tx)
        .await?;
    let Some(row) = next else { return Ok(None) };
    let mut claimed = row.into_active_model();
    claimed.lease_owner = Set(Some(services.node().to_owned()));
    claimed.lease_until = Set(Some(lease::until(now)));
    let row = claimed.update(&tx).await?;
    tx.commit().await?;
    Ok(Some(row))
}

/// The next backups of a deleted project to remove, claimed for this process.
pub async fn removal(services: &Services) -> Result<Option<removal::Model>, DbErr> {
    let now = services.clock().now();
    let free = Condition::any().add(removal::Column::LeaseUntil.is_null()).add(removal::Column::LeaseUntil.lte(now));
    let tx = services.write().await?;
    let next = removal::Entity::find()
        .filter(removal::Column::NotBefore.lte(now))
        .filter(free)
        .order_by_asc(removal::Column::NotBefore)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .one(&tx)
        .await?;
    let Some(row) = next else { return Ok(None) };
    let mut claimed = row.into_active_model();
    claimed.lease_owner = Set(Some(services.node().to_owned()));
    claimed.lease_until = Set(Some(removal_run::lease_until(now)));
    let row = claimed.update(&tx).await?;
    tx.commit().await?;
    Ok(Some(row))
}

/// Puts runs whose process has died back into the queue, or ends them where that would not be right. Returns how many
/// there were.
pub async fn release_expired(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let dead_backup = Condition::all()
        .add(backup::Column::Phase.eq(BackupPhase::InProgress.as_str()))
        .add(backup::Column::LeaseUntil.lt(now));
    let ended = [
        (backup::Column::CancelRequested.eq(true), BackupPhase::Cancelled, "Cancelled while the server was stopped"),
        (
            backup::Column::Attempt.gte(MOST_ATTEMPTS),
            BackupPhase::Failed,
            "The server stopped in the middle of this backup, again and again. Look at its memory and its log, then run the backup once more",
        ),
    ];
    let mut released = 0;
    for (which, phase, cause) in ended {
        let end = ended_backup(phase, cause, now).filter(dead_backup.clone()).filter(which);
        released += end.exec(db).await?.rows_affected;
    }
    let again = freed(backup::Entity::update_many(), backup::Column::LeaseOwner, backup::Column::LeaseUntil)
        .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Queued.as_str()))
        .col_expr(backup::Column::Attempt, Expr::col(backup::Column::Attempt).add(1))
        .col_expr(backup::Column::NotBefore, Expr::value(now))
        .col_expr(
            backup::Column::Cause,
            Expr::value("The server stopped in the middle of this backup. It is tried again"),
        )
        .filter(dead_backup);
    released += again.exec(db).await?.rows_affected;
    Ok(released + release_expired_restores(db, now).await?)
}

/// A restore that overwrites or skips may simply be done again. One that keeps both would keep what it restored itself a
/// second time, so a person decides.
async fn release_expired_restores(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let dead = Condition::all()
        .add(restore::Column::Phase.eq(RestorePhase::InProgress.as_str()))
        .add(restore::Column::LeaseUntil.lt(now));
    let stays_half = Condition::any()
        .add(restore::Column::CancelRequested.eq(true))
        .add(restore::Column::OnConflict.eq(OnConflict::KeepBoth.as_str()));
    let failed = freed(restore::Entity::update_many(), restore::Column::LeaseOwner, restore::Column::LeaseUntil)
        .col_expr(restore::Column::Phase, Expr::value(RestorePhase::Failed.as_str()))
        .col_expr(restore::Column::FinishedAt, Expr::value(now))
        .col_expr(
            restore::Column::Cause,
            Expr::value("The server stopped in the middle of this restore. What it had restored is there; start it again for the rest"),
        )
        .filter(dead.clone())
        .filter(stays_half)
        .exec(db)
        .await?;
    let again = freed(restore::Entity::update_many(), restore::Column::LeaseOwner, restore::Column::LeaseUntil)
        .col_expr(restore::Column::Phase, Expr::value(RestorePhase::Queued.as_str()))
        .filter(dead)
        .exec(db)
        .await?;
    Ok(failed.rows_affected + again.rows_affected)
}

fn ended_backup(phase: BackupPhase, cause: &str, now: DateTime<Utc>) -> sea_orm::UpdateMany<backup::Entity> {
    freed(backup::Entity::update_many(), backup::Column::LeaseOwner, backup::Column::LeaseUntil)
        .col_expr(backup::Column::Phase, Expr::value(phase.as_str()))
        .col_expr(backup::Column::Cause, Expr::value(cause))
        .col_expr(backup::Column::FinishedAt, Expr::value(now))
}

/// Ends the lease as part of an update.
pub fn freed<E: EntityTrait>(
    update: sea_orm::UpdateMany<E>,
    owner: E::Column,
    until: E::Column,
) -> sea_orm::UpdateMany<E> {
    update
        .col_expr(owner, Expr::value(Option::<String>::None))
        .col_expr(until, Expr::value(Option::<DateTime<Utc>>::None))
}
