//! What every use case needs, in one handle, and what a process keeps in memory. Nothing here knows a use case.

mod capacity;
mod config;
mod known_networks;
mod live;
mod metrics;
mod node;
mod opened;
mod password_queue;
mod pulse;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use engine::{NetworkPolicy, PostgresTools};
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};
use tokio::sync::Notify;

pub use self::config::{ServicesConfig, SourceRoot};
pub(crate) use self::{
    capacity::{Capacity, Taken, count},
    known_networks::{KNOWN_FOR, KnownNetworks},
    live::{Live, Message},
    metrics::{Kind, Metrics},
    node::Node,
    opened::{Opened, OpenedKey},
    password_queue::{PasswordQueue, Place, busy},
    pulse::Pulse,
};
use crate::{clock::Clock, database, provider::Provider, sender::Sender, vault::Vault};

/// The handle through which everything is asked. Cloning it is cheap.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

/// What the handle leads to. The composition root puts it together.
pub(crate) struct Inner {
    pub(crate) db: DatabaseConnection,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) config: ServicesConfig,
    pub(crate) network: NetworkPolicy,
    pub(crate) postgres_network: NetworkPolicy,
    pub(crate) sender: Sender,
    pub(crate) provider: Option<Provider>,
    pub(crate) postgres_tools: PostgresTools,
    pub(crate) node: Node,
    pub(crate) setup_code: Option<String>,
    pub(crate) opened: Opened,
    /// Rung when a run is queued, so that a worker need not wait for its next look.
    pub(crate) queued: Notify,
    pub(crate) metrics: Metrics,
    pub(crate) pulse: Pulse,
    pub(crate) takes_part: AtomicBool,
    pub(crate) live: Live,
    pub(crate) capacity: Capacity,
    pub(crate) password_queue: PasswordQueue,
    pub(crate) known_networks: KnownNetworks,
}

impl Services {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.0.db
    }

    /// A transaction that will write.
    pub(crate) async fn write(&self) -> Result<DatabaseTransaction, DbErr> {
        database::begin_write(&self.0.db).await
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn config(&self) -> &ServicesConfig {
        &self.0.config
    }

    pub(crate) fn network(&self) -> &NetworkPolicy {
        &self.0.network
    }

    /// Where databases to back up may be.
    pub(crate) fn postgres_network(&self) -> &NetworkPolicy {
        &self.0.postgres_network
    }

    pub(crate) fn sender(&self) -> &Sender {
        &self.0.sender
    }

    pub(crate) fn provider(&self) -> Option<&Provider> {
        self.0.provider.as_ref()
    }

    /// When what is marked for deletion now is removed.
    pub(crate) fn deletion_time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + self.config().deletion_delay
    }

    /// A path of this site as an address for messages, where it is known what address people use.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        self.0.config.public_url.as_ref().map(|address| format!("{address}{path}"))
    }

    pub(crate) fn postgres_tools(&self) -> &PostgresTools {
        &self.0.postgres_tools
    }

    pub(crate) fn node(&self) -> &Node {
        &self.0.node
    }

    /// Whether this node takes part, by what `nodes::take_part` saw last.
    pub(crate) fn takes_part(&self) -> bool {
        self.0.takes_part.load(Ordering::Relaxed)
    }

    /// Notes whether it takes part from now on, and tells whether it did before.
    pub(crate) fn set_takes_part(&self, takes_part: bool) -> bool {
        self.0.takes_part.swap(takes_part, Ordering::Relaxed)
    }

    /// Whether other processes may work on the same database. One SQLite file is one node's.
    pub(crate) fn has_other_nodes(&self) -> bool {
        self.0.db.get_database_backend() == DbBackend::Postgres
    }

    pub(crate) fn setup_code(&self) -> Option<&str> {
        self.0.setup_code.as_deref()
    }

    pub(crate) fn opened(&self) -> &Opened {
        &self.0.opened
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.0.pulse
    }

    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    pub(crate) fn capacity(&self) -> &Capacity {
        &self.0.capacity
    }

    pub(crate) fn password_queue(&self) -> &PasswordQueue {
        &self.0.password_queue
    }

    pub(crate) fn known_networks(&self) -> &KnownNetworks {
        &self.0.known_networks
    }

    pub(crate) fn queued(&self) -> &Notify {
        &self.0.queued
    }
}
