//! The binary `holdfast`.

use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;

/// 0: done. 1: failed, with the reason on standard error. 2: wrong usage, which clap reports.
#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("holdfast: {error}");
            ExitCode::FAILURE
        }
    }
}
