//! The dispatcher: every second it queues a backup for each policy whose time has come, and now and then tidies up.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::{
    context::Services,
    credentials,
    error::ServiceError,
    known_networks, nodes, notifications, projects,
    runs::{clock_watch, due, maintenance_due, queue, release, retention, unusual},
    second_factor, session_rows, throttle, wake,
};

/// When the dispatcher looks for what is due: every second.
const DISPATCH: &str = "* * * * * *";

/// When the process says that it is there.
const BEAT: &str = "*/5 * * * * *";

/// When it looks for what is overdue, and for digests that are due.
const WATCH: &str = "*/10 * * * * *";

/// When it tidies up: every minute.
const TIDY: &str = "30 * * * * *";

/// The scheduler could not be started or stopped.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler failed: {0}")]
pub struct SchedulerError(#[from] JobSchedulerError);

/// Ticks until `stop`.
pub async fn run(services: &Services, stop: CancellationToken) -> Result<(), SchedulerError> {
    let mut scheduler = JobScheduler::new().await?;
    scheduler.add(job(DISPATCH, services, |services| async move { dispatch(&services).await })?).await?;
    let beat = |services: Services| async move { if services.takes_part() { beat(&services).await } else { Ok(()) } };
    scheduler.add(job(BEAT, services, beat)?).await?;
    let watch = |services: Services| async move { if services.takes_part() { watch(&services).await } else { Ok(()) } };
    scheduler.add(job(WATCH, services, watch)?).await?;
    let tidy = |services: Services| async move { if services.takes_part() { tidy(&services).await } else { Ok(()) } };
    scheduler.add(job(TIDY, services, tidy)?).await?;
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

async fn beat(services: &Services) -> Result<(), ServiceError> {
    nodes::beat(services).await?;
    Ok(clock_watch::beat(services).await?)
}

/// By a clock that jumped far just now, everything would be overdue.
pub(super) async fn watch(services: &Services) -> Result<(), ServiceError> {
    if clock_watch::has_jumped_lately(services).await? {
        return Ok(());
    }
    notifications::watch(services).await
}

pub(super) async fn dispatch(services: &Services) -> Result<(), ServiceError> {
    if !nodes::take_part(services).await? {
        // Without a beat: it is not ready.
        return Ok(());
    }
    services.pulse().beat();
    // Before anything is done by a time to which the clock has jumped.
    clock_watch::look(services).await?;
    let now = services.clock().now();
    let taken_over = release::expired(services, now).await?;
    let retried = queue::due_retries(services.db(), now).await?;
    let queued = due::claim_all(services, now).await?;
    let maintenance = maintenance_due::queue(services, now).await?;
    let removed = if clock_watch::deletions_allowed(services, now).await? {
        projects::remove_due(services, now).await?
    } else {
        0
    };
    maintenance_due::yield_to_backups(services.db(), now).await?;
    if taken_over + retried + queued + maintenance + removed > 0 {
        tracing::info!(queued, retried, taken_over, maintenance, removed, "dispatched");
        wake::all(services).await;
    }
    Ok(())
}

pub(super) async fn tidy(services: &Services) -> Result<(), ServiceError> {
    let now = services.clock().now();
    known_networks::reload(services).await?;
    // What a clock in doubt takes for old may be needed still.
    if !clock_watch::deletions_allowed(services, now).await? {
        return Ok(());
    }
    let expired = retention::expire(services, now).await?;
    if expired > 0 {
        tracing::info!(expired, "backups have reached the end of their retention");
        wake::all(services).await;
    }
    unusual::remind(services, now).await?;
    maintenance_due::forget_old(services.db(), now).await?;
    session_rows::delete_expired(services.db(), now).await?;
    nodes::forget_old(services.db(), now).await?;
    notifications::forget_old(services.db(), now).await?;
    throttle::delete_forgotten(services.db(), now).await?;
    known_networks::forget_old(services.db(), now).await?;
    second_factor::forget_drafts(services.db(), now).await?;
    clock_watch::forget_old(services.db(), now).await?;
    check_credentials(services.clone(), now);
    Ok(())
}

/// Beside the rest, which does not wait for an endpoint that does not answer.
fn check_credentials(services: Services, now: DateTime<Utc>) {
    tokio::spawn(async move {
        if let Err(error) = credentials::check_next(&services, now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a credential could not be checked");
        }
    });
}
