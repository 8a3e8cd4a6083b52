//! Runs: who is due, who waits, who works on what.
//!
//! A scheduler ticks the [`dispatcher`], which finds what is [`due`] in the database and queues a backup for each. Workers
//! claim what waits, hold it by a [`lease`] that they keep renewing, and settle it. A run is a row in every state, so
//! nothing is lost with a process: what a dead one held is [released](release) when its lease has run out. Nodes on one
//! PostgreSQL pass over what another one is just claiming, and wake each other.

mod any;
mod backup_run;
mod capacity;
mod claim;
pub mod clock_watch;
pub mod damage;
mod deletion;
mod dispatcher;
mod due;
mod kind;
mod lease;
mod log;
pub mod maintenance_due;
mod maintenance_run;
mod order;
pub mod queue;
mod release;
mod removal_run;
mod restore_run;
pub mod retention;
pub mod supervisor;
#[cfg(test)]
mod tests;
mod unusual;
mod work;
mod worker;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{context::Services, live, nodes, notifications::courier, wake};

pub use self::dispatcher::SchedulerError;
use self::{
    any::AnyKind, backup_run::Backup, deletion::Deletion, maintenance_run::Maintenance, removal_run::Removal,
    restore_run::Restore,
};

/// All kinds of runs, in the order in which a worker looks for them. Restores come first, since somebody waits for them.
const KINDS: [&dyn AnyKind; 5] = [&Restore, &Backup, &Deletion, &Removal, &Maintenance];

/// Runs the dispatcher and the workers until `stop`. Returns when what was running is settled or back in the queue.
pub async fn run(services: &Services, stop: CancellationToken) -> Result<(), SchedulerError> {
    nodes::join(services).await;
    if services.takes_part()
        && let Err(error) = clock_watch::beat(services).await
    {
        // The dispatcher looks again and again.
        tracing::error!(error = &error as &dyn std::error::Error, "the clock could not be compared with the last one");
    }
    let mut workers = JoinSet::new();
    for _ in 0..services.config().workers.max(1) {
        workers.spawn(worker::run(services.clone(), stop.clone()));
    }
    workers.spawn(courier::run(services.clone(), stop.clone()));
    if services.has_other_nodes() {
        workers.spawn(wake::listen(services.clone(), stop.clone()));
    }
    if services.node().serves_pages {
        workers.spawn(live::watch(services.clone(), stop.clone()));
    }
    let outcome = dispatcher::run(services, stop.clone()).await;
    // Without a dispatcher the workers alone would hide that nothing is scheduled any more.
    stop.cancel();
    workers.join_all().await;
    nodes::leave(services).await;
    outcome
}
