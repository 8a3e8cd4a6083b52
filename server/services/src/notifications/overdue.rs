//! Policies without a completed backup for longer than their schedule promises.

use chrono::{DateTime, TimeDelta, Utc};
use model::{backup::BackupPhase, notification::EventKind, schedule::CronPeriod};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, Select,
    sea_query::{LockBehavior, LockType},
};

use super::outbox;
use crate::{
    context::Services,
    entity::{backup, organization, policy, project},
    schedule,
    sender::Message,
};

/// How long after the second missed time it is told: three tries of a failed run take 21 minutes.
const GRACE: TimeDelta = TimeDelta::minutes(30);

/// As good as never, for schedules that do not come twice any more.
const NEVER: TimeDelta = TimeDelta::days(36_500);

/// Policies that are looked at in one turn.
const BATCH: u64 = 100;

/// When a policy counts as overdue that was completely backed up, or set to work, at `from`: its next time has passed by
/// one more period and a grace. `None` where there are no such times.
pub fn promised(policy: &policy::Model, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let next = schedule::next_run(policy, from)?;
    Some(schedule::next_run(policy, next)? + GRACE)
}

/// Tells of policies that have become overdue. One that is being backed up is left alone until that has ended.
pub async fn tell_all(services: &Services, now: DateTime<Utc>) -> Result<(), DbErr> {
    note_promises(services, now).await?;
    let due = policy::Entity::living()
        .filter(policy::Column::Paused.eq(false))
        .filter(policy::Column::OverdueAt.lte(now))
        .filter(policy::Column::OverdueToldAt.is_null())
        .filter(policy::Column::Id.not_in_subquery(running()))
        .order_by_asc(policy::Column::OverdueAt)
        .limit(BATCH);
    let Some((tx, policies)) = locked(services, due).await? else { return Ok(()) };
    for policy in policies {
        tell(&tx, services, &policy, now).await?;
        let mut change = policy.into_active_model();
        change.overdue_told_at = Set(Some(now));
        change.update(&tx).await?;
    }
    tx.commit().await
}

/// Notes until when a backup is promised where that is not known: of policies from before it was.
async fn note_promises(services: &Services, now: DateTime<Utc>) -> Result<(), DbErr> {
    let unknown = policy::Entity::living()
        .filter(policy::Column::Paused.eq(false))
        .filter(policy::Column::NextRunAt.is_not_null())
        .filter(policy::Column::OverdueAt.is_null())
        .limit(BATCH);
    let Some((tx, policies)) = locked(services, unknown).await? else { return Ok(()) };
    for policy in policies {
        let promised = promised(&policy, now);
        let mut change = policy.into_active_model();
        // One that never runs twice again is never overdue.
        change.overdue_at = Set(Some(promised.unwrap_or(now + NEVER)));
        change.update(&tx).await?;
    }
    tx.commit().await
}

/// Those of `wanted` that no other node is just looking at. Mostly there are none, and looking takes no lock.
async fn locked(
    services: &Services,
    wanted: Select<policy::Entity>,
) -> Result<Option<(sea_orm::DatabaseTransaction, Vec<policy::Model>)>, DbErr> {
    if wanted.clone().limit(1).one(services.db()).await?.is_none() {
        return Ok(None);
    }
    let tx = services.write().await?;
    let found = wanted.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await?;
    Ok(Some((tx, found)))
}

fn running() -> sea_orm::sea_query::SelectStatement {
    backup::Entity::find()
        .select_only()
        .column(backup::Column::PolicyId)
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress))
        .filter(backup::Column::PolicyId.is_not_null())
        .into_query()
}

async fn tell(
    db: &impl ConnectionTrait,
    services: &Services,
    policy: &policy::Model,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let found = project::Entity::find_by_id(policy.project_id).find_also_related(organization::Entity).one(db).await?;
    let Some((project, Some(home))) = found else { return Ok(()) };
    let last = backup::Entity::find()
        .filter(backup::Column::PolicyId.eq(policy.id))
        .filter(backup::Column::Phase.eq(BackupPhase::Completed))
        .filter(backup::Column::DeleteAfter.is_null())
        .order_by_desc(backup::Column::Id)
        .one(db)
        .await?;
    let last = match last.and_then(|last| last.finished_at) {
        Some(at) => format!("The last completed backup ended at {}.", model::time::text(at)),
        None => "There is no completed backup.".to_owned(),
    };
    let period = CronPeriod::stored(&policy.cron).map(|cron| cron.in_words()).unwrap_or_default();
    let subject = format!("[{}] Backup of {} is overdue (policy {})", home.name, project.name, policy.name);
    let text = format!("{last} The schedule is: {period}, {}.", policy.time_zone);
    let message = Message {
        project: Some(project.name),
        policy: Some(policy.name.clone()),
        link: services.link(&format!("/projects/{}/policies?tab=backups", project.id)),
        ..Message::new(&home.name, subject, text, now)
    };
    let since = policy.overdue_at.map(|at| at.timestamp()).unwrap_or_default();
    let key = format!("overdue:{}:{since}", policy.id);
    outbox::tell(db, home.id, EventKind::Overdue, &key, &message, now).await
}
