//! Start-up: what every use case needs, in one handle.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engine::{NetworkPolicy, PostgresTools};
use ipnet::IpNet;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    database, databases,
    error::ServiceError,
    health::Pulse,
    known_networks::KnownNetworks,
    live::Live,
    master_key,
    metrics::Metrics,
    nodes::Node,
    notifications::{MailServer, Sender},
    openid::{OpenIdSettings, Provider},
    passwords::Queue as PasswordQueue,
    repositories,
    runs::{self, Capacity, SchedulerError},
    setup,
    source_roots::{self, SourceRoot},
    vault::{Vault, VaultError},
};

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct ServicesConfig {
    /// `sqlite://…` or `postgres://…`.
    pub database_url: String,
    pub master_key_file: PathBuf,
    /// Make the master key where there is none.
    pub create_master_key: bool,
    /// Where caches are kept.
    pub data_dir: PathBuf,
    /// Directories that projects may back up and restore to.
    pub source_roots: Vec<SourceRoot>,
    /// Files and folders that no backup reads and no restore writes: the data folder, the database, every file of secrets.
    pub protected: Vec<PathBuf>,
    /// Networks of S3 endpoints that are not on public addresses.
    pub allow_networks: Vec<IpNet>,
    /// Networks of databases to back up that are not on public addresses.
    pub postgres_networks: Vec<IpNet>,
    /// Networks of hooks that are not on public addresses.
    pub notify_networks: Vec<IpNet>,
    /// Sends e-mail; `None` where there is none.
    pub mail_server: Option<MailServer>,
    /// Whom people may sign in with; `None` where there is nobody.
    pub provider: Option<OpenIdSettings>,
    /// The address that people use, without a slash at the end, for links in messages.
    pub public_url: Option<String>,
    /// Runs that are worked on at the same time, at least 1.
    pub workers: usize,
    /// How long a run may take before it is stopped.
    pub run_limit: Duration,
    /// In how many weekly verifications all data of a repository is read, at least 1.
    pub verification_weeks: u32,
    /// What this node is called among several.
    pub node: String,
    /// Whether it serves pages, beside taking runs.
    pub serves_pages: bool,
    /// Requests come through a reverse proxy, so that one from loopback that names nobody else may be anybody's.
    pub behind_proxy: bool,
    pub clock: Clock,
}

/// Why the services cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("The database cannot be opened: {0}. Check HOLDFAST_DATABASE_URL")]
    Database(#[from] DbErr),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("The folder {path} cannot be made: {source}. Check HOLDFAST_DATA_DIR")]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error(
        "HOLDFAST_SOURCE_ROOTS does not say whose {roots} is, and there are several organizations: {organizations}. Write \
         whose each directory is, such as {example}, and several with colons between them"
    )]
    RootOfNobody { roots: String, organizations: String, example: String },
    #[error("Nothing can be sent over HTTPS: {0}. Check the system's certificates")]
    Http(#[from] reqwest::Error),
}

/// The handle through which everything is asked. Cloning it is cheap.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    db: DatabaseConnection,
    vault: Vault,
    clock: Clock,
    config: ServicesConfig,
    network: NetworkPolicy,
    postgres_network: NetworkPolicy,
    sender: Sender,
    provider: Option<Provider>,
    postgres_tools: PostgresTools,
    node: Node,
    setup_code: Option<String>,
    opened: repositories::Opened,
    /// Rung when a run is queued, so that a worker need not wait for its next look.
    queued: Notify,
    metrics: Metrics,
    pulse: Pulse,
    takes_part: AtomicBool,
    live: Live,
    capacity: Capacity,
    password_queue: PasswordQueue,
    known_networks: KnownNetworks,
}

impl Services {
    /// Connects, brings the schema up to date, and reads or makes the master key. One that does not open what is in the
    /// database is refused.
    pub async fn open(config: ServicesConfig) -> Result<Self, StartError> {
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|source| StartError::DataDir { path: config.data_dir.clone(), source })?;
        // Before the schema changes, so that the version from before can go on where this one does not start.
        source_roots::check(&config.database_url, &config.source_roots).await?;
        source_roots::warn_of_protected(&config);
        database::migrate(&config.database_url, &config.data_dir).await?;
        let db = database::connect(&config.database_url).await?;
        let vault = open_vault(&config, &db).await?;
        let wants_code = !setup::account_exists(&db).await?;
        let known_networks = KnownNetworks::load(&db).await?;
        Ok(Self(Arc::new(Inner {
            db,
            vault,
            clock: config.clock.clone(),
            network: NetworkPolicy::allowing(config.allow_networks.clone()),
            postgres_network: NetworkPolicy::allowing(config.postgres_networks.clone()),
            sender: Sender::new(NetworkPolicy::allowing(config.notify_networks.clone()), config.mail_server.clone())?,
            provider: config.provider.clone().map(Provider::new).transpose()?,
            postgres_tools: PostgresTools::installed(),
            node: Node {
                id: format!("{:016x}", rand::random::<u64>()),
                name: config.node.clone(),
                serves_pages: config.serves_pages,
                started: config.clock.now(),
            },
            setup_code: wants_code.then(setup::new_code),
            opened: repositories::Opened::new(),
            queued: Notify::new(),
            metrics: Metrics::new(),
            pulse: Pulse::new(),
            takes_part: AtomicBool::new(true),
            live: Live::new(),
            capacity: Capacity::default(),
            password_queue: PasswordQueue::new(),
            known_networks,
            config,
        })))
    }

    /// Runs the dispatcher and the workers until `stop`; then puts what is running back into the queue.
    ///
    /// An error means that nothing is scheduled any more; the process should end and be started again.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), SchedulerError> {
        let services = self.clone();
        // Names that do not resolve must not keep backups waiting.
        tokio::spawn(async move { databases::warn(&services).await });
        runs::run(self, stop).await
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.0.db
    }

    /// A transaction that will write.
    pub(crate) async fn write(&self) -> Result<DatabaseTransaction, DbErr> {
        database::begin_write(&self.0.db).await
    }

    /// The same for what seals a secret. It fails where the database holds secrets that this node's master key does not
    /// open: what the node sealed would be lost to all others. Nodes that are started on an empty database with a key
    /// each, or one whose key file was forgotten when the key was changed, find out here.
    pub(crate) async fn write_secrets(&self) -> Result<DatabaseTransaction, ServiceError> {
        let tx = self.write().await?;
        if !self.has_other_nodes() || master_key::fits(&tx, &self.0.vault).await? {
            return Ok(tx);
        }
        // Once more: what was read may have been sealed under a key that was retired in the same moment.
        if !master_key::fits(&tx, &self.0.vault).await? {
            return Err(VaultError::WrongKey { path: self.0.config.master_key_file.clone() }.into());
        }
        Ok(tx)
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.vault
    }

    pub(crate) fn clock(&self) -> &Clock {
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

    /// Whether this node takes part, by what [`nodes::take_part`] saw last.
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

    pub(crate) fn opened(&self) -> &repositories::Opened {
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

/// A new master key is made only for a database that has no secrets yet: it would open none of them.
async fn open_vault(config: &ServicesConfig, db: &DatabaseConnection) -> Result<Vault, StartError> {
    let path = &config.master_key_file;
    let holds_secrets = master_key::seals_something(db).await?;
    if holds_secrets && !path.exists() {
        return Err(VaultError::Missing { path: path.clone() }.into());
    }
    let vault = Vault::open(path, config.create_master_key)?;
    if master_key::fits(db, &vault).await? {
        Ok(vault)
    } else {
        Err(VaultError::WrongKey { path: path.clone() }.into())
    }
}
