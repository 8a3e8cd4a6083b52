//! What all kinds of runs have in common, and what a kind says of itself.
//!
//! A run is a row of its kind's table. A worker [claims](super::claim) it, holds it by a [lease](super::lease), works on
//! it, and [settles](super::work) it; where its process dies meanwhile it is [released](super::release). All of that is
//! written once, for every [`RunKind`]. Another kind is a file that implements the trait, and a line in
//! [`KINDS`](super::KINDS).

use std::{fmt::Debug, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use model::ids::ProjectId;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Select,
    UpdateMany, Value, sea_query::SelectStatement,
};
use tokio_util::sync::CancellationToken;

use super::{
    capacity::Room,
    lease::Lease,
    supervisor::{Counters, StopReason},
};
use crate::{context::Services, entity::run_log, error::ServiceError, sentence::Sentence};

pub type Row<K> = <<K as RunKind>::Entity as EntityTrait>::Model;
pub type Change<K> = <<K as RunKind>::Entity as EntityTrait>::ActiveModel;
pub type Column<K> = <<K as RunKind>::Entity as EntityTrait>::Column;
pub type Update<K> = UpdateMany<<K as RunKind>::Entity>;

/// A kind of run.
pub trait RunKind: Debug + Sized + Send + Sync + 'static {
    type Entity: EntityTrait<
            Model: IntoActiveModel<Change<Self>> + Send + Sync,
            ActiveModel: ActiveModelTrait<Entity = Self::Entity> + ActiveModelBehavior + Send,
            Column: Send + Sync,
        >;
    /// What the work comes to where nothing goes wrong.
    type Output: Debug + Send;
    /// How a run ends, as far as its row and what follows differ.
    type End: Debug + Send + Sync;

    /// The kind's name in the log.
    const NAME: &'static str;
    /// The columns of the lease.
    const LEASED: Leased<Column<Self>>;
    /// How long a claim lasts.
    const HOLD: Hold<Column<Self>>;

    /// The column of the log that names a run of this kind; `None` where none is kept.
    const LOG: Option<run_log::Column> = None;

    fn id(row: &Row<Self>) -> i64;

    /// Which try it is, from 1.
    fn attempt(_: &Row<Self>) -> i32 {
        1
    }

    /// How many processes the run has not survived.
    fn crashes(_: &Row<Self>) -> i32 {
        0
    }

    /// Whose run it is; `None` where the database does not say so any more.
    fn organization(services: &Services, row: &Row<Self>) -> impl Future<Output = Option<i64>> + Send;

    /// The organization of each run of the kind whose lease lasts longer than `now`, as the only column.
    fn at_work(now: DateTime<Utc>) -> SelectStatement;

    /// The runs that may be claimed now; of each of the answers the first one is next, and a later answer counts where
    /// the ones before it are empty.
    fn waiting(
        services: &Services,
        room: &Room,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Vec<Select<Self::Entity>>, DbErr>> + Send;

    /// Whether a run that was found waiting, and is locked now, may begin.
    fn may_begin(_: &DatabaseTransaction, _: &Row<Self>) -> impl Future<Output = Result<bool, DbErr>> + Send {
        async { Ok(true) }
    }

    /// What changes in the row with the claim, beside the lease.
    fn begin(_: &mut Change<Self>, _: DateTime<Utc>) {}

    /// The project whose open pages are told when the run is over and its row is gone, since nothing is left to be seen.
    fn project(_: &Row<Self>) -> Option<ProjectId> {
        None
    }

    /// What belongs to the claim, in the same transaction.
    fn begun(
        _: &DatabaseTransaction,
        _: &Services,
        _: &Row<Self>,
        _: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send {
        async { Ok(()) }
    }

    fn work(
        services: &Services,
        row: &Row<Self>,
        work: Work,
    ) -> impl Future<Output = Result<Self::Output, ServiceError>> + Send;

    /// What the work's outcome means.
    fn end(
        services: &Services,
        row: &Row<Self>,
        outcome: Outcome<Self::Output>,
    ) -> impl Future<Output = Result<Self::End, ServiceError>> + Send;

    /// Counts the run that has taken so long.
    fn count(_: &Services, _: &Row<Self>, _: &Self::End, _took: Duration) {}

    /// What the log says of how a run ended, a line each.
    fn told(_: &Row<Self>, _: &Self::End) -> Vec<Sentence> {
        Vec::new()
    }

    /// What becomes of the row. The update ends the lease already, and does nothing where the lease is lost.
    fn settled(update: Update<Self>, row: &Row<Self>, end: &Self::End, now: DateTime<Utc>) -> Settled<Self>;

    /// What follows, in the transaction that settles the row.
    fn follow(
        _: &DatabaseTransaction,
        _: &Services,
        _: &Row<Self>,
        _: Self::End,
        _: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), ServiceError>> + Send {
        async { Ok(()) }
    }

    /// What becomes of runs whose process has died; `None` where they are claimed anew when their lease has run out.
    fn death() -> Option<Death<Self>> {
        None
    }

    /// What belongs to giving up a run whose process has died, in the same transaction.
    fn given_up(
        _: &DatabaseTransaction,
        _: &Services,
        _: &Row<Self>,
        _cause: &Sentence,
        _: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), DbErr>> + Send {
        async { Ok(()) }
    }
}

/// The columns of a lease.
#[derive(Clone, Copy, Debug)]
pub struct Leased<C> {
    pub id: C,
    pub owner: C,
    pub until: C,
}

/// How long a claim lasts.
#[derive(Clone, Copy, Debug)]
pub enum Hold<C> {
    /// As long as the process keeps renewing it. With each renewal it writes how far the run has come, and looks whether
    /// it shall stop.
    Renewed(Watched<C>),
    /// For one turn of at most [`TURN`](super::lease::TURN).
    Turn,
}

/// The columns that a renewal writes and looks at.
#[derive(Clone, Copy, Debug)]
pub struct Watched<C> {
    pub cancel_requested: C,
    pub done_files: C,
    pub done_bytes: C,
    pub waiting_since: C,
    pub total_files: C,
    pub total_bytes: C,
}

/// What a run is worked on with.
#[derive(Clone)]
pub struct Work {
    pub lease: Arc<Lease>,
    pub counters: Arc<Counters>,
    /// Triggered when the work shall stop.
    pub cancel: CancellationToken,
}

/// What came of the work.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was done, also where it was to stop and had nothing left to do.
    Done(T),
    Failed(ServiceError),
    /// It was told to stop, and did. Never [`StopReason::LeaseLost`]: then nothing is settled.
    Stopped(StopReason),
}

/// What becomes of a settled row.
pub enum Settled<K: RunKind> {
    Kept(Box<Update<K>>),
    Deleted,
}

impl<K: RunKind> Settled<K> {
    pub fn kept(update: Update<K>) -> Self {
        Self::Kept(Box::new(update))
    }
}

/// What becomes of runs whose process has died.
pub struct Death<K: RunKind> {
    pub phase: Column<K>,
    pub queued: Value,
    pub in_progress: Value,
    pub failed: Value,
    pub crashes: Column<K>,
    pub cause: Column<K>,
    pub finished_at: Column<K>,
    /// Since when a run waits that is to be tried once more.
    pub waits_since: Column<K>,
    /// Those that end instead of being tried once more.
    pub endings: Vec<Ending>,
    /// What changes beside phase, lease and crashes in one that is tried once more.
    pub again: fn(Update<K>, DateTime<Utc>) -> Update<K>,
}

/// Runs that end when their process has died.
pub struct Ending {
    pub which: Condition,
    pub phase: Value,
    pub cause: &'static str,
}
