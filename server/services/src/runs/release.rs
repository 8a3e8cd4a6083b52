//! What happens to the runs of processes that do not answer any more.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    maintenance::MaintenancePhase,
    restore::OnConflict,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use crate::{
    entity::{backup, maintenance, restore},
    notifications::events::{self, Ended},
    start::Services,
};

/// After so many tries in all, a run that its process did not survive is not tried again.
const MOST_ATTEMPTS: i32 = 4;

const GIVEN_UP: &str = "The server stopped in the middle of this backup, again and again. Look at its memory and its \
                        log, then run the backup once more";

/// Puts runs whose process has died back into the queue, or ends them where that would not be right. Returns how many
/// there were.
pub async fn expired(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let db = services.db();
    let backups = expired_backups(services, now).await?;
    Ok(backups + expired_restores(db, now).await? + expired_maintenance(db, now).await?)
}

async fn expired_backups(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let db = services.db();
    let dead_backup = Condition::all()
        .add(backup::Column::Phase.eq(BackupPhase::InProgress.as_str()))
        .add(backup::Column::LeaseUntil.lt(now));
    // Mostly nothing is dead, and looking takes no lock.
    let is_calm = backup::Entity::find().filter(dead_backup.clone()).count(db).await? == 0;
    if is_calm {
        return Ok(0);
    }
    let cancelled = ended_backup(BackupPhase::Cancelled, "Cancelled while the server was stopped", now)
        .filter(dead_backup.clone())
        .filter(backup::Column::CancelRequested.eq(true));
    let mut released = cancelled.exec(db).await?.rows_affected;
    released += given_up(services, dead_backup.clone(), now).await?;
    let again = freed(backup::Entity::update_many(), backup::Column::LeaseOwner, backup::Column::LeaseUntil)
        .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Queued.as_str()))
        .col_expr(backup::Column::Attempt, Expr::col(backup::Column::Attempt).add(1))
        .col_expr(backup::Column::NotBefore, Expr::value(now))
        .col_expr(
            backup::Column::Cause,
            Expr::value("The server stopped in the middle of this backup. It is tried again"),
        )
        .filter(dead_backup);
    Ok(released + again.exec(db).await?.rows_affected)
}

/// Ends those that were tried often enough, and tells of it.
async fn given_up(services: &Services, dead: Condition, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let tx = services.write().await?;
    let rows = backup::Entity::find()
        .filter(dead)
        .filter(backup::Column::Attempt.gte(MOST_ATTEMPTS))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&tx)
        .await?;
    for row in &rows {
        ended_backup(BackupPhase::Failed, GIVEN_UP, now).filter(backup::Column::Id.eq(row.id)).exec(&tx).await?;
        events::failed(&tx, services, Ended::of(row, BackupPhase::Failed, GIVEN_UP), now).await?;
    }
    tx.commit().await?;
    Ok(rows.len() as u64)
}

/// A restore that overwrites or skips may simply be done again. One that keeps both would keep what it restored itself a
/// second time, so a person decides.
async fn expired_restores(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
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

/// Every kind of maintenance may simply be done again.
async fn expired_maintenance(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    use maintenance::Column;
    let dead =
        Condition::all().add(Column::Phase.eq(MaintenancePhase::InProgress.as_str())).add(Column::LeaseUntil.lt(now));
    if maintenance::Entity::find().filter(dead.clone()).count(db).await? == 0 {
        return Ok(0);
    }
    let update =
        || freed(maintenance::Entity::update_many(), Column::LeaseOwner, Column::LeaseUntil).filter(dead.clone());
    let (failed, cancelled) = (MaintenancePhase::Failed, MaintenancePhase::Cancelled);
    let by_a_person = Condition::all().add(Column::CancelRequested.eq(true)).add(Column::Yields.eq(false));
    let mut released = 0;
    for (which, phase, cause) in [
        (by_a_person, cancelled, "Cancelled while the server was stopped"),
        (
            Condition::all().add(Column::Attempt.gte(MOST_ATTEMPTS)),
            failed,
            "The server stopped in the middle of this, again and again. Look at its memory and its log, then start it once more",
        ),
    ] {
        let ended = update()
            .col_expr(Column::Phase, Expr::value(phase.as_str()))
            .col_expr(Column::Cause, Expr::value(cause))
            .col_expr(Column::FinishedAt, Expr::value(now))
            .filter(which);
        released += ended.exec(db).await?.rows_affected;
    }
    let again = update()
        .col_expr(Column::Phase, Expr::value(MaintenancePhase::Queued.as_str()))
        .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1))
        .col_expr(Column::NotBefore, Expr::value(now))
        .col_expr(Column::CancelRequested, Expr::value(false))
        .col_expr(Column::Yields, Expr::value(false))
        .col_expr(Column::Cause, Expr::value("The server stopped in the middle of this. It is tried again"));
    Ok(released + again.exec(db).await?.rows_affected)
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
