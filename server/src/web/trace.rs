//! One line of the log for each request, and an id by which its other lines are found: the one that a trusted proxy
//! gave it, so that the proxy's log and this one speak of the same, or else one of our own.
//!
//! What people send is not written: no query, no header, no body.

use std::time::Instant;

use axum::{
    extract::{Request, State as Extracted},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

use super::{State, client};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are nobody's: a UUID has 36 characters.
const LONGEST_ID: usize = 64;

pub async fn trace(Extracted(state): Extracted<State>, request: Request, next: Next) -> Response {
    let given = given_id(&request).filter(|_| client::is_from_proxy(&state, &request));
    let id = given.unwrap_or_else(|| format!("{:016x}", rand::random::<u64>()));
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

/// The id that the request came with, if it is one: it goes into the log and back, so it is of harmless characters.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_one = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(harmless);
    is_one.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_what_looks_like_an_id_is_one() {
        let given = |id: &str| given_id(&Request::builder().header(REQUEST_ID, id).body(Body::empty()).unwrap());
        let uuid = "0e5f6d3c-8a3f-4d1b-9c59-1f2a3b4c5d6e";
        assert_eq!(given(uuid).as_deref(), Some(uuid));
        for bad in ["", "a b", "a\"b", "ä", &"a".repeat(65)] {
            assert_eq!(given(bad), None, "{bad}");
        }
    }
}
