//! `/metrics`, for Prometheus and its like.
//!
//! Names of organizations and projects stand in it, so it is for programs on this machine, and for those that show the
//! token in `HOLDFAST_METRICS_TOKEN_FILE`.

use axum::{
    extract::{Request, State as Extracted},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use subtle::ConstantTimeEq;

use super::{State, host};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const UNCACHED: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-store");

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/metrics", get(metrics))]
}

async fn metrics(Extracted(state): Extracted<State>, request: Request) -> Response {
    // Many a proxy passes requests on without a word about it: where there may be one, no request is this machine's own.
    let is_local = !state.reachable && host::is_local(&request);
    if !is_local && !shows(state.metrics_token.as_deref(), request.headers()) {
        let hint = "Metrics are for programs that show the token in HOLDFAST_METRICS_TOKEN_FILE, and for those on this \
                    machine where Holdfast listens on loopback without a public address and without proxies.\n";
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

/// Whether the request shows the token. Where there is none, no request does.
fn shows(token: Option<&str>, headers: &HeaderMap) -> bool {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    token.zip(shown).is_some_and(|(token, shown)| token.as_bytes().ct_eq(shown.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_token_is_the_token() {
        let headers = |pairs: &[(&'static str, &str)]| {
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
        };
        assert!(!shows(None, &headers(&[])));
        assert!(!shows(None, &headers(&[("authorization", "Bearer ")])));
        assert!(!shows(Some("secret"), &headers(&[("authorization", "Bearer wrong")])));
        assert!(shows(Some("secret"), &headers(&[("authorization", "Bearer secret")])));
    }
}
