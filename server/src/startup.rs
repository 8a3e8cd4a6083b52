//! Start-up as a value that can be built and run, shared by the binary and the tests.

use std::{future::Future, io, net::SocketAddr, path::PathBuf, time::Duration};

use services::{Clock, SchedulerError, Services, StartError};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    listener::{self, Limits},
    private,
    web::{self, State},
};

/// How long requests may take to end after the stop. Running backups go back to the queue in the same time, and both
/// stay below the 20 seconds that the whole stop may last.
const GRACE: Duration = Duration::from_secs(16);

/// The stack of a worker thread. Drawing a page nests as deep as its markup, and in a debug build the deepest pages
/// need more than the 2 MiB that threads get by default.
const STACK: usize = 8 << 20;

/// The runtime that the server needs, for the binary and the tests.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build()
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    #[error("The data folder {} cannot be made or written: {cause}", .folder.display())]
    DataDir { folder: PathBuf, cause: io::Error },
    #[error(transparent)]
    Services(#[from] StartError),
    #[error("The signals that stop the server cannot be caught: {0}")]
    Signals(io::Error),
    #[error("Backups cannot be scheduled: {0}")]
    Scheduler(#[from] SchedulerError),
    #[error("{address} cannot be listened on: {cause}. Stop what uses it, or set another HOLDFAST_LISTEN")]
    Listen { address: SocketAddr, cause: io::Error },
}

/// A server that listens and does not serve yet.
pub struct Application {
    listener: TcpListener,
    address: SocketAddr,
    services: Services,
    state: State,
    limits: Limits,
}

impl Application {
    /// Opens the database, brings it up to date, and binds the address.
    pub async fn build(config: &Config) -> Result<Self, StartupError> {
        Self::build_with_clock(config, Clock::system()).await
    }

    /// The same, with a clock that a test holds.
    pub async fn build_with_clock(config: &Config, clock: Clock) -> Result<Self, StartupError> {
        app::language::install();
        let services = open(config, clock, true).await?;
        let listen_error = |cause| StartupError::Listen { address: config.listen, cause };
        let listener = listener::bind(config.listen).map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let state = State::new(services.clone(), config, address);
        Ok(Self { listener, address, services, state, limits: Limits::of_process() })
    }

    /// The address that is listened on, with the port that was free where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The services, for what is done beside the pages.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Serves, runs backups, and stops when `shutdown` is done: new work is refused, requests end, running backups go
    /// back to the queue. Takes less than 20 seconds from then on. A scheduler that fails stops the server too.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), StartupError> {
        let stop = self.state.stop.clone();
        let serving = listener::serve(self.listener, web::router(self.state), self.limits, stop.clone(), GRACE);
        let working = async {
            let outcome = self.services.run(stop.clone()).await;
            stop.cancel();
            outcome
        };
        let stopping = async {
            tokio::select! {
                () = shutdown => tracing::info!("stopping"),
                () = stop.cancelled() => {}
            }
            stop.cancel();
        };
        let ((), outcome, ()) = tokio::join!(serving, working, stopping);
        tracing::info!("stopped");
        Ok(outcome?)
    }
}

/// Runs backups and serves no pages, until `shutdown` is done.
pub async fn work(config: &Config, shutdown: impl Future<Output = ()>) -> Result<(), StartupError> {
    let services = open_services(config, Clock::system()).await?;
    let stop = CancellationToken::new();
    let working = services.run(stop.clone());
    tokio::pin!(working);
    tokio::select! {
        outcome = &mut working => return Ok(outcome?),
        () = shutdown => tracing::info!("stopping"),
    }
    stop.cancel();
    let outcome = working.await;
    tracing::info!("stopped");
    Ok(outcome?)
}

/// The services of a process that serves no pages.
pub async fn open_services(config: &Config, clock: Clock) -> Result<Services, StartupError> {
    open(config, clock, false).await
}

/// Opens the database and brings it up to date, with the data folder made where it is missing.
async fn open(config: &Config, clock: Clock, serves_pages: bool) -> Result<Services, StartupError> {
    make_data_dir(config)?;
    Ok(Services::open(config.services(clock, serves_pages)).await?)
}

/// Makes the data folder where it is missing, and takes it and the database's files from everybody but the server's user.
pub fn make_data_dir(config: &Config) -> Result<(), StartupError> {
    let made = private::folder(&config.data_dir).and_then(|()| match config.database.sqlite_file() {
        Some(database) => private::database(&database),
        None => Ok(()),
    });
    made.map_err(|cause| StartupError::DataDir { folder: config.data_dir.clone(), cause })
}
