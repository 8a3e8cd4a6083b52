//! `holdfast demo`: everything embedded, with sample data, in one folder.
//!
//! The folder holds `demo.json` (addresses, keys and passwords), `data` (database and master key), `s3` (the buckets)
//! and `files` (what is backed up). Removing it removes the demo.

mod folder;
mod people;
mod sample;
mod seed;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config, EmbeddedS3Error};
use ipnet::{IpNet, Ipv4Net};
use model::{form::FormErrors, rule::RuleError};
use services::ServiceError;

use self::folder::{DemoFolder, Secrets};
use crate::{
    config::{Config, DatabaseUrl},
    startup::{Application, StartupError},
    telemetry, terminal,
};

/// Where the embedded S3 server listens, unless that was taken at the first start.
const S3_PORT: u16 = 9100;

/// Why the demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("{} cannot be used for the demo: {cause}. Choose another folder with --folder", .folder.display())]
    Folder { folder: PathBuf, cause: io::Error },
    #[error("{} holds data that is not the demo's. Choose another folder with --folder", .0.display())]
    NotADemo(PathBuf),
    #[error("{} is damaged: {cause}. Remove the folder to start afresh", .file.display())]
    Damaged { file: PathBuf, cause: serde_json::Error },
    #[error(transparent)]
    S3(#[from] EmbeddedS3Error),
    #[error(transparent)]
    Startup(#[from] StartupError),
    #[error("The sample data could not be added: {0}")]
    Seed(#[from] ServiceError),
    #[error("The sample data breaks a rule: {0}")]
    Rule(#[from] RuleError),
    #[error("The sample data breaks a rule: {}", .0.summary)]
    Form(FormErrors),
    #[error(
        "The sample project's backup was not enabled within three minutes. Start the demo again when the machine is less busy"
    )]
    Slow,
    #[error("The sample data could not be added: {0} is not in the list")]
    NotListed(&'static str),
}

/// Starts the demo in `folder`, seeding it at the first start, and serves until SIGTERM or SIGINT.
pub async fn demo(settings: Config, folder: &Path) -> Result<(), DemoError> {
    let stop = terminal::stop_signal().map_err(StartupError::Signals)?;
    let mut folder = DemoFolder::open(folder)?;
    let config = config(settings, &folder)?;
    telemetry::start(&config);
    let s3 = start_s3(&mut folder).await?;
    let application = Application::build(&config).await?;
    if !folder.secrets().seeded {
        terminal::say("Adding sample data");
        seed::seed(application.services(), &folder, &s3.endpoint()).await?;
        folder.set_seeded()?;
    }
    terminal::say(welcome(&config.address_for_people(application.address()), &folder));
    let outcome = application.run_until(stop).await;
    s3.shutdown().await;
    Ok(outcome?)
}

/// The operator's settings, with everything that keeps data moved into the folder.
fn config(settings: Config, folder: &DemoFolder) -> Result<Config, RuleError> {
    let data_dir = folder.data();
    let loopback = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8));
    Ok(Config {
        database: DatabaseUrl::sqlite(&data_dir.join("holdfast.db")),
        master_key_file: data_dir.join("master.key"),
        create_master_key: true,
        data_dir,
        source_roots: vec![seed::source_root(folder.files())?],
        allow_networks: vec![loopback],
        postgres_networks: vec![loopback],
        notify_networks: vec![loopback],
        ..settings
    })
}

/// On the port of the first start, because backups are found by their endpoint.
async fn start_s3(folder: &mut DemoFolder) -> Result<EmbeddedS3, EmbeddedS3Error> {
    let at = |port| EmbeddedS3Config {
        folder: folder.s3(),
        access_key_id: folder.secrets().access_key_id.clone(),
        secret_key: folder.secrets().secret_key.clone(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    };
    if folder.secrets().seeded {
        return EmbeddedS3::start(at(folder.secrets().s3_port)).await;
    }
    let started = match EmbeddedS3::start(at(S3_PORT)).await {
        Err(EmbeddedS3Error::Listen { .. }) => EmbeddedS3::start(at(0)).await?,
        started => started?,
    };
    folder.set_s3_port(started.endpoint().port().unwrap_or(S3_PORT));
    Ok(started)
}

fn welcome(address: &str, folder: &DemoFolder) -> String {
    let Secrets { passwords, .. } = folder.secrets();
    let people = people::PEOPLE
        .map(|person| format!("  {:<8} {:<22} {}", person.role.as_str(), person.email, passwords.of(person.role)));
    format!(
        "\nThe Holdfast demo is ready. Open {address} and sign in as\n\n{}\n\n\
         The project {} is backed up every minute. Everything lies in {}.\n",
        people.join("\n"),
        seed::PROJECT,
        folder.path().display()
    )
}
