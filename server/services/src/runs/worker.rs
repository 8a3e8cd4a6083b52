//! A worker: takes one run after the other.

use std::time::Duration;

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::{
    entity::{backup, maintenance, removal, restore},
    runs::{backup_run, claim, deletion, maintenance_run, removal_run, restore_run},
    start::Services,
};

/// How long a worker waits before it looks again where nobody rings.
const POLL: Duration = Duration::from_secs(2);

/// A claimed run.
enum Job {
    Backup(Box<backup::Model>),
    Restore(Box<restore::Model>),
    Deletion(Box<backup::Model>),
    Removal(Box<removal::Model>),
    Maintenance(Box<maintenance::Model>),
}

/// Works until `stop`.
pub async fn run(services: Services, stop: CancellationToken) {
    while !stop.is_cancelled() {
        // Listening begins before looking: what is queued in between rings.
        let rung = services.queued().notified();
        tokio::pin!(rung);
        rung.as_mut().enable();
        match next(&services).await {
            Ok(Some(job)) => work(&services, job, &stop).await,
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

/// Restores come first, since somebody waits for them.
async fn next(services: &Services) -> Result<Option<Job>, DbErr> {
    if let Some(row) = claim::restore(services).await? {
        return Ok(Some(Job::Restore(Box::new(row))));
    }
    if let Some(row) = claim::backup(services).await? {
        return Ok(Some(Job::Backup(Box::new(row))));
    }
    if let Some(row) = claim::deletion(services).await? {
        return Ok(Some(Job::Deletion(Box::new(row))));
    }
    if let Some(row) = claim::removal(services).await? {
        return Ok(Some(Job::Removal(Box::new(row))));
    }
    Ok(claim::maintenance(services).await?.map(|row| Job::Maintenance(Box::new(row))))
}

impl Job {
    /// What every line of the log that belongs to the run carries: of which kind it is, and its id among them.
    fn span(&self) -> Span {
        let (kind, id) = match self {
            Self::Backup(row) => ("backup", row.id),
            Self::Restore(row) => ("restore", row.id),
            Self::Deletion(row) => ("deletion", row.id),
            Self::Removal(row) => ("removal", row.id),
            Self::Maintenance(row) => ("maintenance", row.id),
        };
        tracing::info_span!("run", kind, id)
    }
}

async fn work(services: &Services, job: Job, stop: &CancellationToken) {
    let span = job.span();
    let settling = async {
        let settled = match job {
            Job::Backup(row) => backup_run::run(services, &row, stop).await,
            Job::Restore(row) => restore_run::run(services, &row, stop).await,
            Job::Deletion(row) => deletion::run(services, &row).await,
            Job::Removal(row) => removal_run::run(services, &row).await,
            Job::Maintenance(row) => maintenance_run::run(services, &row, stop).await,
        };
        if let Err(error) = settled {
            // The lease runs out and the run is taken up again.
            tracing::error!(error = &error as &dyn std::error::Error, "a run could not be settled");
        }
    };
    settling.instrument(span).await;
    // The project of this run may have another one waiting.
    services.queued().notify_one();
}
