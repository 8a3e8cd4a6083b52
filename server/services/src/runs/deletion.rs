//! Deletes a backup whose time has come: first its snapshot in the bucket, then its row.
//!
//! With the claim its phase becomes Deleting, and from then on it is too late to take it back.

use chrono::{DateTime, TimeDelta, Utc};
use model::{backup::BackupPhase, ids::ProjectId, language::msgid};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
    sea_query::{Expr, SelectStatement},
};

use crate::{
    backups,
    context::Services,
    entity::backup::{self, Column},
    error::ServiceError,
    repositories,
    runs::{
        capacity::Room,
        claim, clock_watch,
        kind::{Hold, Leased, Outcome, RunKind, Settled, Update, Work},
        maintenance_due, retention,
    },
    sentence::Sentence,
};

/// How long after a failure the deletion is tried again.
const PAUSE: TimeDelta = TimeDelta::minutes(5);

const SILENT: &str = msgid("The S3 service did not answer in time. It is tried again");

/// Deletions of backups. Removing a snapshot that is gone already is no error, so a deletion that died half-way is
/// simply done again.
#[derive(Debug)]
pub struct Deletion;

/// How a deletion ended.
#[derive(Debug)]
pub enum End {
    Done,
    Failed { cause: Sentence },
}

impl RunKind for Deletion {
    type Entity = backup::Entity;
    type Output = ();
    type End = End;

    const NAME: &'static str = "deletion";
    const LEASED: Leased<Column> = Leased { id: Column::Id, owner: Column::LeaseOwner, until: Column::LeaseUntil };
    const HOLD: Hold<Column> = Hold::Turn;

    fn id(row: &backup::Model) -> i64 {
        row.id
    }

    async fn organization(_: &Services, row: &backup::Model) -> Option<i64> {
        Some(row.organization_id)
    }

    fn at_work(now: DateTime<Utc>) -> SelectStatement {
        backup::Entity::find()
            .select_only()
            .column(Column::OrganizationId)
            .filter(Column::Phase.eq(BackupPhase::Deleting))
            .filter(Column::LeaseUntil.gt(now))
            .into_query()
    }

    async fn waiting(
        services: &Services,
        room: &Room,
        now: DateTime<Utc>,
    ) -> Result<Vec<Select<backup::Entity>>, DbErr> {
        if !clock_watch::deletions_allowed(services, now).await? {
            return Ok(Vec::new());
        }
        let free = |which: Condition| {
            backup::Entity::find()
                .filter(which)
                .filter(Column::NotBefore.lte(now))
                .filter(claim::is_free(Column::LeaseUntil, now))
                .filter(Column::OrganizationId.is_not_in(room.without.iter().copied()))
                .filter(Column::RepositoryId.in_subquery(retention::reachable()))
                .filter(Column::Id.not_in_subquery(retention::being_restored()))
        };
        let begun = Condition::all().add(Column::Phase.eq(BackupPhase::Deleting));
        let marked = Condition::all().add(Column::DeleteAfter.lte(now)).add(Column::Phase.ne(BackupPhase::Deleting));
        Ok(vec![free(begun).order_by_asc(Column::NotBefore), free(marked).order_by_asc(Column::DeleteAfter)])
    }

    fn project(row: &backup::Model) -> Option<ProjectId> {
        Some(ProjectId(row.project_id))
    }

    /// Whether no restore needs it: whoever queues one holds the row meanwhile.
    async fn may_begin(db: &DatabaseTransaction, row: &backup::Model) -> Result<bool, DbErr> {
        Ok(!backups::is_being_restored(db, row.id).await?)
    }

    fn begin(row: &mut backup::ActiveModel, _: DateTime<Utc>) {
        row.phase = Set(BackupPhase::Deleting);
    }

    async fn work(services: &Services, row: &backup::Model, _: Work) -> Result<(), ServiceError> {
        forget(services, row).await
    }

    async fn end(_: &Services, row: &backup::Model, outcome: Outcome<()>) -> Result<End, ServiceError> {
        Ok(match outcome {
            Outcome::Done(()) => End::Done,
            Outcome::Failed(error) => End::Failed { cause: error.cause("backup", row.id) },
            Outcome::Stopped(_) => End::Failed { cause: Sentence::said(SILENT) },
        })
    }

    fn settled(update: Update<Self>, _: &backup::Model, end: &End, now: DateTime<Utc>) -> Settled<Self> {
        match end {
            End::Done => Settled::Deleted,
            End::Failed { cause } => Settled::kept(
                update
                    .col_expr(Column::NotBefore, Expr::value(now + PAUSE))
                    .col_expr(Column::Cause, Expr::value(cause.clone())),
            ),
        }
    }

    async fn follow(
        tx: &DatabaseTransaction,
        _: &Services,
        row: &backup::Model,
        end: End,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        if let End::Done = end {
            maintenance_due::note_unneeded(tx, row.repository_id, now).await?;
            if row.damaged {
                maintenance_due::verify_soon(tx, row.repository_id, now).await?;
            }
        }
        Ok(())
    }
}

async fn forget(services: &Services, row: &backup::Model) -> Result<(), ServiceError> {
    let Some(snapshot) = row.snapshot.as_deref().and_then(|id| id.parse().ok()) else { return Ok(()) };
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    Ok(repositories::open(services, &in_use).await?.forget(&[snapshot]).await?)
}
