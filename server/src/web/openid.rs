//! The way to the sign-in provider, and back.
//!
//! Links and redirects, no posts: pages may send forms to this site alone, and a browser brings the session's cookie
//! along when the provider sends it back.

use std::net::SocketAddr;

use app::api::{ApiError, Flash, flash::FailedForm, session::SignIn};
use axum::{
    extract::{ConnectInfo, Query, Request, State as Extracted, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get},
};
use leptos::server_fn::ServerFn as _;
use model::form::Done;
use serde::Deserialize;
use services::openid::{self, Return};
use tower_sessions::Session;

use super::{State, door, flash, pages, refusal};

pub const START: &str = "/login/oidc";
pub const CALLBACK: &str = "/login/oidc/callback";

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![(START, get(start)), (CALLBACK, get(callback))]
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// The path to return to.
    next: String,
}

async fn start(
    Extracted(state): Extracted<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    session: Session,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Response {
    let Query(Wanted { next }) = wanted.unwrap_or_default();
    match openid::begin(&state.services, &session, (&peer.ip().to_string(), &state.openid_callback), next.clone()).await
    {
        Ok(provider) => leading(&provider),
        Err(error) => refused(&state, request, error.into(), &next).await,
    }
}

async fn callback(
    Extracted(state): Extracted<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    session: Session,
    back: Result<Query<Return>, QueryRejection>,
    request: Request,
) -> Response {
    let Query(back) = back.unwrap_or_default();
    let address = peer.ip().to_string();
    match openid::complete(&state.services, &session, address, &state.openid_callback, back).await {
        Ok(Done { message, goto, .. }) => {
            let welcome = Flash { notice: Some(message), ..Flash::default() };
            if let Err(error) = flash::leave(&session, welcome).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a sign-in was not announced");
            }
            leading(&goto)
        }
        Err(error) => refused(&state, request, error.into(), "").await,
    }
}

/// The sign-in page says why nobody was let in, where the form says it.
async fn refused(state: &State, request: Request, error: ApiError, next: &str) -> Response {
    match error {
        ApiError::NotFound => return pages::not_found(state, request).await,
        ApiError::Internal { .. } => return refusal::page(refusal::status(&error), &error),
        _ => {}
    }
    let action = SignIn::url().to_owned();
    let failed = FailedForm { page: door::sign_in(next), action, error, typed: Vec::new() };
    pages::refused(state, &request.into_parts().0, failed).await
}

fn leading(to: &str) -> Response {
    not_stored(Redirect::to(to))
}

fn not_stored(answer: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}
