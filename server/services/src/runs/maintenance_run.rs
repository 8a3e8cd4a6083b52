//! One maintenance of a repository, from its claim to its settlement.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use engine::{
    Part, Permit, PruneReport, PruneRequest, RepairReport, RepairRequest, Repository, RepositoryError, VerifyReport,
};
use model::{
    ids::AccountId,
    maintenance::{MaintenanceKind, MaintenancePhase},
    size,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::{Author, Deed},
    context::Services,
    entity::{maintenance, organization, project, repository},
    error::ServiceError,
    notifications::events,
    repositories::{self, InUse, RepositoryConflict},
    runs::{
        damage,
        damage::DAMAGE_FOUND,
        lease::{Lease, Table},
        maintenance_due,
        release::freed,
        supervisor::{Counters, StopReason, stored, supervise, time_is_up},
    },
};

const MAINTENANCE_FAILED: Deed = Deed::new("maintenance of repository failed");
const REPOSITORY_REPAIRED: Deed = Deed::new("repository repaired");

/// How long a pack stays after it was written, and how long after it was found to be unneeded: longer than a download or
/// restore that is still reading it takes.
const GRACE: Duration = Duration::from_hours(24);

/// Most bytes that one prune writes anew, so that a backup never waits for long.
const MOST_REPACKED: u64 = 2 << 30;

/// What a maintenance came to.
#[derive(Debug)]
enum Outcome {
    Pruned(PruneReport),
    Verified(VerifyReport),
    Repaired(RepairReport),
}

/// How a maintenance ended.
#[derive(Debug)]
enum End {
    Done(Outcome),
    Failed {
        cause: String,
        /// The repository turned out to be damaged.
        damaged: bool,
    },
    Cancelled {
        cause: &'static str,
    },
    /// Back into the queue: the process ends, or a backup goes first.
    Interrupted,
}

/// Does it and settles the row. An error means that the row could not be settled.
pub async fn run(services: &Services, row: &maintenance::Model, stop: &CancellationToken) -> Result<(), ServiceError> {
    let lease = Arc::new(Lease::new(Table::Maintenance, row.id, &services.node().id));
    let counters = Arc::new(Counters::default());
    let cancel = CancellationToken::new();
    let kind: MaintenanceKind = row.kind.parse().map_err(ServiceError::Stored)?;
    tracing::info!(maintenance = row.id, %kind, "maintenance started");
    let work = work(services, row, kind, lease.clone(), (counters.clone(), cancel.clone()));
    let (result, reason) = supervise(services, &lease, &counters, (stop, &cancel), work).await;
    let end = match (result, reason) {
        // Another process has it, or will have it, and what this one did counts for nothing.
        (_, Some(StopReason::LeaseLost)) => return Ok(()),
        (Err(_), None) if !lease.is_held() => return Ok(()),
        (Ok(outcome), _) => End::Done(outcome),
        (Err(_), Some(StopReason::Shutdown)) => End::Interrupted,
        (Err(_), Some(StopReason::Person)) if yields(services, row).await? => End::Interrupted,
        (Err(_), Some(StopReason::Person)) => End::Cancelled { cause: "Cancelled by a person" },
        (Err(_), Some(StopReason::TimeUp)) => End::Failed { cause: time_is_up(services), damaged: false },
        (Err(error), None) => failure(row, &error),
    };
    tracing::info!(maintenance = row.id, %kind, ?end, "maintenance ended");
    if let Some(phase) = phase(&end) {
        services.metrics().ended(metric(kind), phase.as_str(), lease.age());
    }
    settle(services, row, kind, end).await
}

const fn metric(kind: MaintenanceKind) -> &'static str {
    match kind {
        MaintenanceKind::Prune => "prune",
        MaintenanceKind::Verification => "verification",
        MaintenanceKind::Repair => "repair",
    }
}

async fn work(
    services: &Services,
    row: &maintenance::Model,
    kind: MaintenanceKind,
    lease: Arc<Lease>,
    (counters, cancel): (Arc<Counters>, CancellationToken),
) -> Result<Outcome, ServiceError> {
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    let repository = repositories::open(services, &in_use).await?;
    let permit = Permit::new(move || lease.is_held());
    Ok(match kind {
        MaintenanceKind::Prune => {
            let request = PruneRequest { grace: GRACE, most_repacked: MOST_REPACKED, permit };
            Outcome::Pruned(repository.prune(request, counters, cancel).await?)
        }
        MaintenanceKind::Verification => {
            let part = part(services, row, &in_use);
            Outcome::Verified(repository.verify(part, counters, cancel).await?)
        }
        MaintenanceKind::Repair => Outcome::Repaired(repair(&repository, &in_use, permit, cancel).await?),
    })
}

