//! Notifications.

use leptos::prelude::*;
use model::{
    form::Done,
    ids::OrganizationId,
    list::ListQuery,
    notification::{ChannelForm, ChannelList, ChannelRef, DeliveryList},
};

use crate::api::ApiError;

/// The channels; of one organization where a Partner chose it.
#[server(endpoint = "notifications/list_channels", input = leptos::server_fn::codec::Json)]
pub async fn list_channels(organization: Option<OrganizationId>) -> Result<ChannelList, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::list(&acting, &services, organization).await?)
}

/// What was told, newest first.
#[server(endpoint = "notifications/list_deliveries", input = leptos::server_fn::codec::Json)]
pub async fn list_deliveries(query: ListQuery) -> Result<DeliveryList, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::deliveries(&acting, &services, &query).await?)
}

#[server(endpoint = "notifications/add_channel")]
pub async fn add_channel(form: ChannelForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::add(&acting, &services, &form).await?)
}

/// Changes a channel, unless somebody else was faster.
#[server(endpoint = "notifications/update_channel")]
pub async fn update_channel(form: ChannelForm) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::update(&acting, &services, &form).await?)
}

#[server(endpoint = "notifications/delete_channel")]
pub async fn delete_channel(form: ChannelRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::delete(&acting, &services, &form).await?)
}

/// Nothing is sent to it any more.
#[server(endpoint = "notifications/pause_channel")]
pub async fn pause_channel(form: ChannelRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::pause(&acting, &services, &form).await?)
}

#[server(endpoint = "notifications/resume_channel")]
pub async fn resume_channel(form: ChannelRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::resume(&acting, &services, &form).await?)
}

/// Sends a message at once, and tells what became of it.
#[server(endpoint = "notifications/send_test")]
pub async fn send_test(form: ChannelRef) -> Result<Done, ApiError> {
    let (acting, services) = super::server::signed_in()?;
    Ok(services::notifications::test(&acting, &services, &form).await?)
}
