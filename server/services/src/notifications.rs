//! Notifications: channels of organizations, what they are told, and what became of it.
//!
//! What happens is written into the queue in the transaction that makes it true ([`outbox`]). Every process has a
//! [`courier`] that takes from the queue with a lease, sends, and tries again with growing pauses. A message can arrive
//! twice where a process dies between sending it and writing that down; a webhook carries the delivery's number, by
//! which a receiver notices.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    ids::{ChannelId, DeliveryId, OrganizationId},
    list::{ListQuery, Page},
    notification::{ChannelList, ChannelRow, DeliveryPhase, DeliveryRow, EventKind, LastDelivery},
    permission::Action,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationTrait,
};

use crate::{
    acting::Acting,
    context::Services,
    entity::{delivery, notification_channel, organization, policy, project},
    error::{Refusal, ServiceError},
    listing, organizations,
};

mod change;
pub(crate) mod courier;
pub(crate) mod digest;
pub(crate) mod events;
pub(crate) mod outbox;
pub(crate) mod overdue;

pub use self::change::{add, delete, pause, resume, test, update};
pub use crate::sender::{MailServer, MailServerError};

/// Why a channel cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChannelConflict {
    #[error("{}", tr!("Channel already paused"))]
    ChannelAlreadyPaused,
    #[error("{}", tr!("Channel is not paused"))]
    ChannelNotPaused,
}

impl Refusal for ChannelConflict {}

/// How long it is remembered what was told.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// The channels within the person's reach, by organization and name.
pub async fn list(
    acting: &Acting,
    services: &Services,
    organization: Option<OrganizationId>,
) -> Result<ChannelList, ServiceError> {
    let db = services.db();
    let only = acting.confined_to(Action::ManageNotifications)?.or(organization);
    let mut select = notification_channel::Entity::find()
        .find_also_related(organization::Entity)
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(notification_channel::Column::OrganizationId.eq(only.0));
    }
    let found = select
        .order_by_asc(organization::Column::NameKey)
        .order_by_asc(notification_channel::Column::NameKey)
        .all(db)
        .await?;
    let last = last_deliveries(db, found.iter().map(|(channel, _)| channel.id)).await?;
    let rows = found.into_iter().map(|(channel, home)| {
        let last = last.get(&channel.id).copied();
        Ok(ChannelRow { last, ..view(channel, home.map(|home| home.name).unwrap_or_default())? })
    });
    Ok(ChannelList {
        rows: rows.collect::<Result<_, ServiceError>>()?,
        organizations: organizations::choices(acting, db, Action::ManageNotifications).await?,
        email_available: services.sender().has_mail_server(),
    })
}

fn view(row: notification_channel::Model, organization: String) -> Result<ChannelRow, ServiceError> {
    Ok(ChannelRow {
        id: ChannelId(row.id),
        organization,
        kind: row.kind.parse().map_err(ServiceError::Stored)?,
        events: events_of(&row),
        has_secret: row.secret_sealed.is_some(),
        name: row.name,
        target: row.target,
        paused: row.paused,
        version: row.version,
        last: None,
        created_by: row.created_by,
        created: row.created_at,
        modified_by: row.modified_by,
        modified: row.modified_at,
    })
}

fn events_of(row: &notification_channel::Model) -> Vec<EventKind> {
    let wants = |event: &EventKind| match event {
        EventKind::Failure => row.on_failure,
        EventKind::Recovery => row.on_recovery,
        EventKind::Overdue => row.on_overdue,
        EventKind::Damage => row.on_damage,
        EventKind::Digest => row.on_digest,
    };
    EventKind::ALL.iter().copied().filter(wants).collect()
}

