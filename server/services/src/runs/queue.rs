//! How a backup gets into the queue.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    ids::{OrganizationId, RepositoryId},
    retention::Retention,
    schedule::TimeZone,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    context::Services,
    entity::{TextList, UnreadableList, backup, policy},
    notifications::events::{self, Ended},
    sentence::Sentence,
};

/// Where a backup belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub organization: OrganizationId,
    pub repository: RepositoryId,
}

/// A run whose time has come.
#[derive(Clone, Debug)]
pub struct Due<'a> {
    pub policy: &'a policy::Model,
    pub place: Place,
    pub scheduled_for: DateTime<Utc>,
    /// It was missed while nothing was up.
    pub made_good: bool,
    /// Why it is skipped, if it is.
    pub obstacle: Option<Obstacle>,
}

/// Why a run is skipped.
#[derive(Clone, Debug)]
pub enum Obstacle {
    /// Nothing is backed up until somebody does something about it.
    CredentialLocked { cause: Sentence },
    /// The run before is not done yet.
    StillBusy { cause: Sentence },
}

impl Obstacle {
    fn into_cause(self) -> Sentence {
        match self {
            Self::CredentialLocked { cause } | Self::StillBusy { cause } => cause,
        }
    }
}

/// What stands on a run that a locked credential keeps from beginning.
pub fn credential_locked(name: &str) -> Sentence {
    Sentence::new(|| tr!("Backup credential {} is locked. Unlock it to back up again", name))
}

/// Queues a backup that a person asked for.
pub async fn manual(
    db: &impl ConnectionTrait,
    services: &Services,
    policy: &policy::Model,
    place: Place,
    created_by: &str,
) -> Result<backup::Model, DbErr> {
    let now = services.clock().now();
    forgo_retries(db, services, vec![policy.id], now).await?;
    let mut row = row(policy, place, now);
    row.name = Set(free_name(db, policy, "manual", now).await?);
    row.created_by = Set(Some(created_by.to_owned()));
    row.insert(db).await
}

/// Queues scheduled backups, or records that they are skipped.
pub async fn scheduled(
    db: &impl ConnectionTrait,
    services: &Services,
    due: Vec<Due<'_>>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if due.is_empty() {
        return Ok(());
    }
    let queued = due.iter().filter(|due| due.obstacle.is_none()).map(|due| due.policy.id);
    forgo_retries(db, services, queued.collect(), now).await?;
    let mut taken = taken_names(db, &due).await?;
    let mut rows = Vec::with_capacity(due.len());
    for due in due {
        let project = due.policy.project_id;
        let wanted = name(due.policy, &due.policy.name, due.scheduled_for);
        let name = if taken.contains(&(project, wanted.clone())) {
            free_name(db, due.policy, &due.policy.name, due.scheduled_for).await?
        } else {
            wanted
        };
        taken.insert((project, name.clone()));
        if let Some(Obstacle::CredentialLocked { cause }) = &due.obstacle {
            let (policy, phase, cause) = (Some(due.policy.id), BackupPhase::Skipped, &cause.in_english());
            events::failed(db, services, Ended { project, policy, backup: &name, phase, cause }, now).await?;
        }
        rows.push(scheduled_row(due, name, now));
    }
    backup::Entity::insert_many(rows).exec_without_returning(db).await.map(drop)
}

fn scheduled_row(due: Due<'_>, name: String, now: DateTime<Utc>) -> backup::ActiveModel {
    let (phase, finished) = match &due.obstacle {
        Some(_) => (BackupPhase::Skipped, Some(now)),
        None => (BackupPhase::Queued, None),
    };
    backup::ActiveModel {
        name: Set(name),
        scheduled_for: Set(Some(due.scheduled_for)),
        made_good: Set(due.made_good),
        phase: Set(phase),
        finished_at: Set(finished),
        cause: Set(due.obstacle.map(Obstacle::into_cause)),
        ..row(due.policy, due.place, now)
    }
}

