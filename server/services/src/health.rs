//! Whether this process can do its work.

use std::time::Duration;

use crate::context::Services;

/// How long the database may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The dispatcher ticks every second. After so long without a tick it stands still, on the busiest machine too.
const SILENCE: Duration = Duration::from_mins(1);

/// What a process needs to do its work, and whether it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// The database answers.
    pub database: bool,
    /// Schedules are looked at.
    pub scheduler: bool,
}

impl Readiness {
    pub const fn is_ready(self) -> bool {
        self.database && self.scheduler
    }
}

/// Looks at the database and the scheduler. Takes 5 seconds at most.
pub async fn readiness(services: &Services) -> Readiness {
    let database = match tokio::time::timeout(TIMEOUT, services.db().ping()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready: the database does not answer");
            false
        }
        Err(_) => {
            tracing::warn!("not ready: the database does not answer in time");
            false
        }
    };
    Readiness { database, scheduler: services.pulse().silence() < SILENCE }
}
