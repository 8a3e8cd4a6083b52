//! `holdfast serve`.

use std::{future::Future, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::say;
use crate::{
    config::Config,
    startup::{self, Application, StartupError},
    telemetry,
};

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: &Config) -> Result<(), StartupError> {
    telemetry::start(config);
    let stop = stop_signal().map_err(StartupError::Signals)?;
    let application = Application::build(config).await?;
    say(format!("Holdfast listens on {}", config.address_for_people(application.address())));
    if let Some(code) = services::setup::code(application.services()) {
        say(format!("Setup Code for the first account, where it is not made at this machine: {code}"));
    }
    application.run_until(stop).await
}

/// Runs backups alone until SIGTERM or SIGINT.
pub async fn work(config: &Config) -> Result<(), StartupError> {
    telemetry::start(config);
    let stop = stop_signal().map_err(StartupError::Signals)?;
    say(format!("Holdfast works as {} and serves no pages", config.node));
    startup::work(config, stop).await
}

/// Done at the first SIGTERM or SIGINT. The signals are caught from the call on, so none is missed during start-up.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let [mut terminate, mut interrupt]: [Signal; 2] =
        [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
