//! Networks from which somebody signed in lately, kept in memory.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};

use crate::entity::known_network;

/// How long a network is known after the last sign-in from it.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(14);

/// How often the same network is noted anew. Each note is a write to the database.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);

/// The networks, by the key that `throttle::network` gives them, and when somebody signed in last.
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
    pub fn is_fresh(&self, network: &str, now: DateTime<Utc>) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(network).is_some_and(|last| *last + NOTED_EVERY > now)
    }

    /// Notes one that the database has been told of.
    pub fn insert(&self, network: String, last: DateTime<Utc>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(network, last);
    }

    /// Takes over what the database knows by now.
    pub async fn reload(&self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        let known = stored(db).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }
}

async fn stored(db: &impl ConnectionTrait) -> Result<HashMap<String, DateTime<Utc>>, DbErr> {
    let rows = known_network::Entity::find().all(db).await?;
    Ok(rows.into_iter().map(|row| (row.network, row.last_at)).collect())
}
