//! One line of the log for each request, and a number by which its other lines are found.
//!
//! What people send is not written: no query, no header, no body.

use std::time::Instant;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub async fn trace(request: Request, next: Next) -> Response {
    let id = format!("{:016x}", rand::random::<u64>());
    let path = request.uri().path();
    let quiet = path.starts_with("/pkg/") || matches!(path, "/healthz" | "/readyz" | "/metrics");
    let span = tracing::info_span!("request", id, method = %request.method(), path);
    let started = Instant::now();
    span.in_scope(|| tracing::debug!("asked"));
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
    span.in_scope(|| match status {
        500.. => tracing::warn!(status, ms, "answered"),
        _ if quiet => tracing::debug!(status, ms, "answered"),
        _ => tracing::info!(status, ms, "answered"),
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
