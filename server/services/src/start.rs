//! Start-up: puts together what the use cases need, and begins the work in the background.

use std::sync::atomic::AtomicBool;

use engine::{NetworkPolicy, PostgresTools};
use sea_orm::DatabaseConnection;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    account,
    context::{
        Capacity, Inner, KnownNetworks, Live, Metrics, Node, Opened, PasswordQueue, Pulse, Services, ServicesConfig,
    },
    database, databases,
    error::StartError,
    master_key,
    provider::Provider,
    runs::{self, SchedulerError},
    sender::Sender,
    setup, source_roots,
    vault::{Vault, VaultError},
};

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
        let wants_code = !account::exists(&db).await?;
        let known_networks = KnownNetworks::load(&db).await?;
        Ok(Self::new(Inner {
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
            opened: Opened::new(),
            queued: Notify::new(),
            metrics: Metrics::new(),
            pulse: Pulse::new(),
            takes_part: AtomicBool::new(true),
            live: Live::new(),
            capacity: Capacity::default(),
            password_queue: PasswordQueue::new(),
            known_networks,
            config,
        }))
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
