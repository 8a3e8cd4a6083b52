//! One maintenance of a repository, from its claim to its settlement.

use std::time::Duration;

use chrono::{DateTime, Utc};
use engine::RepositoryError;
use model::{
    ids::AccountId,
    maintenance::{MaintenanceKind, MaintenancePhase},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, JoinType, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, RelationTrait, Select,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use crate::{
    audit::{Author, Deed},
    context::Services,
    entity::{
        maintenance::{self, Column},
        organization, project, repository, run_log,
    },
    error::ServiceError,
    notifications::events,
    repositories::RepositoryConflict,
    runs::{
        self,
        capacity::Room,
        claim, clock_watch,
        damage::{self, DAMAGE_FOUND},
        kind::{Death, Ending, Hold, Leased, RunKind, Settled, Update, Watched, Work},
        maintenance_due, order,
        release::AGAIN,
        supervisor::{StopReason, stored, time_is_up},
    },
    sentence::{BACKUP_DISABLED, CANCELLED, CANCELLED_BY_A_PERSON, CANCELLED_WHILE_STOPPED, INTERRUPTED, Sentence},
};

mod work;

use self::work::{Outcome, in_words};

const MAINTENANCE_FAILED: Deed = Deed::new("maintenance of repository failed");
const REPOSITORY_REPAIRED: Deed = Deed::new("repository repaired");

/// How a maintenance ended.
#[derive(Debug)]
pub enum End {
    Done(Outcome),
    Failed {
        cause: Sentence,
        /// The repository turned out to be damaged.
        damaged: bool,
    },
    Cancelled {
        cause: &'static str,
    },
    /// Back into the queue: the process ends, or a backup goes first.
    Interrupted,
}

/// Maintenance of repositories.
#[derive(Debug)]
pub struct Maintenance;

impl RunKind for Maintenance {
    type Entity = maintenance::Entity;
    type Output = Outcome;
    type End = End;

    const NAME: &'static str = "maintenance";
    const LEASED: Leased<Column> = Leased { id: Column::Id, owner: Column::LeaseOwner, until: Column::LeaseUntil };
    const HOLD: Hold<Column> = Hold::Renewed(Watched {
        cancel_requested: Column::CancelRequested,
        done_files: Column::DoneFiles,
        done_bytes: Column::DoneBytes,
        waiting_since: Column::WaitingSince,
        total_files: Column::TotalFiles,
        total_bytes: Column::TotalBytes,
    });

    const LOG: Option<run_log::Column> = Some(run_log::Column::MaintenanceId);

    fn id(row: &maintenance::Model) -> i64 {
        row.id
    }

    fn attempt(row: &maintenance::Model) -> i32 {
        row.attempt
    }

    fn crashes(row: &maintenance::Model) -> i32 {
        row.crashes
    }

    async fn organization(services: &Services, row: &maintenance::Model) -> Option<i64> {
        claim::organization_of(services, row.project_id).await
    }

    fn at_work(now: DateTime<Utc>) -> SelectStatement {
        maintenance::Entity::find()
            .join(JoinType::InnerJoin, maintenance::Relation::Project.def())
            .select_only()
            .column(project::Column::OrganizationId)
            .filter(Column::LeaseUntil.gt(now))
            .into_query()
    }

    /// The longest waiting one is next whose repository nobody works on. A prune goes by how old its packs are, so it waits
    /// for a clock that can be trusted.
    async fn waiting(
        services: &Services,
        room: &Room,
        now: DateTime<Utc>,
    ) -> Result<Vec<Select<maintenance::Entity>>, DbErr> {
        let allowed = clock_watch::deletions_allowed(services, now).await?;
        let waits = (!allowed).then_some(MaintenanceKind::Prune);
        let next = maintenance::Entity::find()
            .filter(Column::Phase.eq(MaintenancePhase::Queued))
            .filter(Column::Kind.is_not_in(waits))
            .filter(Column::NotBefore.lte(now))
            .filter(claim::may_start(room, Column::Crashes))
            .filter(claim::has_room(room, Column::ProjectId))
            .filter(Column::RepositoryId.not_in_subquery(order::repositories_in_maintenance()))
            .filter(Column::ProjectId.not_in_subquery(order::busy_projects(now)))
            .order_by_asc(Column::NotBefore)
            .order_by_asc(Column::Id);
        Ok(vec![next])
    }

    /// Whether no backup works on the repository.
    async fn may_begin(db: &DatabaseTransaction, row: &maintenance::Model) -> Result<bool, DbErr> {
        repository::Entity::find_by_id(row.repository_id).lock_exclusive().one(db).await?;
        let working = order::running_projects().and_where(Expr::col("project_id").eq(row.project_id)).take();
        Ok(db.query_one(&working).await?.is_none())
    }

    fn begin(row: &mut maintenance::ActiveModel, now: DateTime<Utc>) {
        row.phase = Set(MaintenancePhase::InProgress);
        row.cause = Set(None);
        row.started_at = Set(Some(now));
    }

    async fn work(services: &Services, row: &maintenance::Model, work: Work) -> Result<Outcome, ServiceError> {
        work::work(services, row, row.kind, work).await
    }

    async fn end(
        services: &Services,
        row: &maintenance::Model,
        outcome: runs::kind::Outcome<Outcome>,
    ) -> Result<End, ServiceError> {
        use runs::kind::Outcome::{Done, Failed, Stopped};
        Ok(match outcome {
            Done(outcome) => End::Done(outcome),
            Failed(error) => failure(row, &error),
            Stopped(StopReason::Shutdown) => End::Interrupted,
            Stopped(StopReason::Person) if yields(services, row).await? => End::Interrupted,
            Stopped(StopReason::Person) => End::Cancelled { cause: CANCELLED_BY_A_PERSON },
            Stopped(StopReason::TimeUp | StopReason::LeaseLost) => {
                End::Failed { cause: time_is_up(services), damaged: false }
            }
        })
    }

    fn count(services: &Services, row: &maintenance::Model, end: &End, took: Duration) {
        if let Some(phase) = phase(end) {
            services.metrics().ended(metric(row.kind), phase.as_str(), took);
        }
    }

    fn told(_: &maintenance::Model, end: &End) -> Vec<Sentence> {
        vec![match end {
            End::Done(outcome) => Sentence::new(|| in_words(outcome)),
            End::Failed { cause, .. } => cause.clone(),
            End::Cancelled { cause } => Sentence::said(cause),
            End::Interrupted => Sentence::said(INTERRUPTED),
        }]
    }

    fn settled(update: Update<Self>, _: &maintenance::Model, end: &End, now: DateTime<Utc>) -> Settled<Self> {
        Settled::kept(settled(update, end, now))
    }

    /// Writes what is known of the repository now, and plans what follows.
    async fn follow(
        tx: &DatabaseTransaction,
        services: &Services,
        row: &maintenance::Model,
        end: End,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        match end {
            End::Done(outcome) => note(tx, services, row, outcome, now).await?,
            End::Failed { damaged, .. } => {
                plan_again(tx, row, row.kind, damaged, now).await?;
                audit(tx, services, row, row.kind, MAINTENANCE_FAILED).await?;
            }
            End::Cancelled { .. } => plan_again(tx, row, row.kind, false, now).await?,
            End::Interrupted => {}
        }
        Ok(())
    }

    /// Every kind of maintenance may simply be done again.
    fn death() -> Option<Death<Self>> {
        Some(Death {
            phase: Column::Phase,
            queued: MaintenancePhase::Queued.into(),
            in_progress: MaintenancePhase::InProgress.into(),
            failed: MaintenancePhase::Failed.into(),
            crashes: Column::Crashes,
            cause: Column::Cause,
            finished_at: Column::FinishedAt,
            waits_since: Column::NotBefore,
            endings: vec![Ending {
                which: Condition::all().add(Column::CancelRequested.eq(true)).add(Column::Yields.eq(false)),
                phase: MaintenancePhase::Cancelled.into(),
                cause: CANCELLED_WHILE_STOPPED,
            }],
            again: |update, now| {
                update
                    .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1))
                    .col_expr(Column::NotBefore, Expr::value(now))
                    .col_expr(Column::CancelRequested, Expr::value(false))
                    .col_expr(Column::Yields, Expr::value(false))
                    .col_expr(Column::Cause, Expr::value(Sentence::said(AGAIN)))
            },
        })
    }
}

