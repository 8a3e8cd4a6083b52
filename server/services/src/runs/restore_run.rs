//! One restore, from its claim to its settlement.

use std::{path::Path, time::Duration};

use chrono::{DateTime, Utc};
use engine::{
    DatabaseRestore, DatabaseTarget, OnConflict as EngineOnConflict, Owners, Repository, RepositoryError,
    RestoreReport, RestoreRequest, SnapshotId, Unset,
};
use model::{
    backup::RestorePhase,
    ids::OrganizationId,
    language::msgid,
    restore::{OnConflict, RestoredInto},
    size,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationTrait, Select,
    sea_query::{Expr, SelectStatement},
};

use crate::{
    browse,
    context::Services,
    entity::{
        TextList, backup, project,
        restore::{self, Column},
        run_log,
    },
    error::ServiceError,
    repositories,
    runs::{
        capacity::Room,
        claim,
        kind::{Death, Ending, Hold, Leased, Outcome, RunKind, Settled, Update, Watched, Work},
        supervisor::{StopReason, stored, time_is_up},
    },
    sentence::{INTERRUPTED, Sentence},
    source_roots, sources,
};

const STOPPED: &str =
    msgid("The server was stopped. What was restored by then is there; start the restore again for the rest");

/// Most warnings that are listed; the rest is counted.
const MOST_LISTED: usize = 1000;

/// Restores.
#[derive(Debug)]
pub struct Restore;

/// How a restore ended.
#[derive(Debug)]
pub enum End {
    Done(RestoreReport),
    Failed {
        cause: Sentence,
    },
    Cancelled,
    /// Back into the queue: the process ends.
    Interrupted,
}

impl End {
    /// The phase that the restore ends in; `None` where it is done again.
    fn phase(&self) -> Option<RestorePhase> {
        match self {
            Self::Done(report) => Some(reached(report)),
            Self::Failed { .. } => Some(RestorePhase::Failed),
            Self::Cancelled => Some(RestorePhase::Cancelled),
            Self::Interrupted => None,
        }
    }
}

impl RunKind for Restore {
    type Entity = restore::Entity;
    type Output = RestoreReport;
    type End = End;

    const NAME: &'static str = "restore";
    const LEASED: Leased<Column> = Leased { id: Column::Id, owner: Column::LeaseOwner, until: Column::LeaseUntil };
    const HOLD: Hold<Column> = Hold::Renewed(Watched {
        cancel_requested: Column::CancelRequested,
        done_files: Column::DoneFiles,
        done_bytes: Column::DoneBytes,
        waiting_since: Column::WaitingSince,
        total_files: Column::TotalFiles,
        total_bytes: Column::TotalBytes,
    });

    const LOG: Option<run_log::Column> = Some(run_log::Column::RestoreId);

    fn id(row: &restore::Model) -> i64 {
        row.id
    }

    fn crashes(row: &restore::Model) -> i32 {
        row.crashes
    }

    async fn organization(services: &Services, row: &restore::Model) -> Option<i64> {
        claim::organization_of(services, row.project_id).await
    }

    fn at_work(now: DateTime<Utc>) -> SelectStatement {
        restore::Entity::find()
            .join(JoinType::InnerJoin, restore::Relation::Project.def())
            .select_only()
            .column(project::Column::OrganizationId)
            .filter(Column::LeaseUntil.gt(now))
            .into_query()
    }

    /// The longest waiting one is next.
    async fn waiting(
        services: &Services,
        room: &Room,
        _: DateTime<Utc>,
    ) -> Result<Vec<Select<restore::Entity>>, DbErr> {
        let next = restore::Entity::find()
            .filter(Column::Phase.eq(RestorePhase::Queued))
            .filter(claim::may_start(room, Column::Crashes))
            .filter(claim::has_room(room, Column::ProjectId))
            .filter(claim::on_this_node(services, Column::ProjectId))
            .order_by_asc(Column::QueuedAt)
            .order_by_asc(Column::Id);
        Ok(vec![next])
    }

    fn begin(row: &mut restore::ActiveModel, now: DateTime<Utc>) {
        row.phase = Set(RestorePhase::InProgress);
        row.started_at = Set(Some(now));
    }

