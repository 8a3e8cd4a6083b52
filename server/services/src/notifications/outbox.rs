//! Writes what is to be told into the queue, as part of the transaction that makes it true.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use model::{
    language::msgid,
    notification::{DeliveryKind, DeliveryPhase, EventKind},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    entity::{delivery, notification_channel, policy},
    sender::Message,
    sentence::Sentence,
};

/// Most characters of a cause that are told; a stack of errors may be long.
const MOST_OF_A_CAUSE: usize = 1000;

/// Queues an event for each channel of the organization that wants it. What has the same key is told once.
pub async fn tell(
    db: &impl ConnectionTrait,
    organization: i64,
    event: EventKind,
    key: &str,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    tell_as(db, organization, (event, event.into()), key, message, now).await
}

/// The same as a kind of its own, for the channels that want `event`.
pub async fn tell_as(
    db: &impl ConnectionTrait,
    organization: i64,
    (event, kind): (EventKind, DeliveryKind),
    key: &str,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let wanted = match event {
        EventKind::Failure => notification_channel::Column::OnFailure,
        EventKind::Recovery => notification_channel::Column::OnRecovery,
        EventKind::Overdue => notification_channel::Column::OnOverdue,
        EventKind::Damage => notification_channel::Column::OnDamage,
        EventKind::Digest => notification_channel::Column::OnDigest,
    };
    let channels = notification_channel::Entity::find()
        .filter(notification_channel::Column::OrganizationId.eq(organization))
        .filter(notification_channel::Column::Paused.eq(false))
        .filter(wanted.eq(true))
        .all(db)
        .await?;
    for channel in channels {
        tell_one(db, &channel, kind, key, message, now).await?;
    }
    Ok(())
}

/// Queues something for one channel.
pub async fn tell_one(
    db: &impl ConnectionTrait,
    channel: &notification_channel::Model,
    kind: DeliveryKind,
    key: &str,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = delivery::ActiveModel {
        channel_id: Set(Some(channel.id)),
        ..row(channel.organization_id, kind, key.to_owned(), message, now)?
    };
    insert(db, row).await
}

/// Queues a ping of the policy, where it has a Ping URL. What waits for another try by then is not worth telling any more.
pub async fn ping(
    db: &impl ConnectionTrait,
    (policy, organization): (&policy::Model, i64),
    kind: DeliveryKind,
    key: &str,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if policy.ping_url_sealed.is_none() {
        return Ok(());
    }
    ended(msgid("A newer run was told instead"), now)
        .filter(delivery::Column::PolicyId.eq(policy.id))
        .filter(delivery::Column::Attempts.gt(0))
        .exec(db)
        .await?;
    let row = delivery::ActiveModel {
        policy_id: Set(Some(policy.id)),
        ..row(organization, kind, format!("{}:{key}", kind.as_str()), message, now)?
    };
    insert(db, row).await
}

/// Ends what waits, as far as the update's filters reach.
pub fn ended(cause: &'static str, now: DateTime<Utc>) -> sea_orm::UpdateMany<delivery::Entity> {
    delivery::Entity::update_many()
        .col_expr(delivery::Column::Phase, Expr::value(DeliveryPhase::Failed.as_str()))
        .col_expr(delivery::Column::Cause, Expr::value(Sentence::said(cause)))
        .col_expr(delivery::Column::FinishedAt, Expr::value(now))
        .filter(delivery::Column::Phase.eq(DeliveryPhase::Queued.as_str()))
}

/// Counts that the same happened again.
pub async fn repeated(db: &impl ConnectionTrait, organization: i64, key: &str) -> Result<(), DbErr> {
    delivery::Entity::update_many()
        .col_expr(delivery::Column::Repeats, Expr::col(delivery::Column::Repeats).add(1))
        .filter(delivery::Column::OrganizationId.eq(organization))
        .filter(delivery::Column::EventKey.eq(key))
        .exec(db)
        .await?;
    Ok(())
}

/// A row that waits.
pub fn row(
    organization: i64,
    kind: DeliveryKind,
    key: String,
    message: &Message,
    now: DateTime<Utc>,
) -> Result<delivery::ActiveModel, DbErr> {
    let payload = serde_json::to_value(message).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(delivery::ActiveModel {
        organization_id: Set(organization),
        kind: Set(kind.as_str().to_owned()),
        event_key: Set(key),
        subject: Set(message.subject.clone()),
        payload: Set(payload),
        phase: Set(DeliveryPhase::Queued.as_str().to_owned()),
        attempts: Set(0),
        repeats: Set(0),
        not_before: Set(now),
        created_at: Set(now),
        ..Default::default()
    })
}

async fn insert(db: &impl ConnectionTrait, row: delivery::ActiveModel) -> Result<(), DbErr> {
    let once = OnConflict::new().do_nothing().to_owned();
    match delivery::Entity::insert(row).on_conflict(once).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error),
    }
}

/// A cause as it is told: whole, unless it is very long.
pub fn shortened(cause: &str) -> String {
    let mut text: String = cause.chars().take(MOST_OF_A_CAUSE).collect();
    if text.len() < cause.len() {
        // Writing to a string does not fail.
        let _ = write!(text, "…");
    }
    text
}
