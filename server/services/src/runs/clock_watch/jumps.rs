//! What the database says of times, after the clock has jumped. All of it can be done twice.

use chrono::{DateTime, Utc};
use model::backup::BackupPhase;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use super::reschedule;
use crate::{
    context::Services,
    entity::{backup, delivery, maintenance, node, removal, repository, restore, trouble},
    notifications::digest,
    runs::{lease, maintenance_due},
    wake,
};

/// Times after the first, and where there is a second up to that.
type Range = (DateTime<Utc>, Option<DateTime<Utc>>);

/// The clock has gone ahead from `before`. Leases that were held then are held still: their owners renew them in a moment,
/// and those of dead ones run out.
pub async fn ahead(services: &Services, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), DbErr> {
    move_leases(services.db(), (before, Some(now)), now).await
}

/// The clock has gone back, and may be far behind the right time. What was to happen by its former time goes on by this one.
pub async fn back(services: &Services, now: DateTime<Utc>, far_behind: bool) -> Result<(), DbErr> {
    let db = services.db();
    move_leases(db, (lease::latest(now), None), now).await?;
    shorten_waits(db, now).await?;
    shorten_memories(db, now).await?;
    digest::reschedule(db, now).await?;
    let caught_up = reschedule::all(services, now, far_behind).await?;
    tracing::warn!(caught_up, "the clock went back: the next times of all schedules were computed anew");
    wake::all(services).await;
    Ok(())
}

/// Lets leases run out that a live owner would have renewed by then.
async fn move_leases(db: &impl ConnectionTrait, which: Range, now: DateTime<Utc>) -> Result<(), DbErr> {
    let until = lease::latest(now);
    set::<backup::Entity>(db, backup::Column::LeaseUntil, which, until).await?;
    set::<restore::Entity>(db, restore::Column::LeaseUntil, which, until).await?;
    set::<maintenance::Entity>(db, maintenance::Column::LeaseUntil, which, until).await?;
    set::<removal::Entity>(db, removal::Column::LeaseUntil, which, until).await?;
    set::<delivery::Entity>(db, delivery::Column::LeaseUntil, which, until).await
}

/// What waits for a time that is further away now waits no longer than it would have. What waits to be deleted is not
/// among it: that may take longer.
async fn shorten_waits(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let queued = backup::Entity::update_many()
        .col_expr(backup::Column::NotBefore, Expr::value(now))
        .filter(backup::Column::NotBefore.gt(now))
        .filter(backup::Column::Phase.eq(BackupPhase::Queued));
    queued.exec(db).await?;
    set::<backup::Entity>(db, backup::Column::RetryAt, (now, None), now).await?;
    set::<maintenance::Entity>(db, maintenance::Column::NotBefore, (now, None), now).await?;
    set::<delivery::Entity>(db, delivery::Column::NotBefore, (now, None), now).await?;
    let (prune, verification) = (maintenance_due::next_prune(now), maintenance_due::next_verification(now));
    set::<repository::Entity>(db, repository::Column::PruneDueAt, (prune, None), prune).await?;
    set::<repository::Entity>(db, repository::Column::VerifyDueAt, (verification, None), verification).await
}

/// What was seen or done by the former time was seen or done now at the latest, so that what is counted from it ends.
async fn shorten_memories(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    set::<node::Entity>(db, node::Column::SeenAt, (now, None), now).await?;
    set::<trouble::Entity>(db, trouble::Column::ToldAt, (now, None), now).await?;
    set::<repository::Entity>(db, repository::Column::PrunedAt, (now, None), now).await
}

async fn set<E: EntityTrait>(
    db: &impl ConnectionTrait,
    column: E::Column,
    (after, until): Range,
    to: DateTime<Utc>,
) -> Result<(), DbErr> {
    let which = Condition::all().add(column.gt(after)).add_option(until.map(|until| column.lte(until)));
    E::update_many().col_expr(column, Expr::value(to)).filter(which).exec(db).await.map(drop)
}
