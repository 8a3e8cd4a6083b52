//! Networks from which somebody signed in lately. Their sign-ins do not wait behind those of strangers.
//!
//! They are rows, so that they outlive a restart and hold on every node, and are kept in memory, so that a flood asks the
//! database for nothing.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::{entity::known_network, start::Services, throttle};

/// How long a network is known after the last sign-in from it.
const KNOWN_FOR: TimeDelta = TimeDelta::days(14);

/// How often the same network is noted anew. Each note is a write to the database.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);

/// The networks, by the key that [`throttle::network`] gives them, and when somebody signed in last.
#[derive(Default)]
pub struct KnownNetworks(RwLock<HashMap<String, DateTime<Utc>>>);

impl KnownNetworks {
    /// Those that the database knows.
    pub async fn load(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        Ok(Self(RwLock::new(stored(db).await?)))
    }

    pub fn contains(&self, network: &str, now: DateTime<Utc>) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(network).is_some_and(|last| *last + KNOWN_FOR > now)
    }

    /// Whether it was noted just now already.
    fn is_fresh(&self, network: &str, now: DateTime<Utc>) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(network).is_some_and(|last| *last + NOTED_EVERY > now)
    }

    fn set(&self, known: HashMap<String, DateTime<Utc>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

async fn stored(db: &impl ConnectionTrait) -> Result<HashMap<String, DateTime<Utc>>, DbErr> {
    let rows = known_network::Entity::find().all(db).await?;
    Ok(rows.into_iter().map(|row| (row.network, row.last_at)).collect())
}

/// Notes that somebody signed in from `address`.
pub async fn remember(services: &Services, address: &str) -> Result<(), DbErr> {
    let now = services.clock().now();
    let Some(network) = throttle::network(services, address) else { return Ok(()) };
    if services.known_networks().is_fresh(&network, now) {
        return Ok(());
    }
    let row = known_network::ActiveModel { network: Set(network.clone()), last_at: Set(now) };
    let again =
        OnConflict::column(known_network::Column::Network).update_column(known_network::Column::LastAt).to_owned();
    known_network::Entity::insert(row).on_conflict(again).exec_without_returning(services.db()).await?;
    services.known_networks().0.write().unwrap_or_else(PoisonError::into_inner).insert(network, now);
    Ok(())
}

/// Forgets those from which nobody has signed in for long, and learns of those that other nodes have noted.
pub(crate) async fn refresh(services: &Services, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = known_network::Column::LastAt.lte(now - KNOWN_FOR);
    known_network::Entity::delete_many().filter(old).exec(services.db()).await?;
    services.known_networks().set(stored(services.db()).await?);
    Ok(())
}
