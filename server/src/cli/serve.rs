//! `holdfast serve`.

use crate::{
    config::Config,
    startup::{self, Application, StartupError},
    telemetry,
    terminal::{say, stop_signal},
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
    Box::pin(startup::work(config, stop)).await
}
