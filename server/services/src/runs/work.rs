//! One run, from its claim to its settlement.

use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::ExprTrait};
use tokio_util::sync::CancellationToken;

use super::{
    kind::{Hold, Outcome, Row, RunKind, Settled, Work},
    lease::{Lease, TURN},
    log,
    release::freed,
    supervisor::{Counters, StopReason, supervise},
};
use crate::{context::Services, error::ServiceError, live};

/// Works on a claimed run and settles it. An error means that the row could not be settled; then its lease runs out.
pub async fn run<K: RunKind>(services: &Services, row: &Row<K>, stop: &CancellationToken) -> Result<(), ServiceError> {
    let work = Work {
        lease: Arc::new(Lease::new(K::id(row), &services.node().id)),
        counters: Arc::new(Counters::default()),
        cancel: CancellationToken::new(),
    };
    tracing::info!("run started");
    let lease = work.lease.clone();
    let Some(outcome) = outcome::<K>(services, row, work, stop).await else { return Ok(()) };
    let end = K::end(services, row, outcome).await?;
    tracing::info!(?end, "run ended");
    K::count(services, row, &end, lease.age());
    settle::<K>(services, row, end).await
}

/// What came of it; `None` where another process has the run, or will have it, so that nothing of it may be written.
async fn outcome<K: RunKind>(
    services: &Services,
    row: &Row<K>,
    work: Work,
    stop: &CancellationToken,
) -> Option<Outcome<K::Output>> {
    let Hold::Renewed(_) = K::HOLD else {
        return Some(match tokio::time::timeout(TURN, K::work(services, row, work)).await {
            Ok(Ok(output)) => Outcome::Done(output),
            Ok(Err(error)) => Outcome::Failed(error),
            Err(_) => Outcome::Stopped(StopReason::TimeUp),
        });
    };
    let lease = work.lease.clone();
    match supervise::<K, _>(services, &work, stop, K::work(services, row, work.clone())).await {
        (_, Some(StopReason::LeaseLost)) => None,
        // A pause of this process was longer than its lease.
        (Err(_), None) if !lease.is_held() => None,
        (Ok(output), _) => Some(Outcome::Done(output)),
        (Err(error), None) => Some(Outcome::Failed(error)),
        (Err(_), Some(reason)) => Some(Outcome::Stopped(reason)),
    }
}

/// Writes how the run ended, in one transaction with what follows. Where the lease was lost in the meantime nothing is
/// written.
async fn settle<K: RunKind>(services: &Services, row: &Row<K>, end: K::End) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let held = || K::LEASED.id.eq(K::id(row)).and(K::LEASED.owner.eq(services.node().id.as_str()));
    let tx = services.write().await?;
    let (written, gone) = match K::settled(freed::<K>().filter(held()), row, &end, now) {
        Settled::Kept(update) => (update.exec(&tx).await?.rows_affected, false),
        Settled::Deleted => (K::Entity::delete_many().filter(held()).exec(&tx).await?.rows_affected, true),
    };
    if written == 0 {
        tracing::warn!("the lease was lost before the run could be settled");
        return Ok(());
    }
    for text in K::told(row, &end) {
        log::write::<K>(&tx, services, K::id(row), text, now).await?;
    }
    K::follow(&tx, services, row, end, now).await?;
    tx.commit().await?;
    if gone && let Some(project) = K::project(row) {
        live::moved(services, project).await;
    }
    Ok(())
}
