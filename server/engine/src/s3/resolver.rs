//! Name resolution that only lets through what may be dialled.

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};

use crate::NetworkPolicy;

/// The system's resolver behind a [`NetworkPolicy`]. The client dials exactly the addresses it returns.
#[derive(Clone, Debug)]
pub(super) struct PolicyResolver {
    policy: NetworkPolicy,
}

impl PolicyResolver {
    pub(super) fn new(policy: NetworkPolicy) -> Self {
        Self { policy }
    }
}

impl ResolveDns for PolicyResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move { self.policy.resolve(name).await.map_err(ResolveDnsError::new) })
    }
}