const fn metric(kind: MaintenanceKind) -> &'static str {
    match kind {
        MaintenanceKind::Prune => "prune",
        MaintenanceKind::Verification => "verification",
        MaintenanceKind::Repair => "repair",
    }
}

/// Whether it was asked to stop for a backup's sake, and not by a person.
async fn yields(services: &Services, row: &maintenance::Model) -> Result<bool, ServiceError> {
    let now = maintenance::Entity::find_by_id(row.id).one(services.db()).await?;
    Ok(now.is_some_and(|row| row.yields))
}

fn failure(row: &maintenance::Model, error: &ServiceError) -> End {
    if let Some(RepositoryConflict::RepositoryNotInUse) = error.refusal() {
        return End::Cancelled { cause: BACKUP_DISABLED };
    }
    match error {
        ServiceError::Repository(RepositoryError::Cancelled) => End::Cancelled { cause: CANCELLED },
        error => End::Failed {
            damaged: matches!(error, ServiceError::Repository(RepositoryError::Damaged { .. })),
            cause: error.cause(Maintenance::NAME, row.id),
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

fn settled(update: Update<Maintenance>, end: &End, now: DateTime<Utc>) -> Update<Maintenance> {
    let Some(phase) = phase(end) else {
        return update
            .col_expr(Column::Phase, Expr::value(MaintenancePhase::Queued))
            .col_expr(Column::StartedAt, Expr::value(Option::<DateTime<Utc>>::None))
            .col_expr(Column::CancelRequested, Expr::value(false))
            .col_expr(Column::Yields, Expr::value(false));
    };
    let (outcome, cause) = match end {
        End::Done(outcome) => (Some(Sentence::new(|| in_words(outcome))), None),
        End::Failed { cause, .. } => (None, Some(cause.clone())),
        End::Cancelled { cause } => (None, Some(Sentence::said(cause))),
        End::Interrupted => (None, None),
    };
    update
        .col_expr(Column::Phase, Expr::value(phase))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .col_expr(Column::Outcome, Expr::value(outcome))
        .col_expr(Column::Cause, Expr::value(cause))
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
