//! One backup, from its claim to its settlement.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use engine::{RepositoryError, S3Error};
use model::{backup::BackupPhase, ids::AccountId, run::ATTEMPTS, size};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, NullOrdering, Order, Query, SelectStatement},
};

use crate::{
    audit::{Author, Deed},
    backups,
    context::Services,
    entity::{
        TextList, UnreadableList,
        backup::{self, Column},
        organization, project, repository, run_log,
    },
    error::ServiceError,
    notifications::events::{self, Ended},
    repositories::RepositoryConflict,
    runs::{
        capacity::Room,
        claim,
        kind::{Death, Ending, Hold, Leased, Outcome, RunKind, Settled, Update, Watched, Work},
        maintenance_due, order, queue,
        release::AGAIN,
        supervisor::{StopReason, stored, time_is_up},
        unusual,
    },
    sentence::{BACKUP_DISABLED, CANCELLED, CANCELLED_BY_A_PERSON, CANCELLED_WHILE_STOPPED, INTERRUPTED, Sentence},
};

mod snapshot;

pub use self::snapshot::Taken;
use self::snapshot::take;

const BACKUP_COMPLETED: Deed = Deed::new("backup completed");
const BACKUP_FAILED: Deed = Deed::new("backup failed");

/// How long after the first, second and third failure a backup is tried again.
const PAUSES: [TimeDelta; ATTEMPTS as usize - 1] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(15)];

/// Most unreadable files that are listed; the rest is counted.
const MOST_LISTED: usize = 1000;

/// How a backup ended.
#[derive(Debug)]
pub enum End {
    Taken(Taken),
    Skipped {
        cause: Sentence,
    },
    Failed {
        cause: Sentence,
        /// Another try may go better.
        again: bool,
    },
    Cancelled {
        cause: &'static str,
    },
    /// Back into the queue, as if it had not been claimed.
    Interrupted,
}

impl End {
    /// The phase that the run ends in; `None` where it does not end.
    fn phase(&self) -> Option<BackupPhase> {
        Some(match self {
            Self::Taken(taken) => taken.phase(),
            Self::Skipped { .. } => BackupPhase::Skipped,
            Self::Failed { .. } => BackupPhase::Failed,
            Self::Cancelled { .. } => BackupPhase::Cancelled,
            Self::Interrupted => return None,
        })
    }

    /// Why it did not end well; `None` where it did.
    fn cause(&self) -> Option<Sentence> {
        match self {
            Self::Taken(taken) => taken.told(),
            Self::Skipped { cause } | Self::Failed { cause, .. } => Some(cause.clone()),
            Self::Cancelled { cause } => Some(Sentence::said(cause)),
            Self::Interrupted => None,
        }
    }
}

/// Backups.
#[derive(Debug)]
pub struct Backup;

impl RunKind for Backup {
    type Entity = backup::Entity;
    type Output = Taken;
    type End = End;

    const NAME: &'static str = "backup";
    const LEASED: Leased<Column> = Leased { id: Column::Id, owner: Column::LeaseOwner, until: Column::LeaseUntil };
    const HOLD: Hold<Column> = Hold::Renewed(Watched {
        cancel_requested: Column::CancelRequested,
        done_files: Column::DoneFiles,
        done_bytes: Column::DoneBytes,
        waiting_since: Column::WaitingSince,
        total_files: Column::TotalFiles,
        total_bytes: Column::TotalBytes,
    });

    const LOG: Option<run_log::Column> = Some(run_log::Column::BackupId);

    fn id(row: &backup::Model) -> i64 {
        row.id
    }

    fn attempt(row: &backup::Model) -> i32 {
        row.attempt
    }

    fn crashes(row: &backup::Model) -> i32 {
        row.crashes
    }

    async fn organization(_: &Services, row: &backup::Model) -> Option<i64> {
        Some(row.organization_id)
    }

    fn at_work(now: DateTime<Utc>) -> SelectStatement {
        backup::Entity::find()
            .select_only()
            .column(Column::OrganizationId)
            .filter(Column::Phase.eq(BackupPhase::InProgress))
            .filter(Column::LeaseUntil.gt(now))
            .into_query()
    }

