//! The courier: takes what waits in the queue, sends it, and writes down what became of it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use engine::Secret;
use model::notification::{ChannelKind, DeliveryKind, DeliveryPhase};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, Query},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    context::Services,
    database,
    entity::{delivery, notification_channel, policy},
    error::ServiceError,
    sender::{Parcel, SendError, Target},
    sentence::Sentence,
    vault::Purpose,
};

/// How long after the first, second … failure a message is tried again.
const PAUSES: [TimeDelta; 5] =
    [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(30), TimeDelta::hours(2), TimeDelta::hours(12)];

/// How long a message stays with a process that does not answer any more. Longer than a try may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// How often the queue is looked at.
const POLL: Duration = Duration::from_secs(1);

/// Messages that are on their way at the same time: a receiver that does not answer holds up only one.
const AT_ONCE: usize = 8;

/// Delivers until `stop`; what is on its way then arrives or fails first.
pub async fn run(services: Services, stop: CancellationToken) {
    let mut under_way = JoinSet::new();
    while !stop.is_cancelled() {
        while under_way.try_join_next().is_some() {}
        if under_way.len() >= AT_ONCE {
            under_way.join_next().await;
            continue;
        }
        match next(&services).await {
            Ok(Some(row)) => {
                let services = services.clone();
                under_way.spawn(async move { deliver(&services, row).await });
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the queue of messages cannot be read");
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    under_way.join_all().await;
}

/// The next message, claimed for this process. Pings of a policy go one after the other, in their order.
async fn next(services: &Services) -> Result<Option<delivery::Model>, DbErr> {
    if !services.takes_part() {
        return Ok(None);
    }
    let now = services.clock().now();
    let waits = Condition::any()
        .add(delivery::Column::Phase.eq(DeliveryPhase::Queued.as_str()))
        .add(delivery::Column::LeaseUntil.lte(now));
    let waiting = delivery::Entity::find()
        .filter(delivery::Column::Phase.is_in([DeliveryPhase::Queued.as_str(), DeliveryPhase::Sending.as_str()]))
        .filter(waits)
        .filter(delivery::Column::NotBefore.lte(now))
        .filter(Expr::exists(earlier_ping()).not())
        .order_by_asc(delivery::Column::NotBefore)
        .order_by_asc(delivery::Column::Id);
    let Some((tx, row)) = database::lock_first(services.db(), waiting).await? else { return Ok(None) };
    let claim = |row: &mut delivery::ActiveModel| {
        let attempts = row.attempts.take().unwrap_or_default();
        row.attempts = Set(attempts.saturating_add(1));
        row.phase = Set(DeliveryPhase::Sending.as_str().to_owned());
        row.lease_owner = Set(Some(services.node().id.clone()));
        row.lease_until = Set(Some(now + LEASE));
    };
    let claimed = database::claim::<delivery::Entity>(&tx, row, claim).await?;
    tx.commit().await?;
    Ok(claimed)
}

/// A ping of the same policy that is not done yet.
fn earlier_ping() -> sea_orm::sea_query::SelectStatement {
    use delivery::{Column, Entity};
    Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, "earlier")
        .and_where(Expr::col(("earlier", Column::PolicyId)).equals((Entity, Column::PolicyId)))
        .and_where(Expr::col(("earlier", Column::Id)).lt(Expr::col((Entity, Column::Id))))
        .and_where(
            Expr::col(("earlier", Column::Phase))
                .is_in([DeliveryPhase::Queued.as_str(), DeliveryPhase::Sending.as_str()]),
        )
        .take()
}

async fn deliver(services: &Services, row: delivery::Model) {
    let outcome = attempt(services, &row).await;
    if let Err(error) = settle(services, &row, outcome).await {
        // Its lease runs out, and it is sent once more.
        tracing::error!(error = &error as &dyn std::error::Error, "what became of a message was not kept");
    }
}

/// What came of a try.
struct Attempt {
    /// It has gone to everybody, or at least to one of them in this try or an earlier one.
    arrived: bool,
    /// What went wrong.
    cause: Option<Sentence>,
    /// To whom of several it has not gone.
    refused: Vec<String>,
    /// Another try may bring it to somebody to whom it has not gone.
    again: bool,
}

impl Attempt {
    fn failed(row: &delivery::Model, cause: Sentence) -> Self {
        let refused = row.refused.iter().flat_map(|all| all.lines()).map(str::to_owned).collect();
        Self { arrived: row.refused.is_some(), cause: Some(cause), refused, again: true }
    }
}

async fn attempt(services: &Services, row: &delivery::Model) -> Attempt {
    let fault = |error: ServiceError| error.cause("delivery", row.id);
    let sent = async {
        let (kind, target) = target(services, row).await.map_err(fault)?;
        let message = serde_json::from_value(row.payload.clone());
        let message = message.map_err(|error| fault(DbErr::Json(error.to_string()).into()))?;
        let timestamp = services.clock().now().timestamp();
        let parcel = Parcel { delivery: row.id, kind, timestamp, message: &message };
        Ok::<_, Sentence>(services.sender().send(&target, parcel).await)
    };
    match sent.await {
        Ok(Ok(())) => Attempt { arrived: true, cause: None, refused: Vec::new(), again: false },
        Ok(Err(error)) => match &error {
            SendError::Partly(refused) => Attempt {
                arrived: true,
                cause: Some(Sentence::new(|| error.to_string())),
                refused: refused.iter().map(|refused| refused.address.clone()).collect(),
                again: refused.iter().any(|refused| !refused.is_final),
            },
            _ => Attempt::failed(row, Sentence::new(|| error.to_string())),
        },
        Err(cause) => Attempt::failed(row, cause),
    }
}

async fn target(services: &Services, row: &delivery::Model) -> Result<(DeliveryKind, Target), ServiceError> {
    let kind = row.kind.parse().map_err(ServiceError::Stored)?;
    if let Some(policy) = row.policy_id {
        let policy = policy::Entity::find_by_id(policy).one(services.db()).await?.ok_or(ServiceError::NotFound)?;
        let sealed = policy.ping_url_sealed.as_deref().ok_or(ServiceError::NotFound)?;
        let url = services.vault().open_sealed(Purpose::PingUrl, policy.id, sealed)?;
        return Ok((kind, Target::Ping { url }));
    }
    let id = row.channel_id.ok_or(ServiceError::NotFound)?;
    let channel = notification_channel::Entity::find_by_id(id).one(services.db()).await?;
    Ok((kind, left(of_channel(services, &channel.ok_or(ServiceError::NotFound)?)?, row)))
}

/// Of a channel's addresses those to which the message has not gone yet. One that was taken off the channel meanwhile gets
/// none.
fn left(target: Target, row: &delivery::Model) -> Target {
    match (target, row.refused.as_deref()) {
        (Target::Email { mut addresses }, Some(refused)) => {
            addresses.retain(|address| refused.lines().any(|refused| refused == address));
            Target::Email { addresses }
        }
        (target, _) => target,
    }
}

/// Where a channel leads, with its secrets opened.
pub fn of_channel(services: &Services, channel: &notification_channel::Model) -> Result<Target, ServiceError> {
    let open = |purpose: Purpose, sealed: &Option<Vec<u8>>| -> Result<Option<Secret>, ServiceError> {
        Ok(sealed.as_deref().map(|sealed| services.vault().open_sealed(purpose, channel.id, sealed)).transpose()?)
    };
    let kind: ChannelKind = channel.kind.parse().map_err(ServiceError::Stored)?;
    let url = open(Purpose::ChannelUrl, &channel.url_sealed)?;
    let secret = open(Purpose::ChannelSecret, &channel.secret_sealed)?;
    Target::of(kind, &channel.target, url, secret).ok_or(ServiceError::NotFound)
}

/// Writes down what became of a try. Where the lease was lost meanwhile, another process does.
async fn settle(services: &Services, row: &delivery::Model, attempt: Attempt) -> Result<(), DbErr> {
    let now = services.clock().now();
    let again = pause(row).filter(|_| attempt.again).map(|pause| now + pause);
    let phase = match (again, attempt.arrived) {
        (Some(_), _) => DeliveryPhase::Queued,
        (None, true) => DeliveryPhase::Delivered,
        (None, false) => DeliveryPhase::Failed,
    };
    let refused = Some(attempt.refused.join("\n")).filter(|refused| !refused.is_empty());
    let finished = again.is_none().then_some(now);
    delivery::Entity::update_many()
        .col_expr(delivery::Column::Phase, Expr::value(phase.as_str()))
        .col_expr(delivery::Column::Cause, Expr::value(attempt.cause))
        .col_expr(delivery::Column::Refused, Expr::value(refused))
        .col_expr(delivery::Column::NotBefore, Expr::value(again.unwrap_or(row.not_before)))
        .col_expr(delivery::Column::FinishedAt, Expr::value(finished))
        .col_expr(delivery::Column::LeaseOwner, Expr::value(Option::<String>::None))
        .col_expr(delivery::Column::LeaseUntil, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(delivery::Column::Id.eq(row.id))
        .filter(delivery::Column::LeaseOwner.eq(services.node().id.as_str()))
        .exec(services.db())
        .await?;
    Ok(())
}

/// How long to wait before the next try; `None` where it is given up. That a run has started is worth telling only then.
fn pause(row: &delivery::Model) -> Option<TimeDelta> {
    if row.kind == DeliveryKind::PingStart.as_str() {
        return None;
    }
    usize::try_from(row.attempts - 1).ok().and_then(|tried| PAUSES.get(tried).copied())
}
