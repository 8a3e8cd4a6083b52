//! One restore, from its claim to its settlement.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use engine::{
    DatabaseRestore, DatabaseTarget, OnConflict as EngineOnConflict, Repository, RepositoryError, RestoreReport,
    RestoreRequest, SnapshotId,
};
use model::{
    backup::RestorePhase,
    ids::OrganizationId,
    restore::{OnConflict, RestoredInto},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use tokio_util::sync::CancellationToken;

use crate::{
    browse,
    context::Services,
    entity::{TextList, backup, project, restore},
    error::ServiceError,
    repositories,
    runs::{
        lease::{Lease, Table},
        release::freed,
        supervisor::{Counters, StopReason, stored, supervise, time_is_up},
    },
    source_roots, sources,
};

/// Most warnings that are listed; the rest is counted.
const MOST_LISTED: usize = 1000;

/// Restores and settles the row. An error means that the row could not be settled.
pub async fn run(services: &Services, row: &restore::Model, stop: &CancellationToken) -> Result<(), ServiceError> {
    let lease = Lease::new(Table::Restore, row.id, &services.node().id);
    let counters = Arc::new(Counters::default());
    let cancel = CancellationToken::new();
    let work = restore(services, row, counters.clone(), cancel.clone());
    let (result, reason) = supervise(services, &lease, &counters, (stop, &cancel), work).await;
    if reason == Some(StopReason::LeaseLost) {
        return Ok(());
    }
    tracing::info!(restore = row.id, name = row.name, ?result, ?reason, "restore ended");
    if let Some(phase) = phase(&result, reason) {
        services.metrics().ended("restore", phase.as_str(), lease.age());
    }
    let now = services.clock().now();
    let update = freed(restore::Entity::update_many(), restore::Column::LeaseOwner, restore::Column::LeaseUntil)
        .filter(restore::Column::Id.eq(row.id))
        .filter(restore::Column::LeaseOwner.eq(services.node().id.as_str()));
    settled(services, update, row, (result, reason), now).exec(services.db()).await?;
    Ok(())
}

async fn restore(
    services: &Services,
    row: &restore::Model,
    counters: Arc<Counters>,
    cancel: CancellationToken,
) -> Result<RestoreReport, ServiceError> {
    let backup = backup::Entity::find_by_id(row.backup_id).one(services.db()).await?.ok_or(ServiceError::NotFound)?;
    let snapshot = browse::snapshot(&backup)?;
    let in_use = repositories::by_id(services.db(), backup.repository_id).await?;
    let repository = repositories::open(services, &in_use).await?;
    let into = RestoredInto::parse(&row.target_kind, row.target.clone()).map_err(ServiceError::Stored)?;
    let target = match into {
        RestoredInto::Directory(directory) => {
            let request = file_request(services, row, snapshot, &directory).await?;
            return Ok(repository.restore(request, counters, cancel).await?);
        }
        RestoredInto::NewDatabase(name) => {
            // The same in each try, so that the next one removes what a dead process has left, and another one than that of
            // another installation which restores into the same server.
            let snapshot = backup.snapshot.as_deref().and_then(|id| id.get(..8)).unwrap_or_default();
            DatabaseTarget::New { name, draft: format!("holdfast_restore_{}_{snapshot}", row.id) }
        }
        RestoredInto::OriginalDatabase(_) => DatabaseTarget::Original,
    };
    restore_database(services, row, (repository, snapshot, target), counters, cancel).await
}

async fn restore_database(
    services: &Services,
    row: &restore::Model,
    (repository, snapshot, target): (Repository, SnapshotId, DatabaseTarget),
    counters: Arc<Counters>,
    cancel: CancellationToken,
) -> Result<RestoreReport, ServiceError> {
    let project = project::Entity::find_by_id(row.project_id).one(services.db()).await?;
    let database = sources::database(services, &project.ok_or(ServiceError::NotFound)?)?;
    let request = DatabaseRestore { snapshot, database, target, tools: services.postgres_tools().clone() };
    Ok(repository.restore_database(request, counters, cancel).await?)
}

async fn file_request(
    services: &Services,
    row: &restore::Model,
    snapshot: SnapshotId,
    directory: &str,
) -> Result<RestoreRequest, ServiceError> {
    let project =
        project::Entity::find_by_id(row.project_id).one(services.db()).await?.ok_or(ServiceError::NotFound)?;
    let roots = source_roots::of(services, OrganizationId(project.organization_id)).await?;
    Ok(RestoreRequest {
        snapshot,
        paths: row.paths.0.clone(),
        // Looked at again, since the directory may have become a link since the restore was queued. It is open from then on.
        target: roots.restore_target(Path::new(directory))?,
        on_conflict: match OnConflict::parse(&row.on_conflict).map_err(ServiceError::Stored)? {
            OnConflict::Skip => EngineOnConflict::Skip,
            OnConflict::Overwrite => EngineOnConflict::Overwrite,
            OnConflict::KeepBoth => EngineOnConflict::KeepBoth,
        },
        lending_bits: false,
    })
}

/// What a person finds who cancelled the restore.
fn cancelled(row: &restore::Model) -> &'static str {
    match RestoredInto::parse(&row.target_kind, String::new()) {
        Ok(RestoredInto::NewDatabase(_)) => "Cancelled by a person. The new database was not made",
        Ok(RestoredInto::OriginalDatabase(_)) => "Cancelled by a person. The database is as it was before",
        _ => "Cancelled by a person. What was restored by then is there",
    }
}