/// How the newest delivery of each channel went.
async fn last_deliveries(
    db: &impl ConnectionTrait,
    channels: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, LastDelivery>, ServiceError> {
    let newest = delivery::Entity::find()
        .select_only()
        .column_as(delivery::Column::Id.max(), "id")
        .filter(delivery::Column::ChannelId.is_in(channels))
        .group_by(delivery::Column::ChannelId)
        .into_query();
    let rows = delivery::Entity::find().filter(delivery::Column::Id.in_subquery(newest)).all(db).await?;
    let last = rows.into_iter().filter_map(|row| Some((row.channel_id?, row)));
    last.map(|(channel, row)| {
        let phase = row.phase.parse().map_err(ServiceError::Stored)?;
        Ok((channel, LastDelivery { phase, at: row.finished_at.unwrap_or(row.created_at) }))
    })
    .collect()
}

/// One page of what was told within the person's reach, newest first.
pub async fn deliveries(
    acting: &Acting,
    services: &Services,
    query: &ListQuery,
) -> Result<Page<DeliveryRow>, ServiceError> {
    let db = services.db();
    let only = acting.confined_to(Action::ManageNotifications)?.or(query.organization);
    let mut select = delivery::Entity::find()
        .join(JoinType::InnerJoin, delivery::Relation::Organization.def())
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(delivery::Column::OrganizationId.eq(only.0));
    }
    let all = select.clone();
    let rows = select
        .order_by_desc(delivery::Column::CreatedAt)
        .order_by_desc(delivery::Column::Id)
        .offset(query.offset())
        .limit(query.per_page())
        .select_also(organization::Entity)
        .all(db)
        .await?;
    let total = listing::total(query, rows.len(), all.count(db)).await?;
    let names = Names::of(db, rows.iter().map(|(row, _)| row)).await?;
    let rows = rows.into_iter().map(|(row, home)| names.view(row, home.map(|home| home.name).unwrap_or_default()));
    Ok(Page::new(query, rows.collect::<Result<_, _>>()?, total))
}

/// What channels and policies are called, by their ids.
struct Names {
    channels: HashMap<i64, String>,
    policies: HashMap<i64, String>,
}

impl Names {
    async fn of<'a>(
        db: &impl ConnectionTrait,
        rows: impl Iterator<Item = &'a delivery::Model> + Clone,
    ) -> Result<Self, DbErr> {
        let channels = notification_channel::Entity::find()
            .filter(notification_channel::Column::Id.is_in(rows.clone().filter_map(|row| row.channel_id)))
            .all(db)
            .await?;
        let policies = policy::Entity::find()
            .find_also_related(project::Entity)
            .filter(policy::Column::Id.is_in(rows.filter_map(|row| row.policy_id)))
            .all(db)
            .await?;
        let of_policy = |(policy, project): (policy::Model, Option<project::Model>)| {
            (
                policy.id,
                tr!("Ping URL of {} / {}", project.map(|project| project.name).unwrap_or_default(), policy.name),
            )
        };
        Ok(Self {
            channels: channels.into_iter().map(|channel| (channel.id, channel.name)).collect(),
            policies: policies.into_iter().map(of_policy).collect(),
        })
    }

    fn view(&self, row: delivery::Model, organization: String) -> Result<DeliveryRow, ServiceError> {
        let channel = row.channel_id.and_then(|id| self.channels.get(&id));
        let policy = row.policy_id.and_then(|id| self.policies.get(&id));
        let phase = row.phase.parse().map_err(ServiceError::Stored)?;
        Ok(DeliveryRow {
            id: DeliveryId(row.id),
            kind: row.kind.parse().map_err(ServiceError::Stored)?,
            organization,
            to: channel.or(policy).cloned().unwrap_or_default(),
            subject: row.subject,
            phase,
            attempts: row.attempts.unsigned_abs(),
            repeats: row.repeats.unsigned_abs(),
            created: row.created_at,
            finished: row.finished_at,
            next_attempt: (phase == DeliveryPhase::Queued && row.attempts > 0).then_some(row.not_before),
            cause: row.cause.map(|cause| cause.to_string()),
        })
    }
}

/// Tells what has become due: overdue policies and digests.
pub(crate) async fn watch(services: &Services) -> Result<(), ServiceError> {
    let now = services.clock().now();
    overdue::tell_all(services, now).await?;
    digest::tell_all(services, now).await?;
    Ok(())
}

/// Forgets what was told long ago. What still waits is younger.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    delivery::Entity::delete_many().filter(delivery::Column::CreatedAt.lt(now - REMEMBERED)).exec(db).await.map(drop)
}
