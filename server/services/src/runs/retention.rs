//! Retention: which backups may go.

use chrono::{DateTime, Utc};
use model::backup::{BackupPhase, RestorePhase};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};

use crate::{
    entity::{backup, repository, restore},
    start::Services,
};

/// Marks for deletion what has reached its end, and removes the records of runs that left nothing in the bucket.
/// Returns how many there were.
///
/// The newest completed backup of a policy stays whatever its age, and so does one that is being restored. One in a
/// repository that is not in use stays too, since it cannot be reached.
pub async fn expire(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let newest = backup::Entity::find()
        .select_only()
        .column_as(backup::Column::Id.max(), "id")
        .filter(backup::Column::Phase.eq(BackupPhase::Completed.as_str()))
        .filter(backup::Column::PolicyId.is_not_null())
        .group_by(backup::Column::PolicyId)
        .into_query();
    let restored = restore::Entity::find()
        .select_only()
        .column(restore::Column::BackupId)
        .filter(restore::Column::Phase.is_in([RestorePhase::Queued.as_str(), RestorePhase::InProgress.as_str()]))
        .into_query();
    let reachable = repository::Entity::find()
        .select_only()
        .column(repository::Column::Id)
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .into_query();
    let marked = backup::Entity::update_many()
        .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Deleting.as_str()))
        .filter(backup::Column::ExpiresAt.lte(now))
        .filter(backup::Column::Phase.is_in([BackupPhase::Completed.as_str(), BackupPhase::PartiallyFailed.as_str()]))
        .filter(backup::Column::Id.not_in_subquery(newest))
        .filter(backup::Column::Id.not_in_subquery(restored))
        .filter(backup::Column::RepositoryId.in_subquery(reachable))
        .exec(services.db())
        .await?;
    let without_data = [BackupPhase::Failed.as_str(), BackupPhase::Cancelled.as_str(), BackupPhase::Skipped.as_str()];
    let removed = backup::Entity::delete_many()
        .filter(backup::Column::ExpiresAt.lte(now))
        .filter(backup::Column::Phase.is_in(without_data))
        .filter(backup::Column::Snapshot.is_null())
        .exec(services.db())
        .await?;
    Ok(marked.rows_affected + removed.rows_affected)
}
