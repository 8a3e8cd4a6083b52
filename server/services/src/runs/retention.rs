//! Retention: which backups may go.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    schedule::TimeZone,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::Expr,
};

use crate::{
    context::Services,
    entity::{backup, policy, repository, restore},
    schedule,
};

const WITH_SNAPSHOT: [BackupPhase; 2] = [BackupPhase::Completed, BackupPhase::PartiallyFailed];

/// Marks for deletion what has reached its end, and removes the records of runs that left nothing in the bucket.
/// Returns how many there were.
///
/// The newest completed backup of a policy stays whatever its age, and so do those that its counts keep and one that is
/// being restored. One in a repository that is not in use stays too, since it cannot be reached.
pub async fn expire(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let kept = kept_by_counts(services.db(), now).await?;
    let newest = backup::Entity::find()
        .select_only()
        .column_as(backup::Column::Id.max(), "id")
        .filter(backup::Column::Phase.eq(BackupPhase::Completed))
        .filter(backup::Column::PolicyId.is_not_null())
        .group_by(backup::Column::PolicyId)
        .into_query();
    let restored = restore::Entity::find()
        .select_only()
        .column(restore::Column::BackupId)
        .filter(restore::Column::Phase.is_in([RestorePhase::Queued, RestorePhase::InProgress]))
        .into_query();
    let reachable = repository::Entity::find()
        .select_only()
        .column(repository::Column::Id)
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .into_query();
    let marked = backup::Entity::update_many()
        .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Deleting))
        .filter(backup::Column::ExpiresAt.lte(now))
        .filter(backup::Column::Phase.is_in(WITH_SNAPSHOT))
        .filter(backup::Column::Id.is_not_in(kept))
        .filter(backup::Column::Id.not_in_subquery(newest))
        .filter(backup::Column::Id.not_in_subquery(restored))
        .filter(backup::Column::RepositoryId.in_subquery(reachable))
        .exec(services.db())
        .await?;
    let without_data = [BackupPhase::Failed, BackupPhase::Cancelled, BackupPhase::Skipped];
    let removed = backup::Entity::delete_many()
        .filter(backup::Column::ExpiresAt.lte(now))
        .filter(backup::Column::Phase.is_in(without_data))
        .filter(backup::Column::Snapshot.is_null())
        .exec(services.db())
        .await?;
    Ok(marked.rows_affected + removed.rows_affected)
}

/// The backups whose retention period has ended and which the counts of their policies keep.
async fn kept_by_counts(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
    let mut counts = Condition::any();
    for count in [
        policy::Column::KeepLast,
        policy::Column::KeepHourly,
        policy::Column::KeepDaily,
        policy::Column::KeepWeekly,
        policy::Column::KeepMonthly,
        policy::Column::KeepYearly,
    ] {
        counts = counts.add(count.gt(0));
    }
    let mut kept = Vec::new();
    for policy in policy::Entity::find().filter(counts).all(db).await? {
        kept.extend(kept_of(db, &policy, now).await?);
    }
    Ok(kept)
}

async fn kept_of(db: &impl ConnectionTrait, policy: &policy::Model, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
    let newest_first = backup::Entity::find()
        .filter(backup::Column::PolicyId.eq(policy.id))
        .filter(backup::Column::Phase.is_in(WITH_SNAPSHOT))
        .order_by_desc(backup::Column::StartedAt)
        .all(db)
        .await?;
    if !newest_first.iter().any(|row| row.expires_at.is_some_and(|expires| expires <= now)) {
        return Ok(Vec::new());
    }
    let times: Vec<_> = newest_first.iter().map(|row| row.started_at.unwrap_or(row.queued_at)).collect();
    let zone = TimeZone::parse(&policy.time_zone).unwrap_or(TimeZone::UTC);
    let kept = schedule::keep(policy).kept(&times, zone);
    Ok(newest_first.iter().zip(kept).filter_map(|(row, kept)| kept.then_some(row.id)).collect())
}
