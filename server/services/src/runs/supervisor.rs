//! Keeps watch over a run: renews its lease, writes its progress, and stops it when it must stop.

use std::{
    future::Future,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use model::size;
use sea_orm::DbErr;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    context::Services,
    runs::{
        kind::{Column, Hold, RunKind, Watched, Work},
        lease::{Lease, Renewal},
        log::Told,
    },
    sentence::Sentence,
};

/// How often the lease is renewed; also how soon a cancelled run hears of it.
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// Why a run was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A person cancelled it.
    Person,
    /// The process is to end; the run goes back into the queue.
    Shutdown,
    /// It has taken longer than a run may.
    TimeUp,
    /// Another process has the run; nothing of it may be written any more.
    LeaseLost,
}

/// How far a run has come, counted by the engine's threads.
#[derive(Debug, Default)]
pub struct Counters {
    files: AtomicU64,
    bytes: AtomicU64,
    total_files: AtomicU64,
    total_bytes: AtomicU64,
    /// Since when the S3 service is away, in seconds after 1970; 0 while it is there.
    waiting_since: AtomicI64,
}

/// The counters at one moment, as the database takes them.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub files: i64,
    pub bytes: i64,
    pub total_files: i64,
    pub total_bytes: i64,
    pub waiting_since: Option<DateTime<Utc>>,
}

impl Counters {
    pub fn read(&self) -> Reading {
        let read = |counter: &AtomicU64| stored(counter.load(Ordering::Relaxed));
        Reading {
            files: read(&self.files),
            bytes: read(&self.bytes),
            total_files: read(&self.total_files),
            total_bytes: read(&self.total_bytes),
            waiting_since: match self.waiting_since.load(Ordering::Relaxed) {
                0 => None,
                since => DateTime::from_timestamp_secs(since),
            },
        }
    }
}

/// A count as the database takes it.
pub fn stored(count: u64) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

impl engine::Progress for Counters {
    fn total(&self, files: u64, bytes: u64) {
        self.total_files.store(files, Ordering::Relaxed);
        self.total_bytes.store(bytes, Ordering::Relaxed);
    }

    fn advance(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn waiting(&self, since: Option<DateTime<Utc>>) {
        self.waiting_since.store(since.map_or(0, |since| since.timestamp()), Ordering::Relaxed);
    }
}

/// Works until the work ends by itself or because its `cancel` was triggered. Tells the result and,
/// where the work was told to stop, why.
pub async fn supervise<K: RunKind, T>(
    services: &Services,
    Work { lease, counters, cancel }: &Work,
    stop: &CancellationToken,
    work: impl Future<Output = T>,
) -> (T, Option<StopReason>) {
    let Hold::Renewed(watched) = K::HOLD else { return (work.await, None) };
    tokio::pin!(work);
    let (mut reason, mut told) = (None, Told::default());
    let limit = sleep(services.config().run_limit);
    tokio::pin!(limit);
    let mut renewals = interval(RENEW_EVERY);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            result = &mut work => return (result, reason),
            () = stop.cancelled(), if reason.is_none() => {
                reason = Some(StopReason::Shutdown);
                cancel.cancel();
            }
            () = &mut limit, if reason.is_none() => {
                reason = Some(StopReason::TimeUp);
                cancel.cancel();
            }
            _ = renewals.tick() => {
                let found = match renewed::<K>(services, lease, &watched, counters).await {
                    Some(renewal) => stop_reason(renewal),
                    // The database does not answer. While the lease lasts nobody else can have the run.
                    None => (!lease.is_held()).then_some(StopReason::LeaseLost),
                };
                if found == Some(StopReason::LeaseLost) && reason != found {
                    services.metrics().lease_lost();
                }
                if let (Some(found), None | Some(StopReason::Shutdown | StopReason::TimeUp)) = (found, reason) {
                    reason = Some(found);
                    cancel.cancel();
                }
                if reason != Some(StopReason::LeaseLost) {
                    told.follow::<K>(services, lease.run(), counters).await;
                }
            }
        }
    }
}

/// What stands on a run whose time was up.
pub fn time_is_up(services: &Services) -> Sentence {
    Sentence::new(|| {
        tr!(
            "Stopped after {}, the longest that a run may take (HOLDFAST_RUN_LIMIT). Look at what made it so long, or let the operator allow more time",
            size::duration(services.config().run_limit.as_secs())
        )
    })
}

const fn stop_reason(renewal: Renewal) -> Option<StopReason> {
    match renewal {
        Renewal::Held => None,
        Renewal::CancelRequested => Some(StopReason::Person),
        Renewal::Lost => Some(StopReason::LeaseLost),
    }
}

/// What the renewal found; `None` where the database did not answer.
async fn renewed<K: RunKind>(
    services: &Services,
    lease: &Lease,
    watched: &Watched<Column<K>>,
    counters: &Counters,
) -> Option<Renewal> {
    let renewal = lease.renew::<K>(services.db(), watched, counters, services.clock().now()).await;
    let log = |error: &DbErr| {
        tracing::warn!(error = error as &dyn std::error::Error, ?lease, "a lease could not be renewed");
    };
    renewal.inspect_err(log).ok()
}