    async fn work(services: &Services, row: &restore::Model, work: Work) -> Result<RestoreReport, ServiceError> {
        restore(services, row, work).await
    }

    async fn end(
        services: &Services,
        row: &restore::Model,
        outcome: Outcome<RestoreReport>,
    ) -> Result<End, ServiceError> {
        Ok(match outcome {
            Outcome::Done(report) => End::Done(report),
            Outcome::Failed(ServiceError::Repository(RepositoryError::Cancelled))
            | Outcome::Stopped(StopReason::Person) => End::Cancelled,
            Outcome::Failed(error) => End::Failed { cause: error.cause(Self::NAME, row.id) },
            Outcome::Stopped(StopReason::Shutdown) if row.on_conflict != OnConflict::KeepBoth.as_str() => {
                End::Interrupted
            }
            // What it restored itself it would keep a second time.
            Outcome::Stopped(StopReason::Shutdown) => End::Failed { cause: Sentence::said(STOPPED) },
            Outcome::Stopped(StopReason::TimeUp | StopReason::LeaseLost) => End::Failed { cause: time_is_up(services) },
        })
    }

    fn count(services: &Services, _: &restore::Model, end: &End, took: Duration) {
        if let Some(phase) = end.phase() {
            services.metrics().ended(Self::NAME, phase.as_str(), took);
        }
    }

    fn told(row: &restore::Model, end: &End) -> Vec<Sentence> {
        match end {
            End::Done(report) => [Some(restored(report)), shortcoming(row, report)].into_iter().flatten().collect(),
            End::Failed { cause } => vec![cause.clone()],
            End::Cancelled => vec![Sentence::said(cancelled(row))],
            End::Interrupted => vec![Sentence::said(INTERRUPTED)],
        }
    }

    fn settled(update: Update<Self>, row: &restore::Model, end: &End, now: DateTime<Utc>) -> Settled<Self> {
        Settled::kept(match end {
            End::Done(report) => completed(update, row, report, now),
            End::Failed { cause } => ended(update, RestorePhase::Failed, cause.clone(), now),
            End::Cancelled => ended(update, RestorePhase::Cancelled, Sentence::said(cancelled(row)), now),
            End::Interrupted => update.col_expr(Column::Phase, Expr::value(RestorePhase::Queued)),
        })
    }

    /// A restore that overwrites or skips may simply be done again. One that keeps both would keep what it restored
    /// itself a second time, so a person decides.
    fn death() -> Option<Death<Self>> {
        Some(Death {
            phase: Column::Phase,
            queued: RestorePhase::Queued.into(),
            in_progress: RestorePhase::InProgress.into(),
            failed: RestorePhase::Failed.into(),
            crashes: Column::Crashes,
            cause: Column::Cause,
            finished_at: Column::FinishedAt,
            waits_since: Column::StartedAt,
            endings: vec![Ending {
                which: Condition::any()
                    .add(Column::CancelRequested.eq(true))
                    .add(Column::OnConflict.eq(OnConflict::KeepBoth.as_str())),
                phase: RestorePhase::Failed.into(),
                cause: msgid(
                    "The server stopped in the middle of this restore. What it had restored is there; start it again for the rest",
                ),
            }],
            again: |update, _| update,
        })
    }
}

async fn restore(services: &Services, row: &restore::Model, work: Work) -> Result<RestoreReport, ServiceError> {
    let backup = backup::Entity::find_by_id(row.backup_id).one(services.db()).await?.ok_or(ServiceError::NotFound)?;
    let snapshot = browse::snapshot(&backup)?;
    let in_use = repositories::by_id(services.db(), backup.repository_id).await?;
    let repository = repositories::open(services, &in_use).await?;
    let into = RestoredInto::parse(&row.target_kind, row.target.clone()).map_err(ServiceError::Stored)?;
    let target = match into {
        RestoredInto::Directory(directory) => {
            let request = file_request(services, row, snapshot, &directory).await?;
            return Ok(repository.restore(request, work.counters, work.cancel).await?);
        }
        RestoredInto::NewDatabase(name) => {
            // The same in each try, so that the next one removes what a dead process has left, and another one than that of
            // another installation which restores into the same server.
            let snapshot = backup.snapshot.as_deref().and_then(|id| id.get(..8)).unwrap_or_default();
            DatabaseTarget::New { name, draft: format!("holdfast_restore_{}_{snapshot}", row.id) }
        }
        RestoredInto::OriginalDatabase(_) => DatabaseTarget::Original,
    };
    restore_database(services, row, (repository, snapshot, target), work).await
}

