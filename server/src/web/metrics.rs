//! `/metrics`, for Prometheus and its like.
//!
//! Names of organizations and projects stand in it, so it is for programs on this machine, and for those that show the
//! token in `HOLDFAST_METRICS_TOKEN_FILE`.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State as Extracted},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use subtle::ConstantTimeEq;

use super::State;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const UNCACHED: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/metrics", get(metrics))]
}

async fn metrics(
    Extracted(state): Extracted<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !may_read(state.metrics_token.as_deref(), peer, &headers) {
        let hint = "Metrics are for programs on this machine, or with the token in HOLDFAST_METRICS_TOKEN_FILE.\n";
        return (StatusCode::UNAUTHORIZED, [UNCACHED, (header::WWW_AUTHENTICATE, "Bearer")], hint).into_response();
    }
    match services::metrics::text(&state.services).await {
        Ok(text) => ([UNCACHED, (header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "no metrics: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, [UNCACHED], "the database does not answer\n").into_response()
        }
    }
}

/// What a proxy passes on comes from elsewhere, whatever the peer's address.
fn may_read(token: Option<&str>, peer: SocketAddr, headers: &HeaderMap) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let right = token.zip(shown).is_some_and(|(token, shown)| token.as_bytes().ct_eq(shown.as_bytes()).into());
    let passed_on = ["forwarded", "x-forwarded-for", "via"].iter().any(|name| headers.contains_key(*name));
    right || (peer.ip().to_canonical().is_loopback() && !passed_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_need_the_token() {
        let (near, far) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([192, 0, 2, 1], 1)));
        let headers = |pairs: &[(&'static str, &str)]| {
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
        };
        assert!(may_read(None, near, &headers(&[])));
        assert!(!may_read(None, near, &headers(&[("x-forwarded-for", "192.0.2.1")])));
        assert!(!may_read(None, far, &headers(&[("authorization", "Bearer ")])));
        assert!(!may_read(Some("secret"), far, &headers(&[("authorization", "Bearer wrong")])));
        assert!(may_read(Some("secret"), far, &headers(&[("authorization", "Bearer secret")])));
    }
}
