//! Whether the process lives, and whether it can do its work. For load balancers and supervisors.

use axum::{
    extract::State as Extracted,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{MethodRouter, get},
};

use super::State;

const UNCACHED: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/healthz", get(async || (UNCACHED, "ok\n"))), ("/readyz", get(ready))]
}

async fn ready(Extracted(state): Extracted<State>) -> impl IntoResponse {
    match services::ping(&state.services).await {
        Ok(()) => (StatusCode::OK, UNCACHED, "ready\n"),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, UNCACHED, "the database does not answer\n")
        }
    }
}
