//! The binary `holdfast`.

use std::process::ExitCode;

use clap::Parser;
use server::{
    cli::{Cli, CliError},
    private, startup,
};

/// 0: done. 1: failed, with the reason on standard error. 2: wrong usage, which clap reports.
fn main() -> ExitCode {
    private::by_default();
    let cli = Cli::parse();
    let outcome = startup::runtime().map_err(CliError::Runtime).and_then(|runtime| runtime.block_on(cli.run()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast: {error}");
            ExitCode::FAILURE
        }
    }
}
