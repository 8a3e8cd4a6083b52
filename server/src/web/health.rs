//! Whether the process lives, and whether it can do its work. For load balancers and supervisors.

use axum::{
    extract::State as Extracted,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use services::health;

use super::State;

const UNCACHED: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/healthz", get(async || (UNCACHED, "ok\n"))), ("/readyz", get(ready))]
}

/// A line for each thing that is needed, after one for all of it. Anybody may ask, so it tells nothing more.
async fn ready(Extracted(state): Extracted<State>) -> impl IntoResponse {
    let readiness = health::readiness(&state.services).await;
    let (status, all) =
        if readiness.is_ready() { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    let database = if readiness.database { "answers" } else { "does not answer" };
    let scheduler = if readiness.scheduler { "runs" } else { "stands still" };
    (status, UNCACHED, format!("{all}\ndatabase: {database}\nscheduler: {scheduler}\n"))
}
