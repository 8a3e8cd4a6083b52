//! Nodes.

use leptos::prelude::*;
use model::node::NodeRow;

use crate::api::ApiError;

/// The processes that take runs, and what each is doing.
#[server(endpoint = "nodes/list", input = leptos::server_fn::codec::Json)]
pub async fn list_nodes() -> Result<Vec<NodeRow>, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::nodes::list(&acting, &services).await?)
}
