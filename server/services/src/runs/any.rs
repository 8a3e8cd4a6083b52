//! Kinds of runs as values, so that they stand in one list.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::{capacity::Room, claim, kind::RunKind, release, work};
use crate::{context::Services, error::ServiceError};

/// What is still to be done for a claimed run.
type Working = Box<dyn FnOnce(Services, CancellationToken) -> BoxFuture<'static, Result<(), ServiceError>> + Send>;

/// A claimed run of whatever kind.
pub struct Claimed {
    /// Whose run it is; `None` where the database does not say so any more.
    pub organization: Option<i64>,
    /// How many processes it has not survived.
    pub crashes: i32,
    /// What every line of the log that belongs to the run carries: of which kind it is, and its id among them.
    pub span: Span,
    /// Works on it and settles it. An error means that the row could not be settled.
    pub work: Working,
}

/// A kind of run.
#[async_trait]
pub trait AnyKind: Sync {
    /// The next run of the kind, claimed for this process.
    async fn claim(&self, services: &Services, room: &Room) -> Result<Option<Claimed>, DbErr>;

    /// Releases the runs whose process has died. Returns how many there were.
    async fn release(&self, services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr>;

    /// The organization of each run of the kind that any node works on.
    async fn at_work(&self, services: &Services, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr>;
}

#[async_trait]
impl<K: RunKind> AnyKind for K {
    async fn claim(&self, services: &Services, room: &Room) -> Result<Option<Claimed>, DbErr> {
        let Some(row) = claim::next::<K>(services, room).await? else { return Ok(None) };
        Ok(Some(Claimed {
            organization: K::organization(services, &row).await,
            crashes: K::crashes(&row),
            span: tracing::info_span!("run", kind = K::NAME, id = K::id(&row)),
            work: Box::new(move |services, stop| Box::pin(async move { work::run::<K>(&services, &row, &stop).await })),
        }))
    }

    async fn release(&self, services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
        release::of::<K>(services, now).await
    }

    async fn at_work(&self, services: &Services, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
        let rows = services.db().query_all(&K::at_work(now)).await?;
        rows.iter().map(|row| row.try_get_by_index(0)).collect()
    }
}
