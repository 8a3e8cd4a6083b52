//! A lease: the right of a process to work on a run, for as long as it keeps renewing it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::{
    kind::{Column, Hold, RunKind, Watched},
    supervisor::Counters,
};

/// How long a run stays with a process that does not answer any more.
const LENGTH: Duration = Duration::from_secs(30);

/// How much earlier its owner takes a lease for lost: for the way of a statement to the database, and for clocks that
/// differ a little from node to node.
const MARGIN: Duration = Duration::from_secs(5);

/// How long a deletion, or one turn of a removal, may take. It ends before its lease does.
pub const TURN: Duration = Duration::from_mins(4);

/// A run that this process has claimed.
#[derive(Debug)]
pub struct Lease {
    id: i64,
    /// The owner's mark, which changes with every start of a process.
    owner: String,
    claimed: Instant,
    /// Until when it is held for certain, in milliseconds after `claimed`.
    held_for: AtomicU64,
}

/// What a renewal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    Held,
    /// Still held, and a person asked the run to stop.
    CancelRequested,
    /// It ran out and another process has the run.
    Lost,
}

/// When a lease that is renewed now runs out.
fn until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LENGTH
}

/// When the longest of all leases that are taken or renewed now runs out.
pub fn latest(now: DateTime<Utc>) -> DateTime<Utc> {
    until(now) + TURN
}

impl<C> Hold<C> {
    /// When a lease that is taken now runs out.
    pub fn until(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Renewed(_) => until(now),
            Self::Turn => latest(now),
        }
    }
}

impl Lease {
    /// The lease of a run that was claimed just now.
    pub fn new(id: i64, owner: &str) -> Self {
        let lease = Self { id, owner: owner.to_owned(), claimed: Instant::now(), held_for: AtomicU64::new(0) };
        lease.extend(lease.claimed);
        lease
    }

    /// The id of the run.
    pub const fn run(&self) -> i64 {
        self.id
    }

    /// For how long this process has had the run.
    pub fn age(&self) -> Duration {
        self.claimed.elapsed()
    }

    /// Whether nobody else can have the run. A process that was paused finds out here before it has asked the database.
    pub fn is_held(&self) -> bool {
        self.claimed.elapsed() < Duration::from_millis(self.held_for.load(Ordering::Relaxed))
    }

    /// Renews the lease of a run of that kind, and writes down how far it has come.
    pub async fn renew<K: RunKind>(
        &self,
        db: &impl ConnectionTrait,
        watched: &Watched<Column<K>>,
        counters: &Counters,
        now: DateTime<Utc>,
    ) -> Result<Renewal, DbErr> {
        let begun = Instant::now();
        let progress = counters.read();
        let renewed = K::Entity::update_many()
            .col_expr(K::LEASED.until, Expr::value(until(now)))
            .col_expr(watched.done_files, Expr::value(progress.files))
            .col_expr(watched.done_bytes, Expr::value(progress.bytes))
            .col_expr(watched.total_files, Expr::value(progress.total_files))
            .col_expr(watched.total_bytes, Expr::value(progress.total_bytes))
            .col_expr(watched.waiting_since, Expr::value(progress.waiting_since))
            .filter(K::LEASED.id.eq(self.id))
            .filter(K::LEASED.owner.eq(self.owner.as_str()))
            .exec(db)
            .await?;
        if renewed.rows_affected == 0 {
            return Ok(Renewal::Lost);
        }
        self.extend(begun);
        let asked = K::Entity::find()
            .select_only()
            .column(K::LEASED.id)
            .filter(K::LEASED.id.eq(self.id))
            .filter(watched.cancel_requested.eq(true));
        let asked: Vec<i64> = asked.into_tuple().all(db).await?;
        Ok(if asked.is_empty() { Renewal::Held } else { Renewal::CancelRequested })
    }

    fn extend(&self, begun: Instant) {
        let held = (begun - self.claimed) + LENGTH.saturating_sub(MARGIN);
        self.held_for.store(u64::try_from(held.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
