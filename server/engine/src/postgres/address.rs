//! From a host's name to an address that may be dialled.

use std::net::IpAddr;

use super::{PostgresDatabase, PostgresError, Result};
use crate::NetworkPolicy;

/// The first allowed address of the database's host.
pub(super) async fn resolve(database: &PostgresDatabase) -> Result<IpAddr> {
    let host = &database.host;
    let unknown = || PostgresError::Name { host: host.clone() };
    let found = tokio::net::lookup_host((host.as_str(), database.port)).await.map_err(|_| unknown())?;
    let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    if addresses.is_empty() {
        return Err(unknown());
    }
    let allowed = addresses.into_iter().find(|address| NetworkPolicy::may_hold_database(*address));
    allowed.ok_or_else(|| PostgresError::ForbiddenAddress { host: host.clone() })
}
