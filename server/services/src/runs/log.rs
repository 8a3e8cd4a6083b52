//! What happens in a run, a line for each step, for the run's page.
//!
//! No run fails for the sake of its log: outside the transactions in which it is claimed and settled, a line that cannot be
//! written is lost, and that is logged.

use std::time::Duration;

use chrono::{DateTime, Utc};
use model::{language::msgid, run::LONGEST_LOG, size};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use tokio::time::timeout;

use super::{
    kind::{Row, RunKind},
    supervisor::Counters,
};
use crate::{context::Services, entity::run_log, sentence::Sentence};

/// How long a line may take. Meanwhile neither the run goes on nor its lease is renewed.
const TIMEOUT: Duration = Duration::from_secs(2);

const STARTED: &str = msgid("Started");
const STOPPED: &str = msgid("The process that worked on this stopped in the middle of it");
const AWAY: &str = msgid("The S3 service does not answer. The run waits for it");
const BACK: &str = msgid("The S3 service answers again");

/// Writes a line, unless the run's log is full.
pub async fn write<K: RunKind>(
    db: &impl ConnectionTrait,
    services: &Services,
    run: i64,
    text: Sentence,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Some(column) = K::LOG else { return Ok(()) };
    let length = Expr::expr(Func::char_length(Expr::col(run_log::Column::Text))).sum();
    let kept: Option<Option<i64>> = run_log::Entity::find()
        .select_only()
        .expr_as(length.cast_as("BIGINT"), "length")
        .filter(column.eq(run))
        .into_tuple()
        .one(db)
        .await?;
    let kept = kept.flatten().and_then(|kept| usize::try_from(kept).ok()).unwrap_or_default();
    if kept + text.stored_length() > LONGEST_LOG { Ok(()) } else { insert(db, services, (column, run), text, at).await }
}

async fn insert(
    db: &impl ConnectionTrait,
    services: &Services,
    (column, run): (run_log::Column, i64),
    text: Sentence,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut line = run_log::ActiveModel {
        at: Set(at),
        node: Set(services.node().name.clone()),
        text: Set(text),
        ..Default::default()
    };
    line.set(column, Some(run).into());
    run_log::Entity::insert(line).exec_without_returning(db).await?;
    Ok(())
}

/// That a run is claimed, in the transaction that claims it.
pub async fn started<K: RunKind>(
    db: &impl ConnectionTrait,
    services: &Services,
    row: &Row<K>,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (Some(column), run) = (K::LOG, K::id(row)) else { return Ok(()) };
    match K::attempt(row) {
        // Its log is empty, or nearly so.
        ..=1 => insert(db, services, (column, run), Sentence::said(STARTED), at).await,
        attempt => {
            let text = Sentence::new(|| tr!("Started again, attempt {}", attempt));
            write::<K>(db, services, run, text, at).await
        }
    }
}

/// That the process of these runs has died.
pub async fn stopped<K: RunKind>(services: &Services, rows: &[Row<K>], at: DateTime<Utc>) {
    for row in rows {
        tell::<K>(services, K::id(row), Sentence::said(STOPPED), at).await;
    }
}

/// Writes a line where nothing depends on it.
async fn tell<K: RunKind>(services: &Services, run: i64, text: Sentence, at: DateTime<Utc>) {
    match timeout(TIMEOUT, write::<K>(services.db(), services, run, text, at)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, run, "a line of a run's log was not written");
        }
        Err(_) => tracing::warn!(run, "a line of a run's log was not written in time"),
    }
}

/// What was told of a run that is under way.
#[derive(Debug, Default)]
pub struct Told {
    total: bool,
    away: bool,
}

impl Told {
    /// Tells what is new.
    pub async fn follow<K: RunKind>(&mut self, services: &Services, run: i64, counters: &Counters) {
        let reading = counters.read();
        let now = services.clock().now();
        if !self.total && reading.total_files > 0 {
            self.total = true;
            let (files, bytes) = (reading.total_files.unsigned_abs(), reading.total_bytes.unsigned_abs());
            let text = Sentence::new(|| {
                tr!(
                    "{n} file to go through, {size}" | "{n} files to go through, {size}" % files,
                    size = size::bytes(bytes)
                )
            });
            tell::<K>(services, run, text, now).await;
        }
        let away = reading.waiting_since.is_some();
        if self.away != away {
            self.away = away;
            tell::<K>(services, run, Sentence::said(if away { AWAY } else { BACK }), now).await;
        }
    }
}
