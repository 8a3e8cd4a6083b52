//! The log.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{Config, LogFormat};

/// Our crates, whose level a bare level in the settings means.
const OURS: [&str; 7] = ["app", "embedded_s3", "engine", "holdfast", "migration", "server", "services"];

/// Starts the log on standard error. A second call changes nothing, so that tests may start several servers.
pub fn start(config: &Config) {
    let registry = tracing_subscriber::registry().with(EnvFilter::new(directives(&config.log)));
    let output = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let started = match config.log_format {
        LogFormat::Text => registry.with(output).try_init(),
        LogFormat::Json => registry.with(output.json()).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "the log was started before");
    }
}

/// A bare level is for Holdfast's own crates, and libraries only warn: at `debug` and below some of them write what
/// they send and receive. Directives that name targets are taken as they are.
fn directives(filter: &str) -> String {
    if filter.contains([',', '=', '[']) {
        return filter.to_owned();
    }
    // An expired session's cookie is no reason to warn, nor is a turn of the scheduler that ends while the program stops
    // and finds nobody who waits for it.
    let libraries = "warn,tower_sessions_core=error,tokio_cron_scheduler::job::cron_job=off".to_owned();
    OURS.iter().fold(libraries, |all, target| format!("{all},{target}={filter}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_is_ours_alone() {
        let directives = directives("debug");
        assert!(directives.starts_with("warn,") && directives.contains(",engine=debug"));
        assert!(EnvFilter::builder().parse(directives).is_ok());
    }

    #[test]
    fn named_targets_are_taken_as_they_are() {
        assert_eq!(super::directives("info,sqlx=debug"), "info,sqlx=debug");
    }
}
