//! The HTTP client of everything that is not S3: it dials where the operator allows, and nowhere else.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use engine::{NetworkPolicy, ResolveError};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

/// Waiting longer for a connection only hides that nobody answers.
const CONNECT: Duration = Duration::from_secs(5);

/// The client dials exactly the addresses that it returns.
struct Guard(NetworkPolicy);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.0.clone();
        Box::pin(async move {
            let permitted = policy.resolve(name.as_str()).await?;
            let addresses: Addrs = Box::new(permitted.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// A client whose requests end within `deadline`, body included. Redirects are not followed, and no proxy is taken from
/// the environment: either would lead around the guard. A host that is written as an address has to be judged before,
/// with [`NetworkPolicy::forbids_host_of`].
///
/// It fails where the system has certificates and not one of them can be read. Without any, every https host is
/// distrusted.
pub fn client(network: &NetworkPolicy, deadline: Duration) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("Holdfast/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(deadline)
        .pool_max_idle_per_host(0)
        .dns_resolver(Arc::new(Guard(network.clone())))
        .build()
}

/// Why no address was dialled, where that is the reason of the failure.
pub fn resolve_error(error: &reqwest::Error) -> Option<&ResolveError> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}
