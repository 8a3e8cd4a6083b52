//! A lease: the right of a process to work on a run, for as long as it keeps renewing it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbErr, ExprTrait,
    sea_query::{Alias, Expr, Query, UpdateStatement},
};

use crate::runs::supervisor::Counters;

/// How long a run stays with a process that does not answer any more.
const LENGTH: Duration = Duration::from_secs(30);

/// The tables whose rows are runs. Both have the same columns for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Backup,
    Restore,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Restore => "restore",
        }
    }
}

/// A run that this process has claimed.
#[derive(Clone, Debug)]
pub struct Lease {
    pub table: Table,
    pub id: i64,
    /// The owner's mark, which changes with every start of a process.
    pub owner: String,
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

/// How long a lease lasts that is not renewed.
pub const fn length() -> Duration {
    LENGTH
}

impl Lease {
    /// Renews the lease and writes down how far the run has come.
    pub async fn renew(
        &self,
        db: &impl ConnectionTrait,
        counters: &Counters,
        now: DateTime<Utc>,
    ) -> Result<Renewal, DbErr> {
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
        let asked = Query::select()
            .column("id")
            .from(Alias::new(self.table.name()))
            .and_where(Expr::col("id").eq(self.id))
            .and_where(Expr::col("cancel_requested").eq(true))
            .take();
        Ok(if db.query_one(&asked).await?.is_some() { Renewal::CancelRequested } else { Renewal::Held })
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
