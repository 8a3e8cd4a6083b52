//! From a host's name to a connection with an address that may be dialled.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

use super::{PostgresDatabase, PostgresError, Result};
use crate::ResolveError;

/// Connects with the first of the host's allowed addresses that accepts it. Give it a deadline.
///
/// The addresses that were judged are the ones that are dialled: a name that resolves to something else the second time
/// changes nothing.
pub(super) async fn dial(database: &PostgresDatabase) -> Result<(TcpStream, IpAddr)> {
    let host = || database.host.clone();
    let found = database.network.resolve(&database.host).await.map_err(|error| match error {
        ResolveError::Name(_) => PostgresError::Name { host: host() },
        ResolveError::Forbidden => PostgresError::ForbiddenAddress { host: host() },
    })?;
    let addresses: Vec<SocketAddr> = found.into_iter().map(|ip| SocketAddr::new(ip, database.port)).collect();
    let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|_| database.no_server())?;
    let _ = stream.set_nodelay(true);
    let address = stream.peer_addr().map_err(|_| database.no_server())?.ip();
    Ok((stream, address))
}
