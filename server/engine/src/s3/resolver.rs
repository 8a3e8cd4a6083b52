//! Name resolution that only lets through what may be dialled.

use std::{io, net::IpAddr};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use thiserror::Error;

use crate::NetworkPolicy;

/// The system's resolver behind a [`NetworkPolicy`]. The client dials exactly the addresses it returns.
#[derive(Clone, Debug)]
pub(super) struct PolicyResolver {
    policy: NetworkPolicy,
}

/// Why a name yields no address to dial.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    #[error("the name has no address")]
    Name(#[source] Option<io::Error>),
    #[error("the name's addresses are not allowed")]
    Forbidden,
}

impl PolicyResolver {
    pub(super) fn new(policy: NetworkPolicy) -> Self {
        Self { policy }
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let found = tokio::net::lookup_host((name, 0)).await.map_err(|error| ResolveError::Name(Some(error)))?;
        let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        if addresses.is_empty() {
            return Err(ResolveError::Name(None));
        }
        let permitted: Vec<IpAddr> = addresses.into_iter().filter(|address| self.policy.permits(*address)).collect();
        if permitted.is_empty() { Err(ResolveError::Forbidden) } else { Ok(permitted) }
    }
}

impl ResolveDns for PolicyResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move { self.resolve(name).await.map_err(ResolveDnsError::new) })
    }
}
