//! Posts to hooks, to where the operator allows.

use std::{error::Error, net::SocketAddr, sync::Arc, time::Duration};

use engine::{NetworkPolicy, ResolveError, Secret};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use super::{DEADLINE, SendError};

/// Waiting longer for a connection only hides that nobody answers.
const CONNECT: Duration = Duration::from_secs(5);

/// Header names and values, and a body.
#[derive(Debug)]
pub struct Post {
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

#[derive(Clone)]
pub struct Http {
    client: Client,
    network: NetworkPolicy,
}

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

impl Http {
    /// Redirects are not followed, and no proxy is taken from the environment: either would lead around the guard.
    pub fn new(network: NetworkPolicy) -> Self {
        let client = Client::builder()
            .user_agent(concat!("Holdfast/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT)
            .timeout(DEADLINE)
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Guard(network.clone())))
            .build()
            // It fails where the system has no certificates at all; then every https host is distrusted, and told so.
            .unwrap_or_default();
        Self { client, network }
    }

    /// Posts to the address, and takes every answer of the 2xx kind for success. The answer's body is not read: it is
    /// somebody else's, perhaps on an inner network.
    pub async fn post(&self, url: &Secret, post: Post) -> Result<(), SendError> {
        self.post_to(parse(url)?, post).await
    }

    /// The same with something added to the address's path.
    pub async fn post_below(&self, url: &Secret, suffix: &str, post: Post) -> Result<(), SendError> {
        let mut url = parse(url)?;
        let path = format!("{}{suffix}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        self.post_to(url, post).await
    }

    async fn post_to(&self, url: Url, post: Post) -> Result<(), SendError> {
        if self.network.forbids_host_of(&url) {
            return Err(SendError::Forbidden);
        }
        let request = self.client.post(url).body(post.body);
        let request = post.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let status = request.send().await.map_err(|error| failure(&error))?.status();
        if status.is_success() {
            Ok(())
        } else if status.is_redirection() {
            Err(SendError::Redirect)
        } else {
            Err(SendError::Status(status.to_string()))
        }
    }
}

fn parse(url: &Secret) -> Result<Url, SendError> {
    Url::parse(url.expose()).map_err(|_| SendError::Address)
}

/// The client's own words would hold the address.
fn failure(error: &reqwest::Error) -> SendError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        match inner.downcast_ref::<ResolveError>() {
            Some(ResolveError::Forbidden) => return SendError::Forbidden,
            Some(ResolveError::Name(_)) => return SendError::Name,
            None => cause = inner.source(),
        }
    }
    if error.is_timeout() {
        SendError::TimedOut
    } else if error.is_builder() {
        SendError::Address
    } else {
        SendError::Connection
    }
}
