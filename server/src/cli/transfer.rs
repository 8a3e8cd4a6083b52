//! `holdfast export` and `holdfast import`.

use std::path::Path;

use model::size;
use services::{Clock, transfer};

use super::CliError;
use crate::{config::Config, startup, terminal::say};

/// Writes all that is in the database to a file.
pub async fn export(config: &Config, file: &Path) -> Result<(), CliError> {
    let exported = transfer::export(&config.services(Clock::system(), false), file).await?;
    say(format!("Exported {} rows into {} ({}).", exported.rows, file.display(), size::bytes(exported.bytes)));
    say(format!(
        "The secrets in it stay sealed, and the key is not in it. Keep a copy of {} too, somewhere else: without it they are lost.",
        config.master_key_file.display()
    ));
    Ok(())
}

/// Reads such a file into an empty database.
pub async fn import(config: &Config, file: &Path) -> Result<(), CliError> {
    startup::make_data_dir(config)?;
    let imported = transfer::import(&config.services(Clock::system(), false), file).await?;
    say(format!(
        "Imported {} rows from {}, which Holdfast {} exported on {}.",
        imported.rows,
        file.display(),
        imported.version,
        imported.made_at.format("%Y-%m-%d %H:%M UTC"),
    ));
    say(
        "People sign in again. See to it that the installation it came from does not run any more: both would work on the same buckets.",
    );
    Ok(())
}
