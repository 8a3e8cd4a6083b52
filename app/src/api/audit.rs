//! The audit log.

use leptos::prelude::*;
use model::audit::{AuditLog, AuditQuery};

use crate::api::ApiError;

/// Newest first.
#[server(endpoint = "audit/list", input = leptos::server_fn::codec::Json)]
pub async fn list_audit_log(query: AuditQuery) -> Result<AuditLog, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::audit_log::list(&acting, &services, &query).await?)
}
