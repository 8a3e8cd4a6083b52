//! What the benchmarks share: a server in the process, somebody signed in, rows.

#![allow(dead_code, reason = "no benchmark uses all of it")]

pub mod rows;

use std::{net::SocketAddr, time::Duration};

use model::{names::Hidden, people::SetupForm};
use reqwest::Client;
use sea_orm::{Database, DatabaseConnection};
use server::{
    config::{Config, Key, Settings},
    startup::{Application, StartupError},
};
use services::{Clock, Services};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const EMAIL: &str = "partner@example.com";
pub const PASSWORD: &str = "correct horse battery";
pub const ORGANIZATION: &str = "acme";

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A server in the process, and a signed-in Partner.
pub struct Server {
    pub client: Client,
    /// The same database, behind the server's back.
    pub db: DatabaseConnection,
    /// Its use cases, asked without HTTP.
    pub services: Services,
    address: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<Result<(), StartupError>>,
    _folder: TempDir,
}

impl Server {
    pub async fn start(clock: Clock, workers: usize) -> Outcome<Self> {
        Self::start_on(clock, workers, None).await
    }

    /// The same on a database of PostgreSQL, where one is given.
    pub async fn start_on(clock: Clock, workers: usize, postgres: Option<String>) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut settings = Settings::default();
        settings.set(Key::Listen, "127.0.0.1:0");
        settings.set(Key::DataDir, folder.path().display().to_string());
        settings.set(Key::BackupWorkers, workers.to_string());
        if let Some(url) = postgres {
            settings.set(Key::DatabaseUrl, url);
            settings.set(Key::MasterKeyFile, folder.path().join("master.key").display().to_string());
        }
        let mut config = Config::from_settings(&settings)?;
        config.create_master_key = true;
        let application = Application::build_with_clock(&config, clock).await?;
        let (address, services) = (application.address(), application.services().clone());
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run_until(stop.clone().cancelled_owned()));
        services::setup::create(&services, setup().parse().map_err(|errors| errors.summary)?, String::new()).await?;
        let db = Database::connect(config.database.expose()).await?;
        let client = Client::builder().cookie_store(true).build()?;
        let server = Self { client, db, services, address, stop, running, _folder: folder };
        let sign_in = [("form[email]", EMAIL), ("form[password]", PASSWORD)];
        server.client.post(server.at("/api/session/sign_in")).form(&sign_in).send().await?.error_for_status()?;
        Ok(server)
    }

    /// The address of a page or a function.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn stop(self) -> Outcome {
        self.stop.cancel();
        Ok(self.running.await??)
    }
}

fn setup() -> SetupForm {
    SetupForm {
        account_name: "Benchmark".to_owned(),
        organization: ORGANIZATION.to_owned(),
        email: EMAIL.to_owned(),
        password: Hidden::new(PASSWORD),
        ..SetupForm::default()
    }
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