fn part(services: &Services, row: &maintenance::Model, in_use: &InUse) -> Part {
    let of = services.config().verification_weeks;
    if row.whole || of <= 1 {
        return Part::Whole;
    }
    Part::OneOf { number: u32::try_from(in_use.repository.verify_part).unwrap_or_default() % of, of }
}

async fn repair(
    repository: &Repository,
    in_use: &InUse,
    permit: Permit,
    cancel: CancellationToken,
) -> Result<RepairReport, ServiceError> {
    let damaged = in_use.repository.damage.0.iter().map(damage::to_engine).collect();
    Ok(repository.repair(RepairRequest { damaged, permit }, cancel).await?)
}

/// Whether it was asked to stop for a backup's sake, and not by a person.
async fn yields(services: &Services, row: &maintenance::Model) -> Result<bool, ServiceError> {
    let now = maintenance::Entity::find_by_id(row.id).one(services.db()).await?;
    Ok(now.is_some_and(|row| row.yields))
}

fn failure(row: &maintenance::Model, error: &ServiceError) -> End {
    if let Some(RepositoryConflict::RepositoryNotInUse) = error.refusal() {
        return End::Cancelled { cause: "Cancelled because backup was disabled for the project" };
    }
    match error {
        ServiceError::Repository(RepositoryError::Cancelled) => End::Cancelled { cause: "Cancelled" },
        error => End::Failed {
            damaged: matches!(error, ServiceError::Repository(RepositoryError::Damaged { .. })),
            cause: error.cause(("maintenance", row.id)),
        },
    }
}

fn phase(end: &End) -> Option<MaintenancePhase> {
    match end {
        End::Done(_) => Some(MaintenancePhase::Completed),
        End::Failed { .. } => Some(MaintenancePhase::Failed),
        End::Cancelled { .. } => Some(MaintenancePhase::Cancelled),
        End::Interrupted => None,
    }
}

/// Writes how it ended, and what is known of the repository now, in one transaction. Where the lease was lost in the
/// meantime nothing is written.
async fn settle(
    services: &Services,
    row: &maintenance::Model,
    kind: MaintenanceKind,
    end: End,
) -> Result<(), ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
    let update =
        freed(maintenance::Entity::update_many(), maintenance::Column::LeaseOwner, maintenance::Column::LeaseUntil)
            .filter(maintenance::Column::Id.eq(row.id))
            .filter(maintenance::Column::LeaseOwner.eq(services.node().id.as_str()));
    if settled(update, &end, now).exec(&tx).await?.rows_affected == 0 {
        tracing::warn!(maintenance = row.id, "the lease was lost before the maintenance could be settled");
        return Ok(());
    }
    match end {
        End::Done(outcome) => note(&tx, services, row, outcome, now).await?,
        End::Failed { damaged, .. } => {
            plan_again(&tx, row, kind, damaged, now).await?;
            audit(&tx, services, row, kind, MAINTENANCE_FAILED).await?;
        }
        End::Cancelled { .. } => plan_again(&tx, row, kind, false, now).await?,
        End::Interrupted => {}
    }
    Ok(tx.commit().await?)
}

type Update = sea_orm::UpdateMany<maintenance::Entity>;

