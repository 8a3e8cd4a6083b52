//! A project's runs, one at a time.

use leptos::prelude::*;
use model::{
    ids::ProjectId,
    run::{Comparison, RunView},
};

use crate::api::ApiError;

/// A run with its log. `run` names it as addresses do.
#[server(endpoint = "runs/get", input = leptos::server_fn::codec::Json)]
pub async fn get_run(project: ProjectId, run: String) -> Result<RunView, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::run_page::get(&acting, &services, project, &run).await?)
}

/// What grew since the backup before, where `compare` asks for it. S3 is asked then alone.
#[server(endpoint = "runs/growth", input = leptos::server_fn::codec::Json)]
pub async fn get_growth(project: ProjectId, run: String, compare: bool) -> Result<Comparison, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::run_page::growth(&acting, &services, (project, &run), compare).await?)
}