    /// Organizations take turns, so that one with a thousand waiting runs does not starve another; inside an
    /// organization the longest waiting one is next whose project has none running.
    async fn waiting(
        services: &Services,
        room: &Room,
        now: DateTime<Utc>,
    ) -> Result<Vec<Select<backup::Entity>>, DbErr> {
        let turns = organizations_by_turn(services, now).await?.into_iter();
        let of_organization = |organization| {
            waiting(now)
                .filter(claim::may_start(room, Column::Crashes))
                .filter(Column::OrganizationId.eq(organization))
                .filter(Column::ProjectId.not_in_subquery(order::running_projects()))
                .filter(Column::RepositoryId.not_in_subquery(order::repositories_in_change()))
                .filter(claim::on_this_node(services, Column::ProjectId))
                .order_by_asc(Column::NotBefore)
                .order_by_asc(Column::Id)
        };
        Ok(turns.filter(|organization| !room.without.contains(organization)).map(of_organization).collect())
    }

    /// Whether nothing changes the backup's repository. Whoever claims a run that must be alone locks the repository
    /// first, so that of two that are claimed at the same moment the second sees the first.
    async fn may_begin(db: &DatabaseTransaction, row: &backup::Model) -> Result<bool, DbErr> {
        repository::Entity::find_by_id(row.repository_id).lock_exclusive().one(db).await?;
        let changing =
            order::repositories_in_change().and_where(Expr::col("repository_id").eq(row.repository_id)).take();
        Ok(db.query_one(&changing).await?.is_none())
    }

    fn begin(row: &mut backup::ActiveModel, now: DateTime<Utc>) {
        row.phase = Set(BackupPhase::InProgress);
        row.cause = Set(None);
        row.started_at = Set(Some(now));
        row.finished_at = Set(None);
    }

    async fn begun(
        db: &DatabaseTransaction,
        services: &Services,
        row: &backup::Model,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        events::started(db, services, row, now).await
    }

    async fn work(services: &Services, row: &backup::Model, work: Work) -> Result<Taken, ServiceError> {
        take(services, row, work).await
    }

    async fn end(services: &Services, row: &backup::Model, outcome: Outcome<Taken>) -> Result<End, ServiceError> {
        let end = match outcome {
            Outcome::Done(taken) => {
                let unusual = unusual::judge(services.db(), row, &taken).await?;
                End::Taken(Taken { unusual, ..taken })
            }
            Outcome::Failed(error) => {
                if let ServiceError::Repository(RepositoryError::OpeningFile { .. }) = &error {
                    // The verification says what is lost, and a repair may write it back.
                    maintenance_due::verify_soon(services.db(), row.repository_id, services.clock().now()).await?;
                }
                failure(row, &error)
            }
            Outcome::Stopped(StopReason::Shutdown) => End::Interrupted,
            Outcome::Stopped(StopReason::Person) => End::Cancelled { cause: CANCELLED_BY_A_PERSON },
            Outcome::Stopped(StopReason::TimeUp | StopReason::LeaseLost) => {
                End::Failed { cause: time_is_up(services), again: false }
            }
        };
        if let End::Failed { cause, .. } = &end {
            tracing::warn!(name = row.name, attempt = row.attempt, cause = cause.in_english(), "backup failed");
        }
        Ok(end)
    }

    fn count(services: &Services, _: &backup::Model, end: &End, took: Duration) {
        let Some(phase) = end.phase() else { return };
        services.metrics().ended(Self::NAME, phase.as_str(), took);
        if let End::Taken(taken) = end {
            services.metrics().backed_up(taken.bytes, taken.added_bytes);
        }
    }

    fn told(row: &backup::Model, end: &End) -> Vec<Sentence> {
        let first = match end {
            End::Taken(taken) => Some(read(taken)),
            End::Interrupted => Some(Sentence::said(INTERRUPTED)),
            End::Skipped { .. } | End::Failed { .. } | End::Cancelled { .. } => None,
        };
        let next = match end {
            End::Failed { again: true, .. } => pause(row).map(next_try),
            _ => None,
        };
        [first, end.cause(), next].into_iter().flatten().collect()
    }

    fn settled(update: Update<Self>, row: &backup::Model, end: &End, now: DateTime<Utc>) -> Settled<Self> {
        Settled::kept(settled(update, row, end, now))
    }

