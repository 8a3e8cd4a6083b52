//! What happens to the runs of processes that do not answer any more.

use chrono::{DateTime, TimeDelta, Utc};
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
    context::Services,
    entity::{backup, maintenance, restore},
    notifications::events::{self, Ended},
};

/// A run that so many processes did not survive is not tried again.
const MOST_CRASHES: i32 = 2;

/// How long such a run waits for a moment in which nothing else works on its node.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

const AGAIN: &str =
    "The server stopped in the middle of this. It is tried once more, as soon as nothing else runs beside it";
const GIVEN_UP: &str = "The server stopped in the middle of this, and once more when nothing else ran beside it. Look at \
                        its memory and its log, then start it again";
const NO_ROOM: &str = "The server stopped in the middle of this, and found no time since to try it with nothing else \
                       beside it. Start it again";

/// Puts runs whose process has died back into the queue, or ends them where that would not be right. Returns how many
/// there were.
pub async fn expired(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let db = services.db();
    let backups = expired_backups(services, now).await?;
    Ok(backups + expired_restores(db, now).await? + expired_maintenance(db, now).await?)
}

async fn expired_backups(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    use backup::Column;
    let db = services.db();
    let dead = Condition::all().add(Column::Phase.eq(BackupPhase::InProgress.as_str())).add(Column::LeaseUntil.lt(now));
    let stranded = Condition::all()
        .add(Column::Phase.eq(BackupPhase::Queued.as_str()))
        .add(Column::Crashes.gt(0))
        .add(Column::NotBefore.lt(now - LONGEST_WAIT));
    // Mostly there is none, and looking takes no lock.
    let either = Condition::any().add(dead.clone()).add(stranded.clone());
    if backup::Entity::find().filter(either).count(db).await? == 0 {
        return Ok(0);
    }
    let cancelled = ended_backup(BackupPhase::Cancelled, "Cancelled while the server was stopped", now)
        .filter(dead.clone())
        .filter(Column::CancelRequested.eq(true));
    let mut released = cancelled.exec(db).await?.rows_affected;
    let crashed_again = dead.clone().add(Column::Crashes.gte(MOST_CRASHES - 1));
    released += given_up(services, crashed_again, GIVEN_UP, now).await?;
    released += given_up(services, stranded, NO_ROOM, now).await?;
    let again = freed(backup::Entity::update_many(), Column::LeaseOwner, Column::LeaseUntil)
        .col_expr(Column::Phase, Expr::value(BackupPhase::Queued.as_str()))
        .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1))
        .col_expr(Column::Crashes, Expr::col(Column::Crashes).add(1))
        .col_expr(Column::NotBefore, Expr::value(now))
        .col_expr(Column::Cause, Expr::value(AGAIN))
        .filter(dead);
    Ok(released + again.exec(db).await?.rows_affected)
}

/// Ends these, and tells of it.
async fn given_up(services: &Services, which: Condition, cause: &str, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let tx = services.write().await?;
    let rows = backup::Entity::find()
        .filter(which)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&tx)
        .await?;
    for row in &rows {
        ended_backup(BackupPhase::Failed, cause, now).filter(backup::Column::Id.eq(row.id)).exec(&tx).await?;
        events::failed(&tx, services, Ended::of(row, BackupPhase::Failed, cause), now).await?;
    }
    tx.commit().await?;
    Ok(rows.len() as u64)
}

/// A restore that overwrites or skips may simply be done again. One that keeps both would keep what it restored itself a
/// second time, so a person decides.
async fn expired_restores(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    use restore::Column;
    let dead =
        Condition::all().add(Column::Phase.eq(RestorePhase::InProgress.as_str())).add(Column::LeaseUntil.lt(now));
    let stranded = Condition::all()
        .add(Column::Phase.eq(RestorePhase::Queued.as_str()))
        .add(Column::Crashes.gt(0))
        .add(Column::StartedAt.lt(now - LONGEST_WAIT));
    let stays_half = Condition::any()
        .add(Column::CancelRequested.eq(true))
        .add(Column::OnConflict.eq(OnConflict::KeepBoth.as_str()));
    let update = || freed(restore::Entity::update_many(), Column::LeaseOwner, Column::LeaseUntil);
    let mut released = 0;
    for (which, cause) in [
        (
            dead.clone().add(stays_half),
            "The server stopped in the middle of this restore. What it had restored is there; start it again for the rest",
        ),
        (dead.clone().add(Column::Crashes.gte(MOST_CRASHES - 1)), GIVEN_UP),
        (stranded, NO_ROOM),
    ] {
        let failed = update()
            .col_expr(Column::Phase, Expr::value(RestorePhase::Failed.as_str()))
            .col_expr(Column::FinishedAt, Expr::value(now))
            .col_expr(Column::Cause, Expr::value(cause))
            .filter(which);
        released += failed.exec(db).await?.rows_affected;
    }
    let again = update()
        .col_expr(Column::Phase, Expr::value(RestorePhase::Queued.as_str()))
        .col_expr(Column::Crashes, Expr::col(Column::Crashes).add(1))
        .filter(dead);
    Ok(released + again.exec(db).await?.rows_affected)
}

/// Every kind of maintenance may simply be done again.
async fn expired_maintenance(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    use maintenance::Column;
    let dead =
        Condition::all().add(Column::Phase.eq(MaintenancePhase::InProgress.as_str())).add(Column::LeaseUntil.lt(now));
    let stranded = Condition::all()
        .add(Column::Phase.eq(MaintenancePhase::Queued.as_str()))
        .add(Column::Crashes.gt(0))
        .add(Column::NotBefore.lt(now - LONGEST_WAIT));
    let either = Condition::any().add(dead.clone()).add(stranded.clone());
    if maintenance::Entity::find().filter(either).count(db).await? == 0 {
        return Ok(0);
    }
    let update = || freed(maintenance::Entity::update_many(), Column::LeaseOwner, Column::LeaseUntil);
    let (failed, cancelled) = (MaintenancePhase::Failed, MaintenancePhase::Cancelled);
    let by_a_person = Condition::all().add(Column::CancelRequested.eq(true)).add(Column::Yields.eq(false));
    let mut released = 0;
    for (which, phase, cause) in [
        (dead.clone().add(by_a_person), cancelled, "Cancelled while the server was stopped"),
        (dead.clone().add(Column::Crashes.gte(MOST_CRASHES - 1)), failed, GIVEN_UP),
        (stranded, failed, NO_ROOM),
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
        .col_expr(Column::Crashes, Expr::col(Column::Crashes).add(1))
        .col_expr(Column::NotBefore, Expr::value(now))
        .col_expr(Column::CancelRequested, Expr::value(false))
        .col_expr(Column::Yields, Expr::value(false))
        .col_expr(Column::Cause, Expr::value(AGAIN))
        .filter(dead);
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
