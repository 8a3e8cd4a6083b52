//! The command line.

mod password;
mod serve;
mod transfer;
mod user;

use std::{io, path::PathBuf};

use clap::{Parser, Subcommand};
use model::rule::RuleError;
use services::{Clock, Rotation, ServiceError, transfer::TransferError};

use self::user::UserCommand;
use crate::{
    config::{Config, ConfigError},
    demo::{self, DemoError},
    startup::{self, StartupError},
    telemetry,
    terminal::say,
};

/// Self-hosted backup console: scheduled, encrypted backups of many projects into S3.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, after_help = SETTINGS_HELP)]
pub struct Cli {
    /// Read settings from this file instead of ./holdfast.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

const SETTINGS_HELP: &str = "Settings come from HOLDFAST_* variables, or the same keys in holdfast.toml. \
     Without a command, holdfast serves.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the console and run backups (default)
    Serve {
        /// Run backups alone, on a machine that serves no pages
        #[arg(long)]
        no_web: bool,
    },
    /// Start with everything embedded and sample data, in one folder
    Demo {
        /// Where everything is kept; remove it to start afresh
        #[arg(long, default_value = "demo-data", value_name = "DIR")]
        folder: PathBuf,
    },
    /// Bring the database's schema up to date and exit
    Migrate,
    /// Manage users from the machine itself
    #[command(subcommand)]
    User(UserCommand),
    /// Seal every secret in the database under a new master key; the server may be running
    RotateMasterKey,
    /// Write all that is in the database to a file; the server may be running
    Export {
        /// Takes the place of an older one
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Read such a file into an empty database
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the settings in force, or what is wrong with them
    CheckConfig,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Startup(#[from] StartupError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error("The password could not be read: {0}")]
    Password(io::Error),
    #[error("The server's threads cannot be started: {0}")]
    Runtime(io::Error),
    #[error("The passwords differ. Try again")]
    PasswordsDiffer,
}

impl Cli {
    pub async fn run(self) -> Result<(), CliError> {
        let config = Config::load(self.config.as_deref())?;
        match self.command.unwrap_or(Command::Serve { no_web: false }) {
            Command::Serve { no_web: false } => serve::serve(&config).await?,
            Command::Serve { no_web: true } => serve::work(&config).await?,
            Command::Demo { folder } => demo::demo(config, &folder).await?,
            Command::Migrate => {
                telemetry::start(&config);
                startup::open_services(&config, Clock::system()).await?;
                say("The database is up to date.");
            }
            Command::User(command) => {
                telemetry::start(&config);
                let services = startup::open_services(&config, Clock::system()).await?;
                command.run(&services).await?;
            }
            Command::RotateMasterKey => {
                telemetry::start(&config);
                let services = startup::open_services(&config, Clock::system()).await?;
                let Rotation { sealed, retired } = services::rotate_master_key(&services).await?;
                say(format!("{sealed} secrets are sealed under the new key in {}.", config.master_key_file.display()));
                say(format!("The old key is in {}. Copies of the database from before need it.", retired.display()));
            }
            Command::Export { file } => {
                telemetry::start(&config);
                transfer::export(&config, &file).await?;
            }
            Command::Import { file } => {
                telemetry::start(&config);
                transfer::import(&config, &file).await?;
            }
            Command::CheckConfig => {
                say(config.to_string().trim_end());
                name_forbidden_databases(&config).await;
            }
        }
        Ok(())
    }
}

/// What the settings in force would stop, where the database is there to be looked into.
async fn name_forbidden_databases(config: &Config) {
    match services::forbidden_databases(config.database.expose(), config.postgres_networks.clone()).await {
        Ok(found) => found.iter().for_each(|database| eprintln!("{database}.")),
        Err(error) => eprintln!("Projects were not checked, because the database cannot be read: {error}."),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

    #[test]
    fn the_command_line_is_in_order() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_password_is_never_an_argument() {
        let words = ["holdfast", "user", "add", "a@example.com", "--organization", "acme", "--role", "manager"];
        assert!(Cli::try_parse_from(words).is_ok());
        let refused = Cli::try_parse_from(words.into_iter().chain(["--password", "x"])).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::UnknownArgument);
    }

    #[test]
    fn wrong_words_are_wrong_usage() {
        for words in [&["holdfast", "sevre"][..], &["holdfast", "user", "add", "no-address", "--organization", "acme"]]
        {
            assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2);
        }
    }
}
