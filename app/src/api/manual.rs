//! The manual.

use leptos::prelude::*;
use model::manual::ManualPage;

use crate::api::ApiError;

/// A page of the manual; an empty name is the first one.
#[allow(clippy::unused_async, reason = "a server function is asked across the network")]
#[server(endpoint = "manual/get", input = leptos::server_fn::codec::Json)]
pub async fn get_manual_page(page: String) -> Result<ManualPage, ApiError> {
    super::server::signed_in_or_setting_up()?;
    super::server::manual::page(&page).ok_or(ApiError::NotFound)
}
