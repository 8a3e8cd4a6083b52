//! Wakes workers when something is queued, so that they need not wait for their next look.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait,
    sqlx::{self, postgres::PgListener},
};
use tokio_util::sync::CancellationToken;

use crate::context::Services;

/// PostgreSQL's channel for it.
const CHANNEL: &str = "holdfast_runs";
const NOTIFY: &str = "NOTIFY holdfast_runs";

/// How long after a failure the other nodes are listened to again.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a message to the other nodes may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Wakes a worker of this process for one run, and those of other nodes.
pub async fn one(services: &Services) {
    services.queued().notify_one();
    tell_others(services).await;
}

/// Wakes all workers.
pub async fn all(services: &Services) {
    services.queued().notify_waiters();
    tell_others(services).await;
}

/// Where the message is lost they find the run a moment later by themselves.
async fn tell_others(services: &Services) {
    if !services.has_other_nodes() {
        return;
    }
    let told = tokio::time::timeout(TIMEOUT, services.db().execute_unprepared(NOTIFY));
    match told.await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "other nodes could not be woken"),
        Err(_) => tracing::warn!("other nodes could not be woken in time"),
    }
}

/// Wakes this process's workers whenever another node queues something, until `stop`. For PostgreSQL alone.
pub async fn listen(services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            heard = hear(&services) => heard,
        };
        if let Err(error) = heard {
            tracing::warn!(error = &error as &dyn std::error::Error, "other nodes are not heard; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn hear(services: &Services) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(services.db().get_postgres_connection_pool()).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Also after an interruption, in which something may have been missed.
        let _ = listener.try_recv().await?;
        services.queued().notify_waiters();
    }
}