/// Those of the names wanted that backups have already, by project.
async fn taken_names(db: &impl ConnectionTrait, due: &[Due<'_>]) -> Result<HashSet<(i64, String)>, DbErr> {
    let projects: HashSet<i64> = due.iter().map(|due| due.policy.project_id).collect();
    let names: HashSet<String> = due.iter().map(|due| name(due.policy, &due.policy.name, due.scheduled_for)).collect();
    let taken: Vec<(i64, String)> = backup::Entity::find()
        .select_only()
        .columns([backup::Column::ProjectId, backup::Column::Name])
        .filter(backup::Column::ProjectId.is_in(projects))
        .filter(backup::Column::Name.is_in(names))
        .into_tuple()
        .all(db)
        .await?;
    Ok(taken.into_iter().collect())
}

/// Puts failed backups whose next try is due back into the queue. Returns how many there were.
pub async fn due_retries(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let again = backup::Entity::update_many()
        .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Queued))
        .col_expr(backup::Column::Attempt, Expr::col(backup::Column::Attempt).add(1))
        .col_expr(backup::Column::NotBefore, Expr::value(now))
        .col_expr(backup::Column::RetryAt, Expr::value(Option::<DateTime<Utc>>::None))
        .col_expr(backup::Column::FinishedAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(backup::Column::RetryAt.lte(now));
    Ok(again.exec(db).await?.rows_affected)
}

/// Whether a backup of the project waits for a worker.
pub async fn has_waiting(db: &impl ConnectionTrait, project: i64) -> Result<bool, DbErr> {
    let waiting = backup::Entity::find()
        .filter(backup::Column::ProjectId.eq(project))
        .filter(backup::Column::Phase.eq(BackupPhase::Queued));
    Ok(waiting.count(db).await? > 0)
}

fn row(policy: &policy::Model, place: Place, now: DateTime<Utc>) -> backup::ActiveModel {
    backup::ActiveModel {
        project_id: Set(policy.project_id),
        organization_id: Set(place.organization.0),
        repository_id: Set(place.repository.0),
        policy_id: Set(Some(policy.id)),
        policy_name: Set(Some(policy.name.clone())),
        phase: Set(BackupPhase::Queued),
        include: Set(policy.include.clone()),
        exclude: Set(policy.exclude.clone()),
        source_options: Set(policy.source_options),
        retention_seconds: Set(policy.retention_seconds),
        attempt: Set(1),
        queued_at: Set(now),
        not_before: Set(now),
        unreadable: Set(UnreadableList::default()),
        changed: Set(TextList::default()),
        unmatched: Set(TextList::default()),
        expires_at: Set(Some(expiry(now, policy.retention_seconds))),
        ..Default::default()
    }
}

/// When a backup that was complete at `from` may go.
pub fn expiry(from: DateTime<Utc>, retention_seconds: i64) -> DateTime<Utc> {
    let retention = u64::try_from(retention_seconds).ok().and_then(|seconds| Retention::from_seconds(seconds).ok());
    retention.map_or(DateTime::<Utc>::MAX_UTC, |retention| retention.end(from))
}

/// `<prefix>-<yyyyMMddHHmmss>`, a second later for each backup of the project that has the name already.
async fn free_name(
    db: &impl ConnectionTrait,
    policy: &policy::Model,
    prefix: &str,
    at: DateTime<Utc>,
) -> Result<String, DbErr> {
    let mut at = at;
    loop {
        let name = name(policy, prefix, at);
        let taken = backup::Entity::find()
            .filter(backup::Column::ProjectId.eq(policy.project_id))
            .filter(backup::Column::Name.eq(&name));
        if taken.count(db).await? == 0 {
            return Ok(name);
        }
        at += TimeDelta::seconds(1);
    }
}

/// With the time of the policy's zone, in which its schedule is written: who restores "the one of five o'clock" looks for
/// that. The hour that comes twice when daylight-saving time ends gives names twice, of which the second is free a second
/// later.
fn name(policy: &policy::Model, prefix: &str, at: DateTime<Utc>) -> String {
    let zone = TimeZone::parse(&policy.time_zone).unwrap_or(TimeZone::UTC);
    format!("{prefix}-{}", zone.shown(at).format("%Y%m%d%H%M%S"))
}

/// A newer run of a policy does what a retry of an older one was to do, and a paused one does nothing by itself.
///
/// So those failed for good.
pub async fn forgo_retries(
    db: &impl ConnectionTrait,
    services: &Services,
    policies: Vec<i64>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let forgone = backup::Entity::find()
        .filter(backup::Column::PolicyId.is_in(policies.iter().copied()))
        .filter(backup::Column::RetryAt.is_not_null())
        .all(db)
        .await?;
    if forgone.is_empty() {
        return Ok(());
    }
    for row in &forgone {
        let cause = row.cause.as_ref().map(Sentence::in_english).unwrap_or_default();
        events::failed(db, services, Ended::of(row, BackupPhase::Failed, &cause), now).await?;
    }
    backup::Entity::update_many()
        .col_expr(backup::Column::RetryAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(backup::Column::PolicyId.is_in(policies))
        .filter(backup::Column::RetryAt.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}
