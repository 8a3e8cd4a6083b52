//! The dashboard.

use leptos::prelude::*;
use model::dashboard::Dashboard;

use crate::api::ApiError;

/// What needs attention, and how backups went.
#[server(endpoint = "dashboard/get", input = leptos::server_fn::codec::Json)]
pub async fn get_dashboard() -> Result<Dashboard, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::dashboard::get(&acting, &services).await?)
}
