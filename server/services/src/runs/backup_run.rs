//! One backup, from its claim to its settlement.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use engine::{Permit, Repository, RepositoryError, SnapshotInfo, SnapshotReport, SnapshotRequest};
use model::{
    backup::{BackupPhase, UnreadableFile},
    ids::AccountId,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{Author, Deed},
    backups,
    context::Services,
    entity::{UnreadableList, backup, organization, project},
    error::ServiceError,
    notifications::events::{self, Ended},
    repositories::{self, RepositoryConflict},
    runs::{
        lease::{Lease, Table},
        maintenance_due, queue,
        release::freed,
        supervisor::{Counters, StopReason, stored, supervise, time_is_up},
    },
    sources,
};

const BACKUP_COMPLETED: Deed = Deed::new("backup completed");
const BACKUP_FAILED: Deed = Deed::new("backup failed");

/// How long after the first, second and third failure a backup is tried again.
const PAUSES: [TimeDelta; 3] = [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(15)];

/// Most unreadable files that are listed; the rest is counted.
const MOST_LISTED: usize = 1000;

/// What a snapshot came to.
#[derive(Debug)]
struct Taken {
    snapshot: String,
    files: u64,
    bytes: u64,
    added_bytes: u64,
    unreadable: Vec<UnreadableFile>,
    /// What was left out on purpose. The backup is complete without it.
    left_out: Vec<engine::Unreadable>,
}

/// How a backup ended.
#[derive(Debug)]
enum Outcome {
    Taken(Taken),
    Skipped {
        cause: String,
    },
    Failed {
        cause: String,
        /// Another try may go better.
        again: bool,
    },
    Cancelled {
        cause: &'static str,
    },
    /// Back into the queue, as if it had not been claimed.
    Interrupted,
}

impl Outcome {
    /// The phase that the run ends in; `None` where it does not end.
    fn phase(&self) -> Option<BackupPhase> {
        Some(match self {
            Self::Taken(taken) if taken.unreadable.is_empty() => BackupPhase::Completed,
            Self::Taken(_) => BackupPhase::PartiallyFailed,
            Self::Skipped { .. } => BackupPhase::Skipped,
            Self::Failed { .. } => BackupPhase::Failed,
            Self::Cancelled { .. } => BackupPhase::Cancelled,
            Self::Interrupted => return None,
        })
    }

    /// Why it did not end well; empty where it did.
    fn cause(&self) -> String {
        match self {
            Self::Taken(taken) => taken.told().unwrap_or_default(),
            Self::Skipped { cause } | Self::Failed { cause, .. } => cause.clone(),
            Self::Cancelled { cause } => (*cause).to_owned(),
            Self::Interrupted => String::new(),
        }
    }
}

/// Takes the snapshot and settles the row. An error means that the row could not be settled.
pub async fn run(services: &Services, row: &backup::Model, stop: &CancellationToken) -> Result<(), ServiceError> {
    let lease = Arc::new(Lease::new(Table::Backup, row.id, &services.node().id));
    let counters = Arc::new(Counters::default());
    let cancel = CancellationToken::new();
    tracing::info!(backup = row.id, name = row.name, attempt = row.attempt, "backup started");
    let work = take(services, row, lease.clone(), counters.clone(), cancel.clone());
    let (result, reason) = supervise(services, &lease, &counters, (stop, &cancel), work).await;
    let outcome = match (result, reason) {
        // Another process has it, and what this one did counts for nothing.
        (_, Some(StopReason::LeaseLost)) => return Ok(()),
        // Or will have it: a pause of this process was longer than its lease.
        (Err(_), None) if !lease.is_held() => return Ok(()),
        (Ok(taken), _) => Outcome::Taken(taken),
        (Err(_), Some(StopReason::Shutdown)) => Outcome::Interrupted,
        (Err(_), Some(StopReason::Person)) => Outcome::Cancelled { cause: "Cancelled by a person" },
        (Err(_), Some(StopReason::TimeUp)) => Outcome::Failed { cause: time_is_up(services), again: false },
        (Err(error), None) => failure(row, &error),
    };
    match &outcome {
        Outcome::Failed { cause, .. } => tracing::warn!(backup = row.id, name = row.name, cause, "backup failed"),
        outcome => tracing::info!(backup = row.id, name = row.name, ?outcome, "backup ended"),
    }
    count(services, &outcome, lease.age());
    settle(services, row, outcome).await
}

fn count(services: &Services, outcome: &Outcome, took: Duration) {
    let Some(phase) = outcome.phase() else { return };
    services.metrics().ended("backup", phase.as_str(), took);
    if let Outcome::Taken(taken) = outcome {
        services.metrics().backed_up(taken.bytes, taken.added_bytes);
    }
}

