//! Who is told that a clock is in doubt, and that it is not any more.

use chrono::{DateTime, TimeDelta, Utc};
use model::{notification::EventKind, size, time::text};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use crate::{
    context::Services,
    entity::{clock_watch::Model, organization},
    notifications::outbox,
    sender::Message,
};

/// How far a clock jumped: "3650d ahead", "2d back".
pub fn in_words(jump_ms: i64) -> String {
    let seconds = TimeDelta::milliseconds(jump_ms).num_seconds();
    let far = size::duration(seconds.unsigned_abs());
    if seconds < 0 { tr!("{} back", far) } else { tr!("{} ahead", far) }
}

/// Tells each organization, as part of the transaction, where the two rows of a node differ in that.
pub async fn change(
    db: &impl ConnectionTrait,
    services: &Services,
    (last, next): (&Model, &Model),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let node = &services.node().name;
    match (last.doubtful_since, next.doubtful_since) {
        (None, Some(since)) => {
            let far = in_words(next.jump_ms.unwrap_or_default());
            tracing::error!(%node, jump = far, "the clock is in doubt: nothing is deleted until it is confirmed or settles");
            let what = format!("The clock of {node} is in doubt");
            let why = format!(
                "At {} it jumped {far}. Backups go on, but nothing is deleted until a Partner confirms the clock on the \
                 dashboard, or it has been right for an hour.",
                text(since)
            );
            told(db, services, (EventKind::Failure, since), (&what, why), now).await
        }
        (Some(since), None) => {
            tracing::warn!(%node, "the clock has settled: what has reached its end is deleted again");
            let what = format!("The clock of {node} is trusted again");
            let why = "It has been right for an hour. What has reached its end is deleted again.".to_owned();
            told(db, services, (EventKind::Recovery, since), (&what, why), now).await
        }
        _ => Ok(()),
    }
}

/// Deletions stop for all, so all are told.
async fn told(
    db: &impl ConnectionTrait,
    services: &Services,
    (kind, since): (EventKind, DateTime<Utc>),
    (what, why): (&str, String),
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let key = format!("clock:{}:{}:{}", services.node().name, since.timestamp_millis(), kind.as_str());
    for home in organization::Entity::find().all(db).await? {
        let subject = format!("[{}] {what}", home.name);
        let message = Message { link: services.link("/"), ..Message::new(&home.name, subject, why.clone(), now) };
        outbox::tell(db, home.id, kind, &key, &message, now).await?;
    }
    Ok(())
}
