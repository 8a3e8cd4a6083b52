//! Removes the backups of a deleted project from the bucket.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use engine::{RemoveRequest, Repository, S3};
use model::ids::AccountId;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, SelectStatement},
};

use crate::{
    audit::{self, Author, Deed},
    context::Services,
    entity::{
        backup_credential, organization,
        removal::{self, Column},
    },
    error::ServiceError,
    removals, repositories,
    runs::{
        capacity::Room,
        claim, clock_watch,
        kind::{Hold, Leased, Outcome, RunKind, Settled, Update, Work},
    },
    sentence::Sentence,
};

const BACKUPS_REMOVED: Deed = Deed::new("backups of a deleted project removed from the bucket");
const BACKUPS_NOT_REMOVED: Deed = Deed::new("backups of a deleted project could not be removed from the bucket");

/// How long after a failure the removal is tried again.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// Removals of a deleted project's backups, each a turn after which the next one goes on. Removing what is gone already is
/// no error, so a removal that died half-way is simply done again.
#[derive(Debug)]
pub struct Removal;

/// How a turn ended.
#[derive(Debug)]
pub enum End {
    Done,
    Failed {
        cause: Sentence,
    },
    /// The turn was over before everything was gone.
    GoesOn,
}

impl RunKind for Removal {
    type Entity = removal::Entity;
    type Output = ();
    type End = End;

    const NAME: &'static str = "removal";
    const LEASED: Leased<Column> = Leased { id: Column::Id, owner: Column::LeaseOwner, until: Column::LeaseUntil };
    const HOLD: Hold<Column> = Hold::Turn;

    fn id(row: &removal::Model) -> i64 {
        row.id
    }

    async fn organization(_: &Services, row: &removal::Model) -> Option<i64> {
        Some(row.organization_id)
    }

    fn at_work(now: DateTime<Utc>) -> SelectStatement {
        removal::Entity::find()
            .select_only()
            .column(Column::OrganizationId)
            .filter(Column::LeaseUntil.gt(now))
            .into_query()
    }

    async fn waiting(
        services: &Services,
        room: &Room,
        now: DateTime<Utc>,
    ) -> Result<Vec<Select<removal::Entity>>, DbErr> {
        if !clock_watch::deletions_allowed(services, now).await? {
            return Ok(Vec::new());
        }
        let next = removal::Entity::find()
            .filter(Column::NotBefore.lte(now))
            .filter(claim::is_free(Column::LeaseUntil, now))
            .filter(Column::OrganizationId.is_not_in(room.without.iter().copied()))
            .order_by_asc(Column::NotBefore);
        Ok(vec![next])
    }

    async fn work(services: &Services, row: &removal::Model, work: Work) -> Result<(), ServiceError> {
        remove(services, row, work).await
    }

    async fn end(_: &Services, row: &removal::Model, outcome: Outcome<()>) -> Result<End, ServiceError> {
        Ok(match outcome {
            Outcome::Done(()) => End::Done,
            Outcome::Failed(error) => End::Failed { cause: error.cause(Self::NAME, row.id) },
            Outcome::Stopped(_) => End::GoesOn,
        })
    }

    fn settled(update: Update<Self>, _: &removal::Model, end: &End, now: DateTime<Utc>) -> Settled<Self> {
        match end {
            End::Done => Settled::Deleted,
            End::Failed { cause } => Settled::kept(
                update
                    .col_expr(Column::NotBefore, Expr::value(now + PAUSE))
                    .col_expr(Column::Cause, Expr::value(cause.clone())),
            ),
            // Behind those that wait.
            End::GoesOn => Settled::kept(update.col_expr(Column::NotBefore, Expr::value(now))),
        }
    }

    async fn follow(
        tx: &DatabaseTransaction,
        services: &Services,
        row: &removal::Model,
        end: End,
        _: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        match end {
            End::Done => record(tx, services, row, BACKUPS_REMOVED).await?,
            End::Failed { .. } if row.cause.is_none() => record(tx, services, row, BACKUPS_NOT_REMOVED).await?,
            End::Failed { .. } | End::GoesOn => {}
        }
        Ok(())
    }
}

async fn remove(services: &Services, row: &removal::Model, work: Work) -> Result<(), ServiceError> {
    let credential = backup_credential::Entity::find_by_id(row.backup_credential_id).one(services.db()).await?;
    let credential = credential.ok_or(ServiceError::NotFound)?;
    let s3 = S3::connect(&repositories::access(services, &credential)?, services.network());
    let (bucket, prefix) = (row.bucket.clone(), row.prefix.clone());
    // A turn is shorter than outages are. What is away is told, and tried again after the pause.
    let request = RemoveRequest { s3, bucket, prefix, longest_outage: Duration::ZERO };
    Ok(Repository::remove(request, work.counters, work.cancel).await?)
}

async fn record(
    db: &impl sea_orm::ConnectionTrait,
    services: &Services,
    row: &removal::Model,
    deed: Deed,
) -> Result<(), DbErr> {
    let home = organization::Entity::find_by_id(row.organization_id).one(db).await?;
    let account = home.ok_or_else(|| DbErr::RecordNotFound("the organization of a removal".to_owned()))?.account_id;
    let author = Author::schedule(AccountId(account));
    audit::record(
        db,
        author,
        services.clock().now(),
        deed,
        removals::subject(row),
        serde_json::json!({ "bucket": row.bucket }),
    )
    .await
}
