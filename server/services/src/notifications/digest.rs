//! The weekly digest: how the last seven days went, on Monday mornings.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    notification::DeliveryKind,
    schedule::{CronPeriod, TimeZone},
    size,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use super::outbox;
use crate::{
    context::Services,
    entity::{backup, notification_channel, organization},
    sender::Message,
    standing,
};

/// When it is sent, in the organization's time zone.
const WHEN: &str = "0 8 * * 1";

/// How far away the next one is at most, whatever the time zone does meanwhile.
const FURTHEST: TimeDelta = TimeDelta::days(8);

/// Channels that are served in one turn.
const BATCH: u64 = 100;

/// The next Monday morning of an organization.
pub fn next(home: &organization::Model, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let zone = TimeZone::parse(&home.time_zone).unwrap_or(TimeZone::UTC);
    CronPeriod::stored(WHEN).ok()?.next_after(zone, now)
}

/// Computes the times of digests anew that are further away than any can be: the clock went back.
pub async fn reschedule(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let too_late = notification_channel::Entity::find()
        .find_also_related(organization::Entity)
        .filter(notification_channel::Column::DigestAt.gt(now + FURTHEST));
    for (channel, home) in too_late.all(db).await? {
        let Some(home) = home else { continue };
        let mut change = channel.into_active_model();
        change.digest_at = Set(next(&home, now));
        change.update(db).await?;
    }
    Ok(())
}

/// Queues the digests that are due.
pub async fn tell_all(services: &Services, now: DateTime<Utc>) -> Result<(), DbErr> {
    let due = notification_channel::Entity::find().filter(notification_channel::Column::DigestAt.lte(now)).limit(BATCH);
    if due.clone().limit(1).one(services.db()).await?.is_none() {
        return Ok(());
    }
    let tx = services.write().await?;
    for channel in due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await? {
        let home = organization::Entity::find_by_id(channel.organization_id).one(&tx).await?;
        let Some(home) = home else { continue };
        let message = week(&tx, services, &home, now).await?;
        let key = format!("digest:{}", channel.digest_at.map(|at| at.timestamp()).unwrap_or_default());
        outbox::tell_one(&tx, &channel, DeliveryKind::Digest, &key, &message, now).await?;
        let mut change = channel.into_active_model();
        change.digest_at = Set(next(&home, now));
        change.update(&tx).await?;
    }
    tx.commit().await
}

async fn week(
    db: &impl ConnectionTrait,
    services: &Services,
    home: &organization::Model,
    now: DateTime<Utc>,
) -> Result<Message, DbErr> {
    let counts = counts(db, home.id, now).await?;
    let of = |phase: BackupPhase| {
        counts.iter().find(|(found, ..)| found == phase.as_str()).map_or(0, |(_, count, _)| *count)
    };
    let added: i64 = counts.iter().filter_map(|(_, _, added)| *added).sum();
    let (completed, partial, failed, skipped) = (
        of(BackupPhase::Completed),
        of(BackupPhase::PartiallyFailed),
        of(BackupPhase::Failed),
        of(BackupPhase::Skipped),
    );
    let standings = standing::count(db, [home.id], now).await?.remove(&home.id).unwrap_or_default();
    let added = size::bytes(added.unsigned_abs());
    let text = format!(
        "Backups of the last seven days: {completed} completed, {partial} incomplete, {failed} failed, {skipped} skipped.\n\
         They added {added} to their buckets.\n\
         {}.",
        standings.sentence(),
    );
    let subject = format!("[{}] The week's backups: {completed} completed, {failed} failed", home.name);
    Ok(Message { link: services.link("/"), ..Message::new(&home.name, subject, text, now) })
}

/// Backups that ended in the last seven days and what they added, by phase.
async fn counts(
    db: &impl ConnectionTrait,
    organization: i64,
    now: DateTime<Utc>,
) -> Result<Vec<(String, i64, Option<i64>)>, DbErr> {
    backup::Entity::find()
        .select_only()
        .column(backup::Column::Phase)
        .column_as(backup::Column::Id.count(), "count")
        .column_as(Expr::col(backup::Column::AddedBytes).sum().cast_as("BIGINT"), "added")
        .filter(backup::Column::OrganizationId.eq(organization))
        .filter(backup::Column::FinishedAt.gt(now - TimeDelta::days(7)))
        .group_by(backup::Column::Phase)
        .into_tuple()
        .all(db)
        .await
}
