//! Nodes.

use leptos::prelude::*;
use model::{
    form::Done,
    node::{NodeRef, NodeRow},
};

use crate::api::ApiError;

/// The processes that take runs, and what each is doing.
#[server(endpoint = "nodes/list", input = leptos::server_fn::codec::Json)]
pub async fn list_nodes() -> Result<Vec<NodeRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::nodes::list(&acting, &services).await?)
}

/// Says that a node's clock is right.
#[server(endpoint = "nodes/confirm_clock")]
pub async fn confirm_clock(form: NodeRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::clock_watch::confirm(&acting, &services, &form).await?)
}
