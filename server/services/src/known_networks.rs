//! Networks from which somebody signed in lately. Their sign-ins do not wait behind those of strangers.
//!
//! They are rows, so that they outlive a restart and hold on every node, and are kept in memory, so that a flood asks the
//! database for nothing.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict,
};

use crate::{
    clock::MOST_AHEAD,
    context::{KNOWN_FOR, Services},
    entity::known_network,
    throttle,
};

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
    services.known_networks().insert(network, now);
    Ok(())
}

/// Learns of those that other nodes have noted.
pub(crate) async fn reload(services: &Services) -> Result<(), DbErr> {
    services.known_networks().reload(services.db()).await
}

/// Forgets those from which nobody has signed in for long.
pub(crate) async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = Condition::any()
        .add(known_network::Column::LastAt.lte(now - KNOWN_FOR))
        .add(known_network::Column::LastAt.gt(now + MOST_AHEAD));
    known_network::Entity::delete_many().filter(old).exec(db).await.map(drop)
}