    async fn follow(
        tx: &DatabaseTransaction,
        services: &Services,
        row: &backup::Model,
        end: End,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        follow(tx, services, row, &end, now).await
    }

    fn death() -> Option<Death<Self>> {
        Some(Death {
            phase: Column::Phase,
            queued: BackupPhase::Queued.into(),
            in_progress: BackupPhase::InProgress.into(),
            failed: BackupPhase::Failed.into(),
            crashes: Column::Crashes,
            cause: Column::Cause,
            finished_at: Column::FinishedAt,
            waits_since: Column::NotBefore,
            endings: vec![Ending {
                which: Condition::all().add(Column::CancelRequested.eq(true)),
                phase: BackupPhase::Cancelled.into(),
                cause: CANCELLED_WHILE_STOPPED,
            }],
            again: |update, now| {
                update
                    .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1))
                    .col_expr(Column::NotBefore, Expr::value(now))
                    .col_expr(Column::Cause, Expr::value(Sentence::said(AGAIN)))
            },
        })
    }

    async fn given_up(
        tx: &DatabaseTransaction,
        services: &Services,
        row: &backup::Model,
        cause: &Sentence,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        events::failed(tx, services, Ended::of(row, BackupPhase::Failed, &cause.in_english()), now).await
    }
}

/// Organizations with a waiting backup; first the one whose last backup started longest ago.
async fn organizations_by_turn(services: &Services, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
    let last_start = Query::select()
        .expr(Expr::col(("past", "started_at")).max())
        .from_as("backup", "past")
        .and_where(Expr::col(("past", "organization_id")).equals(("backup", "organization_id")))
        .take();
    let mut turns = waiting(now).select_only().column(backup::Column::OrganizationId);
    QueryTrait::query(&mut turns)
        .group_by_col((backup::Entity, backup::Column::OrganizationId))
        .order_by_expr_with_nulls(last_start.into(), Order::Asc, NullOrdering::First);
    turns.into_tuple().all(services.db()).await
}

fn waiting(now: DateTime<Utc>) -> Select<backup::Entity> {
    backup::Entity::find()
        .filter(backup::Column::Phase.eq(BackupPhase::Queued))
        .filter(backup::Column::NotBefore.lte(now))
}

fn failure(row: &backup::Model, error: &ServiceError) -> End {
    match error.refusal() {
        Some(RepositoryConflict::CredentialLocked { name }) => {
            return End::Skipped { cause: queue::credential_locked(name) };
        }
        Some(RepositoryConflict::RepositoryNotInUse) => {
            return End::Cancelled { cause: BACKUP_DISABLED };
        }
        _ => {}
    }
    match error {
        ServiceError::Repository(RepositoryError::Cancelled) => End::Cancelled { cause: CANCELLED },
        // What the form of the switch says of a bucket's name would lead nowhere: there is no form to change it in.
        ServiceError::Repository(RepositoryError::Storage(S3Error::NoSuchBucket { bucket })) => End::Failed {
            cause: Sentence::new(|| {
                tr!(
                    "The bucket {} is gone, with the backups that were in it. To begin anew, disable backup in the project's Settings, and enable it again with another bucket",
                    bucket
                )
            }),
            again: true,
        },
        error => End::Failed { cause: error.cause(Backup::NAME, row.id), again: true },
    }
}

/// What follows a settled backup: its audit entry, and what is told of it.
async fn follow(
    tx: &DatabaseTransaction,
    services: &Services,
    row: &backup::Model,
    end: &End,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    // What it had written by then lies in the bucket.
    if matches!(end, End::Failed { .. } | End::Cancelled { .. }) {
        maintenance_due::note_unneeded(tx, row.repository_id, now).await?;
    }
    match end {
        End::Taken(_) => record(tx, services, row, BACKUP_COMPLETED).await?,
        End::Failed { .. } => record(tx, services, row, BACKUP_FAILED).await?,
        _ => {}
    }
    if let End::Taken(Taken { unusual: Some(words), .. }) = end {
        events::unusual(tx, services, (row, &words.in_english()), now).await?;
    }
    let is_final = !matches!(end, End::Failed { again: true, .. }) || pause(row).is_none();
    match end.phase() {
        Some(BackupPhase::Completed) => events::completed(tx, services, row, now).await?,
        Some(phase @ (BackupPhase::PartiallyFailed | BackupPhase::Failed | BackupPhase::Skipped)) if is_final => {
            let cause = end.cause().map(|cause| cause.in_english()).unwrap_or_default();
            events::failed(tx, services, Ended::of(row, phase, &cause), now).await?;
        }
        _ => {}
    }
    Ok(())
}

