//! Posts to hooks, to where the operator allows.

use engine::{NetworkPolicy, ResolveError, Secret};
use reqwest::{Client, Url};

use super::{DEADLINE, SendError};
use crate::http;

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

impl Http {
    pub fn new(network: NetworkPolicy) -> reqwest::Result<Self> {
        Ok(Self { client: http::client(&network, DEADLINE)?, network })
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
    match http::resolve_error(error) {
        Some(ResolveError::Forbidden) => return SendError::Forbidden,
        Some(ResolveError::Name(_)) => return SendError::Name,
        None => {}
    }
    if error.is_timeout() {
        SendError::TimedOut
    } else if error.is_builder() {
        SendError::Address
    } else {
        SendError::Connection
    }
}