fn settled(update: Update, end: &End, now: DateTime<Utc>) -> Update {
    use maintenance::Column;
    let Some(phase) = phase(end) else {
        return update
            .col_expr(Column::Phase, Expr::value(MaintenancePhase::Queued.as_str()))
            .col_expr(Column::StartedAt, Expr::value(Option::<DateTime<Utc>>::None))
            .col_expr(Column::CancelRequested, Expr::value(false))
            .col_expr(Column::Yields, Expr::value(false));
    };
    let (outcome, cause) = match end {
        End::Done(outcome) => (Some(in_words(outcome)), None),
        End::Failed { cause, .. } => (None, Some(cause.clone())),
        End::Cancelled { cause } => (None, Some((*cause).to_owned())),
        End::Interrupted => (None, None),
    };
    update
        .col_expr(Column::Phase, Expr::value(phase.as_str()))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .col_expr(Column::Cause, Expr::value(cause))
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pruned(PruneReport { removed_bytes, unused_bytes, goes_on, .. }) => {
            let removed = match removed_bytes {
                0 => "Nothing removed".to_owned(),
                removed => format!("{} removed", size::bytes(*removed)),
            };
            if *goes_on {
                format!("{removed}. {} not needed any more go later", size::bytes(*unused_bytes))
            } else {
                removed
            }
        }
        Outcome::Verified(report) => {
            let read = size::bytes(report.read_bytes);
            match (report.damaged.len(), report.incomplete.len()) {
                (0, 0) => format!("Sound. {read} of {} read", size::bytes(report.stored_bytes)),
                (files, backups) => format!("{files} damaged file(s), {backups} backup(s) not whole. {read} read"),
            }
        }
        Outcome::Repaired(report) => {
            format!("{} piece(s) of data rescued, {} lost where they were", report.rescued, report.lost)
        }
    }
}

/// Writes down what is known of the repository now, and plans what follows.
async fn note(
    db: &impl ConnectionTrait,
    services: &Services,
    row: &maintenance::Model,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    use repository::Column;
    let update = repository::Entity::update_many().filter(Column::Id.eq(row.repository_id));
    match outcome {
        Outcome::Pruned(report) => {
            let next = report.goes_on.then(|| maintenance_due::next_prune(now));
            update
                .col_expr(Column::PrunedAt, Expr::value(now))
                .col_expr(Column::PruneDueAt, Expr::value(next))
                .col_expr(Column::StoredBytes, Expr::value(stored(report.stored_bytes)))
                .col_expr(Column::UnusedBytes, Expr::value(stored(report.unused_bytes)))
                .exec(db)
                .await?;
        }
        Outcome::Verified(report) => {
            let before = repository::Entity::find_by_id(row.repository_id).one(db).await?;
            let before = before.ok_or(ServiceError::NotFound)?;
            let found = damage::note(db, &before, row, &report, now).await?;
            if let Some(deed) = found {
                audit(db, services, row, MaintenanceKind::Verification, deed).await?;
                let (project, home) = place(db, row).await?;
                let words = in_words(&Outcome::Verified(report));
                let found = (deed == DAMAGE_FOUND).then_some(words.as_str());
                events::verified(db, services, (&project, &home), (row.id, found), now).await?;
            }
        }
        Outcome::Repaired(_) => {
            // Whatever is still missing shows in a verification, after the backups that store it again.
            damage::back_up_again(db, services, row).await?;
            maintenance_due::verify_soon(db, row.repository_id, now).await?;
            audit(db, services, row, MaintenanceKind::Repair, REPOSITORY_REPAIRED).await?;
        }
    }
    Ok(())
}

/// After a failure it is due again some hours later; where a prune found damage, a verification finds out what it is.
async fn plan_again(
    db: &impl ConnectionTrait,
    row: &maintenance::Model,
    kind: MaintenanceKind,
    damaged: bool,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    use repository::Column;
    let again = maintenance_due::after_failure(now);
    let update = repository::Entity::update_many().filter(Column::Id.eq(row.repository_id));
    let update = match kind {
        MaintenanceKind::Prune if damaged => {
            update.col_expr(Column::PruneDueAt, Expr::value(again)).col_expr(Column::VerifyDueAt, Expr::value(now))
        }
        MaintenanceKind::Prune => update.col_expr(Column::PruneDueAt, Expr::value(again)),
        MaintenanceKind::Verification => update.col_expr(Column::VerifyDueAt, Expr::value(again)),
        // A person starts it once more.
        MaintenanceKind::Repair => return Ok(()),
    };
    update.exec(db).await.map(drop)
}

async fn place(
    db: &impl ConnectionTrait,
    row: &maintenance::Model,
) -> Result<(project::Model, organization::Model), ServiceError> {
    let found = project::Entity::find_by_id(row.project_id).find_also_related(organization::Entity).one(db).await?;
    found.and_then(|(project, home)| Some((project, home?))).ok_or(ServiceError::NotFound)
}

async fn audit(
    db: &impl ConnectionTrait,
    services: &Services,
    row: &maintenance::Model,
    kind: MaintenanceKind,
    deed: Deed,
) -> Result<(), ServiceError> {
    let (project, home) = place(db, row).await?;
    maintenance_due::record(db, Author::schedule(AccountId(home.account_id)), services, deed, (&project, kind)).await
}