fn settled(update: Update<Backup>, row: &backup::Model, end: &End, now: DateTime<Utc>) -> Update<Backup> {
    match end {
        End::Taken(taken) => completed(update, row, taken, now),
        End::Skipped { cause: why } => ended(update, BackupPhase::Skipped, Some(why.clone()), now),
        End::Cancelled { cause: why } => ended(update, BackupPhase::Cancelled, Some(Sentence::said(why)), now),
        End::Failed { cause: why, again } => {
            let pause = pause(row).filter(|_| *again);
            ended(update, BackupPhase::Failed, Some(why.clone()), now)
                .col_expr(backup::Column::RetryAt, Expr::value(pause.map(|pause| now + pause)))
        }
        End::Interrupted => update
            .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Queued))
            .col_expr(backup::Column::StartedAt, Expr::value(Option::<DateTime<Utc>>::None))
            // Counted as a try, so that the next one looks for a snapshot that this one may have completed.
            .col_expr(backup::Column::Attempt, Expr::value(row.attempt + 1)),
    }
}

/// How long to wait before the next try of a failed run; `None` where it was the last.
fn pause(row: &backup::Model) -> Option<TimeDelta> {
    usize::try_from(row.attempt - 1).ok().and_then(|tried| PAUSES.get(tried).copied())
}

/// What was read, and what of it was new.
fn read(taken: &Taken) -> Sentence {
    Sentence::new(|| {
        tr!(
            "{n} file backed up, {size}, of which {added} were new in the bucket"
                | "{n} files backed up, {size}, of which {added} were new in the bucket" % taken.files,
            size = size::bytes(taken.bytes),
            added = size::bytes(taken.added_bytes)
        )
    })
}

fn next_try(pause: TimeDelta) -> Sentence {
    Sentence::new(|| tr!("It is tried again in {}", size::duration(pause.num_seconds().unsigned_abs())))
}

fn ended(update: Update<Backup>, phase: BackupPhase, cause: Option<Sentence>, now: DateTime<Utc>) -> Update<Backup> {
    update
        .col_expr(backup::Column::Phase, Expr::value(phase))
        .col_expr(backup::Column::Cause, Expr::value(cause))
        .col_expr(backup::Column::FinishedAt, Expr::value(now))
}

fn completed(update: Update<Backup>, row: &backup::Model, taken: &Taken, now: DateTime<Utc>) -> Update<Backup> {
    let cause = taken.told();
    let listed = UnreadableList(taken.unreadable.iter().take(MOST_LISTED).cloned().collect());
    let list = |names: &[String]| sea_orm::Value::from(TextList(names.iter().take(MOST_LISTED).cloned().collect()));
    ended(update, taken.phase(), cause, now)
        .col_expr(backup::Column::Snapshot, Expr::value(taken.snapshot.as_str()))
        .col_expr(backup::Column::Files, Expr::value(stored(taken.files)))
        .col_expr(backup::Column::Bytes, Expr::value(stored(taken.bytes)))
        .col_expr(backup::Column::AddedBytes, Expr::value(stored(taken.added_bytes)))
        .col_expr(backup::Column::Unreadable, Expr::value(sea_orm::Value::from(listed)))
        .col_expr(backup::Column::Changed, Expr::value(list(&taken.changed)))
        .col_expr(backup::Column::Unmatched, Expr::value(list(&taken.unmatched)))
        .col_expr(backup::Column::TooLargeFiles, Expr::value(stored(taken.too_large.files)))
        .col_expr(backup::Column::TooLargeBytes, Expr::value(stored(taken.too_large.bytes)))
        .col_expr(backup::Column::Unusual, Expr::value(taken.unusual.clone()))
        .col_expr(backup::Column::ExpiresAt, Expr::value(queue::expiry(now, row.retention_seconds)))
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
