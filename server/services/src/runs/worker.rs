//! A worker: takes one run after the other.

use std::time::Duration;

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{KINDS, any::Claimed, capacity};
use crate::context::{Services, Taken};

/// How long a worker waits before it looks again where nobody rings.
const POLL: Duration = Duration::from_secs(2);

/// Works until `stop`.
pub async fn run(services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        // Listening begins before looking: what is queued in between rings.
        let rung = services.queued().notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        match next(&services).await {
            Ok(Some((claimed, taken))) => {
                work(&services, claimed, &stop).await;
                drop(taken);
                // What could not be claimed beside it may be waiting.
                services.queued().notify_one();
            }
            Ok(None) => pause(rung, &stop).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a worker cannot look for work");
                pause(rung, &stop).await;
            }
        }
    }
}

async fn pause(rung: impl Future<Output = ()>, stop: &CancellationToken) {
    tokio::select! {
        () = rung => {}
        () = stop.cancelled() => {}
        () = tokio::time::sleep(POLL) => {}
    }
}

/// The next run that this process may work on beside those it has.
async fn next(services: &Services) -> Result<Option<(Claimed, Taken<'_>)>, DbErr> {
    if !services.takes_part() {
        return Ok(None);
    }
    let capacity = services.capacity();
    let _turn = capacity.claiming().await;
    for room in capacity::rooms(services, services.clock().now()).await? {
        for kind in KINDS {
            if let Some(claimed) = kind.claim(services, &room).await? {
                let taken = capacity.take(claimed.organization, claimed.crashes > 0);
                return Ok(Some((claimed, taken)));
            }
        }
    }
    Ok(None)
}

async fn work(services: &Services, claimed: Claimed, stop: &CancellationToken) {
    let settling = async {
        if let Err(error) = (claimed.work)(services.clone(), stop.clone()).await {
            // The lease runs out and the run is taken up again.
            tracing::error!(error = &error as &dyn std::error::Error, "a run could not be settled");
        }
    };
    settling.instrument(claimed.span).await;
}