async fn take(
    services: &Services,
    row: &backup::Model,
    lease: Arc<Lease>,
    counters: Arc<Counters>,
    cancel: CancellationToken,
) -> Result<Taken, ServiceError> {
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    if in_use.credential.locked {
        return Err(RepositoryConflict::CredentialLocked { name: in_use.credential.s3_name }.into());
    }
    let project = project::Entity::find_by_id(row.project_id).one(services.db()).await?;
    let project = project.ok_or(ServiceError::NotFound)?;
    let source = sources::open(services, &project).await?;
    let repository = repositories::open(services, &in_use).await?;
    if let Some(earlier) = earlier_try(&repository, row).await? {
        return Ok(found(earlier));
    }
    let request = SnapshotRequest {
        source,
        label: row.name.clone(),
        tags: vec![tag(row)],
        // The same on every node, so that each snapshot builds on the last one.
        host: project.name,
        include: row.include.0.clone(),
        exclude: row.exclude.0.clone(),
        permit: Permit::new(move || lease.is_held()),
    };
    Ok(taken(repository.snapshot(request, counters, cancel).await?))
}

/// The mark by which a run knows its own snapshot, in this database and no other.
fn tag(row: &backup::Model) -> String {
    format!("holdfast-{}-{}", row.id, row.queued_at.timestamp_millis())
}

/// The snapshot of a try that was complete in the bucket, but whose process died before it could say so.
async fn earlier_try(repository: &Repository, row: &backup::Model) -> Result<Option<SnapshotInfo>, ServiceError> {
    if row.attempt <= 1 {
        return Ok(None);
    }
    let tag = tag(row);
    Ok(repository.snapshots().await?.into_iter().find(|snapshot| snapshot.tags.contains(&tag)))
}

fn found(earlier: SnapshotInfo) -> Taken {
    Taken {
        snapshot: earlier.id.to_string(),
        files: earlier.files.unwrap_or_default(),
        bytes: earlier.bytes.unwrap_or_default(),
        added_bytes: earlier.added_bytes.unwrap_or_default(),
        unreadable: Vec::new(),
        left_out: Vec::new(),
    }
}

fn taken(report: SnapshotReport) -> Taken {
    let unreadable = report.unreadable.into_iter().map(|file| UnreadableFile { path: file.path, cause: file.cause });
    Taken {
        snapshot: report.snapshot.to_string(),
        files: report.files,
        bytes: report.bytes,
        added_bytes: report.added_bytes,
        unreadable: unreadable.collect(),
        left_out: report.left_out,
    }
}

fn failure(row: &backup::Model, error: &ServiceError) -> Outcome {
    match error.refusal() {
        Some(RepositoryConflict::CredentialLocked { name }) => {
            let cause = format!("Skipped because backup credential {name} is locked. Unlock it to back up again");
            return Outcome::Skipped { cause };
        }
        Some(RepositoryConflict::RepositoryNotInUse) => {
            return Outcome::Cancelled { cause: "Cancelled because backup was disabled for the project" };
        }
        _ => {}
    }
    match error {
        ServiceError::Repository(RepositoryError::Cancelled) => Outcome::Cancelled { cause: "Cancelled" },
        error => Outcome::Failed { cause: error.cause(("backup", row.id)), again: true },
    }
}

/// Writes how the run ended, in one transaction with its audit entry. Where the lease was lost in the meantime nothing
/// is written.
async fn settle(services: &Services, row: &backup::Model, outcome: Outcome) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
    let deed = match &outcome {
        Outcome::Taken(_) => Some(BACKUP_COMPLETED),
        Outcome::Failed { .. } => Some(BACKUP_FAILED),
        _ => None,
    };
    let (phase, told) = (outcome.phase(), outcome.cause());
    let is_final = !matches!(outcome, Outcome::Failed { again: true, .. }) || pause(row).is_none();
    let update = freed(backup::Entity::update_many(), backup::Column::LeaseOwner, backup::Column::LeaseUntil)
        .filter(backup::Column::Id.eq(row.id))
        .filter(backup::Column::LeaseOwner.eq(services.node().id.as_str()));
    // What it had written by then lies in the bucket.
    let leaves = matches!(outcome, Outcome::Failed { .. } | Outcome::Cancelled { .. });
    if settled(update, row, outcome, now).exec(&tx).await?.rows_affected == 0 {
        tracing::warn!(backup = row.id, "the lease was lost before the backup could be settled");
        return Ok(());
    }
    if leaves {
        maintenance_due::note_unneeded(&tx, row.repository_id, now).await?;
    }
    if let Some(deed) = deed {
        record(&tx, services, row, deed).await?;
    }
    match phase {
        Some(BackupPhase::Completed) => events::completed(&tx, services, row, now).await?,
        Some(phase @ (BackupPhase::PartiallyFailed | BackupPhase::Failed | BackupPhase::Skipped)) if is_final => {
            events::failed(&tx, services, Ended::of(row, phase, &told), now).await?;
        }
        _ => {}
    }
    Ok(tx.commit().await?)
}

