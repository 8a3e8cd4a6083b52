//! What happens to the runs of processes that do not answer any more.

use chrono::{DateTime, TimeDelta, Utc};
use model::language::msgid;
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QuerySelect, Value,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use super::{
    KINDS,
    kind::{Death, Ending, RunKind, Update},
    log,
};
use crate::{context::Services, sentence::Sentence};

/// A run that so many processes did not survive is not tried again.
const MOST_CRASHES: i32 = 2;

/// How long such a run waits for a moment in which nothing else works on its node.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(6);

/// What stands on a run that is tried once more.
pub const AGAIN: &str =
    msgid("The server stopped in the middle of this. It is tried once more, as soon as nothing else runs beside it");
const GIVEN_UP: &str = msgid(
    "The server stopped in the middle of this, and once more when nothing else ran beside it. Look at its memory and its log, then start it again",
);
const NO_ROOM: &str = msgid(
    "The server stopped in the middle of this, and found no time since to try it with nothing else beside it. Start it again",
);

/// Releases the runs of all kinds. Returns how many there were.
pub async fn expired(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let mut released = 0;
    for kind in KINDS {
        released += kind.release(services, now).await?;
    }
    Ok(released)
}

/// Puts runs of a kind whose process has died back into the queue, or ends them where that would not be right. Returns
/// how many there were.
pub async fn of<K: RunKind>(services: &Services, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let Some(death) = K::death() else { return Ok(0) };
    let dead = Condition::all().add(death.phase.eq(death.in_progress.clone())).add(K::LEASED.until.lt(now));
    let stranded = Condition::all()
        .add(death.phase.eq(death.queued.clone()))
        .add(death.crashes.gt(0))
        .add(death.waits_since.lt(now - LONGEST_WAIT));
    // Mostly there is none, and looking takes no lock.
    let either = Condition::any().add(dead.clone()).add(stranded.clone());
    if K::Entity::find().filter(either).one(services.db()).await?.is_none() {
        return Ok(0);
    }
    let stopped = K::Entity::find().filter(dead.clone()).all(services.db()).await?;
    log::stopped::<K>(services, &stopped, now).await;
    let mut released = 0;
    for Ending { which, phase, cause } in &death.endings {
        let which = dead.clone().add(which.clone());
        released += ended(&death, phase.clone(), Sentence::said(cause), now)
            .filter(which)
            .exec(services.db())
            .await?
            .rows_affected;
    }
    let crashed_again = dead.clone().add(death.crashes.gte(MOST_CRASHES - 1));
    released += given_up(services, &death, crashed_again, GIVEN_UP, now).await?;
    released += given_up(services, &death, stranded, NO_ROOM, now).await?;
    let again = freed::<K>()
        .col_expr(death.phase, Expr::value(death.queued.clone()))
        .col_expr(death.crashes, Expr::col(death.crashes).add(1))
        .filter(dead);
    Ok(released + (death.again)(again, now).exec(services.db()).await?.rows_affected)
}

/// Ends these, with what belongs to it.
async fn given_up<K: RunKind>(
    services: &Services,
    death: &Death<K>,
    which: Condition,
    cause: &'static str,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let tx = services.write().await?;
    let rows =
        K::Entity::find().filter(which).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(&tx).await?;
    let cause = Sentence::said(cause);
    for row in &rows {
        ended(death, death.failed.clone(), cause.clone(), now).filter(K::LEASED.id.eq(K::id(row))).exec(&tx).await?;
        K::given_up(&tx, services, row, &cause, now).await?;
    }
    tx.commit().await?;
    Ok(rows.len() as u64)
}

fn ended<K: RunKind>(death: &Death<K>, phase: Value, cause: Sentence, now: DateTime<Utc>) -> Update<K> {
    freed::<K>()
        .col_expr(death.phase, Expr::value(phase))
        .col_expr(death.cause, Expr::value(cause))
        .col_expr(death.finished_at, Expr::value(now))
}

/// An update that ends the lease.
pub fn freed<K: RunKind>() -> Update<K> {
    K::Entity::update_many()
        .col_expr(K::LEASED.owner, Expr::value(Option::<String>::None))
        .col_expr(K::LEASED.until, Expr::value(Option::<DateTime<Utc>>::None))
}