async fn restore_database(
    services: &Services,
    row: &restore::Model,
    (repository, snapshot, target): (Repository, SnapshotId, DatabaseTarget),
    Work { counters, cancel, .. }: Work,
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
    let owners = if row.owners_by_name { Owners::ByName } else { Owners::ByNumber };
    Ok(RestoreRequest {
        snapshot,
        paths: row.paths.0.clone(),
        // Looked at again, since the directory may have become a link since the restore was queued. It is open from then on.
        target: roots.restore_target(Path::new(directory))?.with_owners(owners),
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
        Ok(RestoredInto::NewDatabase(_)) => msgid("Cancelled by a person. The new database was not made"),
        Ok(RestoredInto::OriginalDatabase(_)) => msgid("Cancelled by a person. The database is as it was before"),
        _ => msgid("Cancelled by a person. What was restored by then is there"),
    }
}

fn ended(update: Update<Restore>, phase: RestorePhase, cause: Sentence, now: DateTime<Utc>) -> Update<Restore> {
    update
        .col_expr(restore::Column::Phase, Expr::value(phase))
        .col_expr(restore::Column::Cause, Expr::value(cause))
        .col_expr(restore::Column::FinishedAt, Expr::value(now))
}

/// The phase of a restore that has come to its end: complete only where all is as it was.
const fn reached(report: &RestoreReport) -> RestorePhase {
    if report.warnings.is_empty() && report.unset.is_empty() {
        RestorePhase::Completed
    } else {
        RestorePhase::PartiallyFailed
    }
}

/// What is not as it was; nothing where all is.
fn shortcoming(row: &restore::Model, report: &RestoreReport) -> Option<Sentence> {
    Some(match report.warnings.len() {
        0 if report.unset.is_empty() => return None,
        0 => Sentence::said(msgid("All files are restored, but not all of their owners, rights, attributes or times")),
        listed if row.target_kind != "directory" => {
            let count = report.ignored_errors.max(listed as u64);
            Sentence::new(|| {
                tr!("{n} object of the database could not be restored as it was"
                    | "{n} objects of the database could not be restored as they were" % count)
            })
        }
        files => Sentence::new(|| {
            tr!("{n} file could not be restored as it was" | "{n} files could not be restored as they were" % files)
        }),
    })
}

fn restored(report: &RestoreReport) -> Sentence {
    Sentence::new(|| {
        tr!("{n} file restored, {size}" | "{n} files restored, {size}" % report.files, size = size::bytes(report.bytes))
    })
}

fn completed(
    update: Update<Restore>,
    row: &restore::Model,
    report: &RestoreReport,
    now: DateTime<Utc>,
) -> Update<Restore> {
    let warnings = report.warnings.iter().take(MOST_LISTED);
    let warnings = warnings.map(|warning| format!("{}: {}", warning.path, warning.message));
    let warnings = warnings.chain(report.unset.iter().map(unset_in_words)).collect();
    update
        .col_expr(restore::Column::Phase, Expr::value(reached(report)))
        .col_expr(restore::Column::Cause, Expr::value(shortcoming(row, report)))
        .col_expr(restore::Column::FinishedAt, Expr::value(now))
        .col_expr(restore::Column::Files, Expr::value(stored(report.files)))
        .col_expr(restore::Column::Bytes, Expr::value(stored(report.bytes)))
        .col_expr(restore::Column::Skipped, Expr::value(stored(report.skipped)))
        .col_expr(restore::Column::Warnings, Expr::value(sea_orm::Value::from(TextList(warnings))))
}

/// What files could not be given, why, how often, and the first ones.
fn unset_in_words(unset: &Unset) -> String {
    let Unset { property, cause, files, examples } = unset;
    let more = if *files > examples.len() as u64 { ", …" } else { "" };
    format!("{property} of {files} file(s) could not be set: {cause} ({}{more})", examples.join(", "))
}