type Update = sea_orm::UpdateMany<backup::Entity>;

fn settled(update: Update, row: &backup::Model, outcome: Outcome, now: DateTime<Utc>) -> Update {
    match outcome {
        Outcome::Taken(taken) => completed(update, row, taken, now),
        Outcome::Skipped { cause } => ended(update, BackupPhase::Skipped, Some(cause), now),
        Outcome::Cancelled { cause } => ended(update, BackupPhase::Cancelled, Some(cause.to_owned()), now),
        Outcome::Failed { cause, again } => {
            let pause = pause(row).filter(|_| again);
            ended(update, BackupPhase::Failed, Some(cause), now)
                .col_expr(backup::Column::RetryAt, Expr::value(pause.map(|pause| now + pause)))
        }
        Outcome::Interrupted => update
            .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Queued.as_str()))
            .col_expr(backup::Column::StartedAt, Expr::value(Option::<DateTime<Utc>>::None))
            // Counted as a try, so that the next one looks for a snapshot that this one may have completed.
            .col_expr(backup::Column::Attempt, Expr::value(row.attempt + 1)),
    }
}

/// How long to wait before the next try of a failed run; `None` where it was the last.
fn pause(row: &backup::Model) -> Option<TimeDelta> {
    usize::try_from(row.attempt - 1).ok().and_then(|tried| PAUSES.get(tried).copied())
}

fn ended(update: Update, phase: BackupPhase, cause: Option<String>, now: DateTime<Utc>) -> Update {
    update
        .col_expr(backup::Column::Phase, Expr::value(phase.as_str()))
        .col_expr(backup::Column::Cause, Expr::value(cause))
        .col_expr(backup::Column::FinishedAt, Expr::value(now))
}

fn completed(update: Update, row: &backup::Model, taken: Taken, now: DateTime<Utc>) -> Update {
    let cause = taken.told();
    let phase = if taken.unreadable.is_empty() { BackupPhase::Completed } else { BackupPhase::PartiallyFailed };
    let listed = UnreadableList(taken.unreadable.into_iter().take(MOST_LISTED).collect());
    ended(update, phase, cause, now)
        .col_expr(backup::Column::Snapshot, Expr::value(taken.snapshot))
        .col_expr(backup::Column::Files, Expr::value(stored(taken.files)))
        .col_expr(backup::Column::Bytes, Expr::value(stored(taken.bytes)))
        .col_expr(backup::Column::AddedBytes, Expr::value(stored(taken.added_bytes)))
        .col_expr(backup::Column::Unreadable, Expr::value(sea_orm::Value::from(listed)))
        .col_expr(backup::Column::ExpiresAt, Expr::value(queue::expiry(now, row.retention_seconds)))
}

impl Taken {
    /// What a person should know of it.
    fn told(&self) -> Option<String> {
        let told = [unreadable_cause(self.unreadable.len()), left_out_cause(&self.left_out)];
        let told: Vec<_> = told.into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join(". "))
    }
}

fn left_out_cause(left_out: &[engine::Unreadable]) -> Option<String> {
    let first = left_out.first()?;
    let more = if left_out.len() > 1 { format!(" (and {} more)", left_out.len() - 1) } else { String::new() };
    Some(format!("{}{more} was left out: {}", first.path, first.cause))
}

fn unreadable_cause(files: usize) -> Option<String> {
    match files {
        0 => None,
        1 => Some("1 file could not be read".to_owned()),
        more => Some(format!("{more} files could not be read")),
    }
}

async fn record(
    db: &impl ConnectionTrait,
    services: &Services,
    row: &backup::Model,
    deed: Deed,
) -> Result<(), ServiceError> {
    let found = project::Entity::find_by_id(row.project_id).find_also_related(organization::Entity).one(db).await?;
    let (project, home) = found.and_then(|(project, home)| Some((project, home?))).ok_or_else(gone)?;
    let author = Author::schedule(AccountId(home.account_id));
    backups::record(db, author, services, deed, (row, &project)).await
}

fn gone() -> DbErr {
    DbErr::RecordNotFound("the project of a backup".to_owned())
}
