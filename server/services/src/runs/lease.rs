//! A lease: the right of a process to work on a run, for as long as it keeps renewing it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait,
    sea_query::{Alias, Expr, Query, UpdateStatement},
};

use crate::runs::supervisor::Counters;

/// How long a run stays with a process that does not answer any more.
const LENGTH: Duration = Duration::from_secs(30);

/// How much earlier its owner takes a lease for lost: for the way of a statement to the database, and for clocks that
/// differ a little from node to node.
const MARGIN: Duration = Duration::from_secs(5);

/// How long a deletion, or one turn of a removal, may take. It ends before its lease does.
pub const TURN: Duration = Duration::from_mins(4);

/// The tables whose rows are runs. All have the same columns for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Backup,
    Restore,
    Maintenance,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Maintenance => "maintenance",
        }
    }
}

/// A run that this process has claimed.
#[derive(Debug)]
pub struct Lease {
    table: Table,
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

/// When a lease that is taken or renewed now runs out.
pub fn until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LENGTH
}

/// The same for what takes one turn, at most [`TURN`] long, and renews nothing.
pub fn until_turn_ends(now: DateTime<Utc>) -> DateTime<Utc> {
    until(now) + TURN
}

impl Lease {
    /// The lease of a run that was claimed just now.
    pub fn new(table: Table, id: i64, owner: &str) -> Self {
        let lease = Self { table, id, owner: owner.to_owned(), claimed: Instant::now(), held_for: AtomicU64::new(0) };
        lease.extend(lease.claimed);
        lease
    }

    /// For how long this process has had the run.
    pub fn age(&self) -> Duration {
        self.claimed.elapsed()
    }

    /// Whether nobody else can have the run. A process that was paused finds out here before it has asked the database.
    pub fn is_held(&self) -> bool {
        self.claimed.elapsed() < Duration::from_millis(self.held_for.load(Ordering::Relaxed))
    }

    /// Renews the lease and writes down how far the run has come.
    pub async fn renew(
        &self,
        db: &impl ConnectionTrait,
        counters: &Counters,
        now: DateTime<Utc>,
    ) -> Result<Renewal, DbErr> {
        let begun = Instant::now();
        let progress = counters.read();
        let renewed = db
            .execute(
                self.update()
                    .value("lease_until", until(now))
                    .value("done_files", progress.files)
                    .value("done_bytes", progress.bytes)
                    .value("total_files", progress.total_files)
                    .value("total_bytes", progress.total_bytes),
            )
            .await?;
        if renewed.rows_affected() == 0 {
            return Ok(Renewal::Lost);
        }
        self.extend(begun);
        let asked = Query::select()
            .column("id")
            .from(Alias::new(self.table.name()))
            .and_where(Expr::col("id").eq(self.id))
            .and_where(Expr::col("cancel_requested").eq(true))
            .take();
        Ok(if db.query_one(&asked).await?.is_some() { Renewal::CancelRequested } else { Renewal::Held })
    }

    fn extend(&self, begun: Instant) {
        let held = (begun - self.claimed) + LENGTH.saturating_sub(MARGIN);
        self.held_for.store(u64::try_from(held.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// An update of the run that does nothing where the lease is lost.
    fn update(&self) -> UpdateStatement {
        Query::update()
            .table(Alias::new(self.table.name()))
            .and_where(Expr::col("id").eq(self.id))
            .and_where(Expr::col("lease_owner").eq(self.owner.as_str()))
            .take()
    }
}