/// The phase that the restore ends in; `None` where it is done again.
fn phase(result: &Result<RestoreReport, ServiceError>, reason: Option<StopReason>) -> Option<RestorePhase> {
    match (result, reason) {
        (Ok(report), _) if report.warnings.is_empty() => Some(RestorePhase::Completed),
        (Ok(_), _) => Some(RestorePhase::PartiallyFailed),
        (Err(_), Some(StopReason::Shutdown)) => None,
        (Err(_), Some(StopReason::Person)) => Some(RestorePhase::Cancelled),
        (Err(_), _) => Some(RestorePhase::Failed),
    }
}

type Update = sea_orm::UpdateMany<restore::Entity>;

fn settled(
    services: &Services,
    update: Update,
    row: &restore::Model,
    ended_as: (Result<RestoreReport, ServiceError>, Option<StopReason>),
    now: DateTime<Utc>,
) -> Update {
    match ended_as {
        (Ok(report), _) => completed(update, row, report, now),
        (Err(_), Some(StopReason::TimeUp)) => ended(update, RestorePhase::Failed, &time_is_up(services), now),
        (Err(_), Some(StopReason::Shutdown)) if row.on_conflict != OnConflict::KeepBoth.as_str() => {
            update.col_expr(restore::Column::Phase, Expr::value(RestorePhase::Queued.as_str()))
        }
        (Err(_), Some(StopReason::Shutdown)) => {
            let cause =
                "The server was stopped. What was restored by then is there; start the restore again for the rest";
            ended(update, RestorePhase::Failed, cause, now)
        }
        (Err(ServiceError::Repository(RepositoryError::Cancelled)), _) | (Err(_), Some(StopReason::Person)) => {
            ended(update, RestorePhase::Cancelled, cancelled(row), now)
        }
        (Err(error), _) => ended(update, RestorePhase::Failed, &error.cause(("restore", row.id)), now),
    }
}

fn ended(update: Update, phase: RestorePhase, cause: &str, now: DateTime<Utc>) -> Update {
    update
        .col_expr(restore::Column::Phase, Expr::value(phase.as_str()))
        .col_expr(restore::Column::Cause, Expr::value(cause))
        .col_expr(restore::Column::FinishedAt, Expr::value(now))
}

fn completed(update: Update, row: &restore::Model, report: RestoreReport, now: DateTime<Utc>) -> Update {
    let (phase, cause) = match report.warnings.len() {
        0 => (RestorePhase::Completed, None),
        count if row.target_kind != "directory" => (
            RestorePhase::PartiallyFailed,
            Some(format!("{count} object(s) of the database could not be restored as they were")),
        ),
        1 => (RestorePhase::PartiallyFailed, Some("1 file could not be restored as it was".to_owned())),
        more => (RestorePhase::PartiallyFailed, Some(format!("{more} files could not be restored as they were"))),
    };
    let warnings = report.warnings.into_iter().take(MOST_LISTED);
    let warnings = warnings.map(|warning| format!("{}: {}", warning.path, warning.message)).collect();
    update
        .col_expr(restore::Column::Phase, Expr::value(phase.as_str()))
        .col_expr(restore::Column::Cause, Expr::value(cause))
        .col_expr(restore::Column::FinishedAt, Expr::value(now))
        .col_expr(restore::Column::Files, Expr::value(stored(report.files)))
        .col_expr(restore::Column::Bytes, Expr::value(stored(report.bytes)))
        .col_expr(restore::Column::Skipped, Expr::value(stored(report.skipped)))
        .col_expr(restore::Column::Warnings, Expr::value(sea_orm::Value::from(TextList(warnings))))
}
