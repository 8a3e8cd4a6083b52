//! A worker: takes one run after the other.

use std::time::Duration;

use sea_orm::{DbErr, EntityTrait};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::{
    context::{Services, Taken},
    entity::{backup, maintenance, project, removal, restore},
    runs::{
        backup_run,
        capacity::{self, Room},
        claim, deletion, maintenance_run, removal_run, restore_run,
    },
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
            Ok(Some((job, taken))) => {
                work(&services, job, &stop).await;
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
async fn next(services: &Services) -> Result<Option<(Job, Taken<'_>)>, DbErr> {
    if !services.takes_part() {
        return Ok(None);
    }
    let capacity = services.capacity();
    let _turn = capacity.claiming().await;
    for room in capacity::rooms(services, services.clock().now()).await? {
        if let Some(job) = claimed(services, &room).await? {
            let taken = capacity.take(job.organization(services).await, job.crashes() > 0);
            return Ok(Some((job, taken)));
        }
    }
    Ok(None)
}

/// Restores come first, since somebody waits for them.
async fn claimed(services: &Services, room: &Room) -> Result<Option<Job>, DbErr> {
    if let Some(row) = claim::restore(services, room).await? {
        return Ok(Some(Job::Restore(Box::new(row))));
    }
    if let Some(row) = claim::backup(services, room).await? {
        return Ok(Some(Job::Backup(Box::new(row))));
    }
    if let Some(row) = claim::deletion(services, room).await? {
        return Ok(Some(Job::Deletion(Box::new(row))));
    }
    if let Some(row) = claim::removal(services, room).await? {
        return Ok(Some(Job::Removal(Box::new(row))));
    }
    Ok(claim::maintenance(services, room).await?.map(|row| Job::Maintenance(Box::new(row))))
}

impl Job {
    /// Whose run it is; nobody's where the database does not say so any more.
    async fn organization(&self, services: &Services) -> i64 {
        let project = match self {
            Self::Backup(row) | Self::Deletion(row) => return row.organization_id,
            Self::Removal(row) => return row.organization_id,
            Self::Restore(row) => row.project_id,
            Self::Maintenance(row) => row.project_id,
        };
        let found = project::Entity::find_by_id(project).one(services.db()).await;
        found.ok().flatten().map(|project| project.organization_id).unwrap_or_default()
    }

    /// How many processes it has not survived.
    fn crashes(&self) -> i32 {
        match self {
            Self::Backup(row) => row.crashes,
            Self::Restore(row) => row.crashes,
            Self::Maintenance(row) => row.crashes,
            Self::Deletion(_) | Self::Removal(_) => 0,
        }
    }

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
}
