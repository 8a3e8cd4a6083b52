//! The real server, in the test's process, with a database and a folder of its own.

use std::{fs, net::SocketAddr, path::PathBuf};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use model::{
    names::{Hidden, OrganizationName},
    people::{Email, Password, Role},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult, Statement};
use server::{
    config::{Config, Key, Settings},
    startup::Application,
    telemetry,
};
use services::Services;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Browser, form, postgres};

pub const PARTNER: &str = "partner@example.com";
pub const PASSWORD: &str = "correct horse battery";
pub const ORGANIZATION: &str = "acme";

pub const ACCESS_KEY: &str = "TESTKEY";
pub const SECRET_KEY: &str = "test-secret-0123456789";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub struct TestApp {
    pub address: SocketAddr,
    pub config: Config,
    pub services: Services,
    folder: TempDir,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl TestApp {
    /// Starts the server on a free port with an empty database.
    pub async fn spawn(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.set(Key::Listen, "127.0.0.1:0");
        settings.set(Key::DataDir, folder.path().join("data").display().to_string());
        settings.set(Key::SourceRoots, folder.path().join("files").display().to_string());
        settings.set(Key::S3AllowNetworks, "127.0.0.0/8");
        settings.set(Key::BackupWorkers, "2");
        if database == Database::Postgres {
            settings.set(Key::DatabaseUrl, postgres::new_database());
            settings.set(Key::MasterKeyFile, folder.path().join("master.key").display().to_string());
        }
        let mut config = Config::from_settings(&settings).unwrap();
        config.create_master_key = true;
        fs::create_dir(folder.path().join("files")).unwrap();
        Self::start(config, folder).await
    }

    async fn start(config: Config, folder: TempDir) -> Self {
        if let Ok(filter) = std::env::var("TEST_LOG") {
            telemetry::start(&Config { log: filter, ..config.clone() });
        }
        let application = Application::build(&config).await.unwrap();
        let (address, services) = (application.address(), application.services().clone());
        let stop = CancellationToken::new();
        let running = tokio::spawn(application.run_until(stop.clone().cancelled_owned()));
        Self { address, config, services, folder, stop, running }
    }

    /// Stops as SIGTERM does, and returns when all has ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        while !self.running.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// Stops, and starts again on the same folder and database.
    pub async fn restart(self) -> Self {
        self.stop.cancel();
        self.running.await.unwrap();
        Self::start(self.config, self.folder).await
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Makes the first account; the browser is signed in as its Partner.
    pub async fn set_up(&self) -> Browser {
        let browser = self.browser();
        browser.done("session/set_up", &setup_form()).await;
        browser
    }

    /// A browser in which somebody is signed in.
    pub async fn signed_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        browser.done("session/sign_in", &form(&[("email", email), ("password", PASSWORD)])).await;
        browser
    }

    /// Adds a person to an organization, and signs them in. All have the same password.
    pub async fn person(&self, role: Role, organization: &str) -> Browser {
        let address = format!("{role}@{organization}.example.com").to_lowercase();
        let (organization, email) = (OrganizationName::parse(organization).unwrap(), Email::parse(&address).unwrap());
        let password = Password::parse(&Hidden::new(PASSWORD)).unwrap();
        services::users::add(&self.services, &organization, &email, role, &password).await.unwrap();
        self.signed_in(&address).await
    }

    /// A directory under the allowed root.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// The test's own folder, which holds everything.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// An S3 server with one pair of keys.
    pub async fn s3(&self) -> EmbeddedS3 {
        self.s3_with(SECRET_KEY, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// The same, at an address and with a secret of the test's choice, over the same buckets.
    pub async fn s3_with(&self, secret_key: &str, listen: SocketAddr) -> EmbeddedS3 {
        let config = EmbeddedS3Config {
            folder: self.folder.path().join("s3"),
            access_key_id: ACCESS_KEY.to_owned(),
            secret_key: secret_key.to_owned(),
            listen,
        };
        EmbeddedS3::start(config).await.unwrap()
    }

    /// Changes the database behind the server's back.
    pub async fn execute(&self, sql: &str) {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        db.execute_unprepared(sql).await.unwrap();
        db.close().await.unwrap();
    }

    /// Texts that a query of one column named `found` finds, behind the server's back.
    pub async fn query(&self, sql: &str) -> Vec<String> {
        #[derive(FromQueryResult)]
        struct Row {
            found: String,
        }
        let db: DatabaseConnection = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = Row::find_by_statement(statement).all(&db).await.unwrap();
        db.close().await.unwrap();
        rows.into_iter().map(|row| row.found).collect()
    }
}

pub fn setup_form() -> Vec<(String, String)> {
    form(&[("account_name", "Tests"), ("organization", ORGANIZATION), ("email", PARTNER), ("password", PASSWORD)])
}
