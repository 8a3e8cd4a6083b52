//! What every handler may need.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::extract::FromRef;
use ipnet::IpNet;
use leptos::config::LeptosOptions;
use services::{ServiceError, Services};
use tokio_util::sync::CancellationToken;

use super::{events::Seats, openid::CALLBACK, running_downloads::Downloads, site::Site};
use crate::config::{Config, PublicUrl};

/// Cheap to clone.
#[derive(Clone)]
pub struct State {
    pub services: Services,
    pub public_url: Option<Arc<PublicUrl>>,
    pub site: Site,
    /// Where the sign-in provider sends people back to.
    pub openid_callback: Arc<str>,
    pub trusted_proxies: Arc<[IpNet]>,
    pub downloads: Downloads,
    /// What a program from elsewhere shows to read the metrics.
    pub metrics_token: Option<Arc<str>>,
    /// The pages that are told of changes.
    pub seats: Seats,
    /// Ends with the server.
    pub stop: CancellationToken,
    /// Whether requests may come from beyond this machine, whatever they look like.
    pub reachable: bool,
    set_up: Arc<AtomicBool>,
}

impl State {
    pub fn new(services: Services, config: &Config, address: SocketAddr) -> Self {
        Self {
            services,
            public_url: config.public_url.clone().map(Arc::new),
            site: Site::find(address, &config.data_dir),
            openid_callback: format!("{}{CALLBACK}", config.address_for_people(address)).into(),
            trusted_proxies: config.trusted_proxies.clone().into(),
            downloads: Downloads::default(),
            metrics_token: config.metrics_token.clone(),
            seats: Seats::default(),
            stop: CancellationToken::new(),
            reachable: config.is_reachable(),
            set_up: Arc::default(),
        }
    }

    pub fn https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.is_https())
    }

    /// Whether the first account exists. It never goes away again, so the database is asked only until it is there.
    pub async fn is_set_up(&self) -> Result<bool, ServiceError> {
        if self.set_up.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let set_up = !services::setup::state(&self.services, true).await?.open;
        self.set_up.store(set_up, Ordering::Relaxed);
        Ok(set_up)
    }
}

impl FromRef<State> for LeptosOptions {
    fn from_ref(state: &State) -> Self {
        state.site.options.clone()
    }
}
