//! What a server function finds in the request: the services, the session, the acting person.

pub mod manual;

use std::net::SocketAddr;

use axum::{
    extract::ConnectInfo,
    http::{HeaderName, header::COOKIE, request::Parts},
};
use leptos::prelude::use_context;
use model::theme::Theme;
use services::{Acting, ServiceError, Services, sessions::Visitor};
use tower_sessions::Session;

use crate::api::{ApiError, policies::Judged};

/// The services that the server handed in.
pub fn services() -> Result<Services, ApiError> {
    use_context::<Services>().ok_or_else(missing)
}

/// The acting person, and the services to ask.
pub fn signed_in() -> Result<(Acting, Services), ApiError> {
    let acting = extension::<Acting>().ok_or(ApiError::SignedOut)?;
    Ok((acting, services()?))
}

/// The same where the account wants a second factor of the person first, which these functions serve to set up.
pub fn signed_in_or_setting_up() -> Result<(Acting, Services), ApiError> {
    match extension::<Visitor>() {
        Some(Visitor::SignedIn(acting) | Visitor::OwesSecondFactor(acting)) => Ok((acting, services()?)),
        _ => Err(ApiError::SignedOut),
    }
}

/// The session of the request, whether somebody is signed in or not.
pub fn session() -> Result<Session, ApiError> {
    extension::<Session>().ok_or_else(missing)
}

/// Where the request came from, for the audit log.
pub fn address() -> String {
    extension::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default()
}

/// Whether strangers could send requests like this one, so that the first account asks for the setup code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetupCodeNeeded(pub bool);

/// What the server found out of the request; where it did not, the code is needed.
pub fn setup_code_needed() -> bool {
    extension::<SetupCodeNeeded>().is_none_or(|SetupCodeNeeded(needed)| needed)
}

/// What the browser of the request wants to look at.
pub fn theme() -> Theme {
    Theme::from_cookies(&joined(&COOKIE, ";"))
}

/// The request's values of a header that may come more than once, with `between` them.
pub fn joined(name: &HeaderName, between: &str) -> String {
    let Some(parts) = use_context::<Parts>() else { return String::new() };
    let values = parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(between)
}

/// What a middleware of the server put into the request.
pub fn extension<T: Clone + Send + Sync + 'static>() -> Option<T> {
    use_context::<Parts>()?.extensions.get::<T>().cloned()
}

/// The server did not hand in what every request must have: a fault of the program, not of the person.
fn missing() -> ApiError {
    let id = services::fault_id();
    tracing::error!(fault = %id, "the request has no services or no session");
    ApiError::Internal { id }
}

/// What was said of something that is still being typed.
pub fn judged<T>(answer: Result<T, ServiceError>) -> Result<Judged<T>, ApiError> {
    match answer {
        Err(ServiceError::Invalid(errors)) => Ok(Err(errors)),
        answer => Ok(Ok(answer?)),
    }
}
