//! The dispatcher: every second it queues a backup for each policy whose time has come, and tidies up.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::BackupPhase,
    schedule::{CronPeriod, TimeZone},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType},
};
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::{
    entity::{backup, policy},
    error::ServiceError,
    repositories,
    runs::{claim, queue, retention},
    sessions,
    start::Services,
    throttle,
};

/// When the dispatcher looks for what is due: every second.
const DISPATCH: &str = "* * * * * *";

/// When it tidies up: every minute.
const TIDY: &str = "30 * * * * *";

/// Policies that one transaction claims. A short transaction lets others in between.
const BATCH: u64 = 100;

/// A run this late was missed while nothing was up, and says so when it is made good.
const MISSED_AFTER: TimeDelta = TimeDelta::seconds(90);

/// The scheduler could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler failed: {0}")]
pub struct SchedulerError(#[from] JobSchedulerError);

/// Ticks until `stop`.
pub async fn run(services: &Services, stop: CancellationToken) -> Result<(), SchedulerError> {
    let mut scheduler = JobScheduler::new().await?;
    scheduler.add(job(DISPATCH, services, |services| async move { dispatch_due(&services).await })?).await?;
    scheduler.add(job(TIDY, services, |services| async move { tidy(&services).await })?).await?;
    scheduler.start().await?;
    stop.cancelled().await;
    Ok(scheduler.shutdown().await?)
}

/// A job that is left out while its last turn is still under way, and whose failure is in the log.
fn job<F>(
    schedule: &str,
    services: &Services,
    work: impl Fn(Services) -> F + Clone + Send + Sync + 'static,
) -> Result<Job, JobSchedulerError>
where
    F: Future<Output = Result<(), ServiceError>> + Send + 'static,
{
    let busy = Arc::new(Mutex::new(()));
    let services = services.clone();
    Job::new_async(schedule, move |_, _| {
        let (services, busy, work) = (services.clone(), busy.clone(), work.clone());
        Box::pin(async move {
            let Ok(_turn) = busy.try_lock() else { return };
            if let Err(error) = work(services).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the dispatcher failed; it tries again");
            }
        })
    })
}

async fn dispatch_due(services: &Services) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let taken_over = claim::release_expired(services.db(), now).await?;
    let mut queued = 0;
    loop {
        let claimed = claim_due(services, now).await?;
        queued += claimed;
        if claimed < BATCH {
            break;
        }
    }
    if taken_over + queued > 0 {
        tracing::info!(queued, taken_over, "dispatched");
        services.queued().notify_waiters();
    }
    Ok(())
}

async fn tidy(services: &Services) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let expired = retention::expire(services, now).await?;
    if expired > 0 {
        tracing::info!(expired, "backups have reached the end of their retention");
        services.queued().notify_waiters();
    }
    sessions::delete_expired(services.db(), now).await?;
    throttle::delete_forgotten(services.db(), now).await?;
    Ok(())
}

/// Claims policies that are due, in the order of their times: queues a backup for each and sets the next time, in one
/// transaction. Returns how many there were.
async fn claim_due(services: &Services, now: DateTime<Utc>) -> Result<u64, ServiceError> {
    let tx = services.write().await?;
    let due = policy::Entity::find()
        .filter(policy::Column::Paused.eq(false))
        .filter(policy::Column::NextRunAt.lte(now))
        .order_by_asc(policy::Column::NextRunAt)
        .limit(BATCH)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&tx)
        .await?;
    let count = due.len() as u64;
    for row in due {
        dispatch(&tx, row, now).await?;
    }
    tx.commit().await?;
    Ok(count)
}

async fn dispatch(db: &impl ConnectionTrait, row: policy::Model, now: DateTime<Utc>) -> Result<(), ServiceError> {
    let scheduled_for = row.next_run_at.unwrap_or(now);
    if let Some(in_use) = repositories::of_project(db, row.project_id).await? {
        let due = queue::Due {
            scheduled_for,
            made_good: now - scheduled_for > MISSED_AFTER,
            obstacle: obstacle(db, &row, &in_use).await?,
        };
        queue::scheduled(db, &row, in_use.repository.id, due, now).await?;
    }
    // Counted from the later of both, a clock that was set back repeats nothing.
    let next = next_run(&row, now.max(scheduled_for));
    let mut row = row.into_active_model();
    row.next_run_at = Set(next);
    row.update(db).await?;
    Ok(())
}

/// A schedule that is not understood any more ends, rather than keeping all others from being dispatched.
fn next_run(row: &policy::Model, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let schedule = CronPeriod::stored(&row.cron).and_then(|cron| Ok((cron, TimeZone::parse(&row.time_zone)?)));
    match schedule {
        Ok((cron, zone)) => cron.next_after(zone, after),
        Err(error) => {
            tracing::error!(policy = row.id, %error, "a stored schedule is not understood");
            None
        }
    }
}

/// Why a due run is skipped, if it is.
async fn obstacle(
    db: &impl ConnectionTrait,
    row: &policy::Model,
    in_use: &repositories::InUse,
) -> Result<Option<String>, ServiceError> {
    if in_use.credential.locked {
        let name = &in_use.credential.s3_name;
        return Ok(Some(format!("Skipped because backup credential {name} is locked. Unlock it to back up again")));
    }
    let running = backup::Column::Phase.eq(BackupPhase::InProgress.as_str());
    // One of another policy that is due at the same time waits its turn and is no obstacle.
    let own_waiting = Condition::all()
        .add(backup::Column::Phase.eq(BackupPhase::Queued.as_str()))
        .add(backup::Column::PolicyId.eq(row.id));
    let working = backup::Entity::find()
        .filter(backup::Column::ProjectId.eq(row.project_id))
        .filter(Condition::any().add(running).add(own_waiting))
        .one(db)
        .await?;
    Ok(working.map(|previous| {
        let state = if previous.phase == BackupPhase::Queued.as_str() { "waiting" } else { "working" };
        format!("Skipped because the backup {} of this project was still {state}", previous.name)
    }))
}
