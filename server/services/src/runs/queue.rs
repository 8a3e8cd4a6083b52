//! How a backup gets into the queue.

use chrono::{DateTime, TimeDelta, Utc};
use model::backup::BackupPhase;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::Expr,
};

use crate::entity::{UnreadableList, backup, policy};

/// A run whose time has come.
#[derive(Clone, Debug)]
pub struct Due {
    pub scheduled_for: DateTime<Utc>,
    /// It was missed while nothing was up.
    pub made_good: bool,
    /// Why it is skipped, if it is.
    pub obstacle: Option<String>,
}

/// Queues a backup that a person asked for.
pub async fn manual(
    db: &impl ConnectionTrait,
    policy: &policy::Model,
    repository: i64,
    created_by: &str,
    now: DateTime<Utc>,
) -> Result<backup::Model, DbErr> {
    let mut row = row(policy, repository, now);
    row.name = Set(free_name(db, policy.project_id, "manual", now).await?);
    row.created_by = Set(Some(created_by.to_owned()));
    row.insert(db).await
}

/// Queues a scheduled backup, or records that it is skipped.
pub async fn scheduled(
    db: &impl ConnectionTrait,
    policy: &policy::Model,
    repository: i64,
    due: Due,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut row = row(policy, repository, now);
    row.name = Set(free_name(db, policy.project_id, &policy.name, due.scheduled_for).await?);
    row.scheduled_for = Set(Some(due.scheduled_for));
    row.made_good = Set(due.made_good);
    if due.obstacle.is_some() {
        row.phase = Set(BackupPhase::Skipped.as_str().to_owned());
        row.finished_at = Set(Some(now));
        row.cause = Set(due.obstacle);
    } else {
        forgo_retries(db, policy.id).await?;
    }
    row.insert(db).await?;
    Ok(())
}

/// Whether a backup of the project waits for a worker.
pub async fn has_waiting(db: &impl ConnectionTrait, project: i64) -> Result<bool, DbErr> {
    let waiting = backup::Entity::find()
        .filter(backup::Column::ProjectId.eq(project))
        .filter(backup::Column::Phase.eq(BackupPhase::Queued.as_str()));
    Ok(waiting.count(db).await? > 0)
}

fn row(policy: &policy::Model, repository: i64, now: DateTime<Utc>) -> backup::ActiveModel {
    backup::ActiveModel {
        project_id: Set(policy.project_id),
        repository_id: Set(repository),
        policy_id: Set(Some(policy.id)),
        policy_name: Set(Some(policy.name.clone())),
        phase: Set(BackupPhase::Queued.as_str().to_owned()),
        include: Set(policy.include.clone()),
        exclude: Set(policy.exclude.clone()),
        retention_seconds: Set(policy.retention_seconds),
        attempt: Set(1),
        queued_at: Set(now),
        not_before: Set(now),
        unreadable: Set(UnreadableList::default()),
        expires_at: Set(Some(expiry(now, policy.retention_seconds))),
        ..Default::default()
    }
}

/// When a backup that was complete at `from` may go.
pub fn expiry(from: DateTime<Utc>, retention_seconds: i64) -> DateTime<Utc> {
    from.checked_add_signed(TimeDelta::seconds(retention_seconds)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `<prefix>-<yyyyMMddHHmmss>`, a second later for each backup of the project that has the name already.
async fn free_name(db: &impl ConnectionTrait, project: i64, prefix: &str, at: DateTime<Utc>) -> Result<String, DbErr> {
    let mut at = at;
    loop {
        let name = format!("{prefix}-{}", at.format("%Y%m%d%H%M%S"));
        let taken =
            backup::Entity::find().filter(backup::Column::ProjectId.eq(project)).filter(backup::Column::Name.eq(&name));
        if taken.count(db).await? == 0 {
            return Ok(name);
        }
        at += TimeDelta::seconds(1);
    }
}

/// A newer run of the policy does what a retry of an older one was to do.
async fn forgo_retries(db: &impl ConnectionTrait, policy: i64) -> Result<(), DbErr> {
    backup::Entity::update_many()
        .col_expr(backup::Column::RetryAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(backup::Column::PolicyId.eq(policy))
        .filter(backup::Column::RetryAt.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}
