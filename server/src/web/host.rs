//! Which host a request names.
//!
//! With a public address, only that host is answered: a page of another name that resolves to this server (DNS rebinding)
//! would otherwise be of the same origin as Holdfast. A trusted proxy need not pass `Host` on. Without a public address, the
//! host decides whether the first-run page asks for the setup code.

use std::net::{IpAddr, SocketAddr};

use app::api::{ApiError, server::SetupCodeNeeded};
use axum::{
    extract::{ConnectInfo, Request, State as Extracted},
    http::{StatusCode, Version, header, uri::Authority},
    middleware::Next,
    response::Response,
};

use super::{State, client, refusal};

/// What programs on this machine and in its network ask for, by whatever name they have for it.
const FOR_PROGRAMS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// What reverse proxies add to requests that they pass on.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// Refuses requests for another host, and notes in the others whether the setup code is needed. Comes before
/// [`client::client`] puts the client's address in the place of the proxy's.
pub async fn host(Extracted(state): Extracted<State>, mut request: Request, next: Next) -> Response {
    if let Some(public) = &state.public_url
        && !FOR_PROGRAMS.contains(&request.uri().path())
        && !client::is_from_proxy(&state, &request)
        && asked(&request).as_deref() != Some(public.authority())
    {
        let error = ApiError::Forbidden(format!(
            "Holdfast answers at {} alone. Open that address; a reverse proxy has to pass the header Host on, or to be \
             listed in HOLDFAST_TRUSTED_PROXIES.",
            public.origin()
        ));
        return refusal::answer(request.headers(), StatusCode::MISDIRECTED_REQUEST, &error);
    }
    let needed = state.reachable || !is_local(&request);
    request.extensions_mut().insert(SetupCodeNeeded(needed));
    next.run(request).await
}

/// Whether nobody but a person or a program at this machine can have sent the request: it comes from loopback, names
/// loopback, and no proxy says that it has passed it on.
pub fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_near = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let is_passed_on = FORWARDING.iter().any(|name| request.headers().contains_key(*name));
    // Browsers and curl speak HTTP/1.1 at least. A reverse proxy that is told nothing else speaks 1.0, and names us.
    let is_direct = request.version() >= Version::HTTP_11;
    is_near && is_direct && !is_passed_on && asked(request).is_some_and(|asked| is_loopback(&asked))
}

/// Host and port as the request names them, in lower case.
fn asked(request: &Request) -> Option<String> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let asked = request.uri().authority().map(Authority::as_str).or(named)?;
    Some(asked.to_ascii_lowercase())
}

fn is_loopback(asked: &str) -> bool {
    let Ok(authority) = asked.parse::<Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(peer: [u8; 4], headers: &[(&str, &str)]) -> Request {
        let mut request = Request::new(Body::empty());
        for (name, value) in headers {
            request.headers_mut().insert(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4711))));
        request
    }

    fn local(peer: [u8; 4], headers: &[(&str, &str)]) -> bool {
        is_local(&request(peer, headers))
    }

    #[test]
    fn a_request_is_local_where_nothing_says_otherwise() {
        for host in ["localhost:3000", "LOCALHOST", "127.0.0.1:3000", "[::1]:3000", "127.9.9.9"] {
            assert!(local([127, 0, 0, 1], &[("host", host)]), "{host}");
        }
        for host in
            ["evil.example:3000", "localhost.evil.example", "192.0.2.1", "0.0.0.0:3000", "127.0.0.1.evil.example", ""]
        {
            assert!(!local([127, 0, 0, 1], &[("host", host)]), "{host}");
        }
        assert!(!local([127, 0, 0, 1], &[]), "no host at all");
        assert!(!local([192, 0, 2, 1], &[("host", "localhost")]), "from elsewhere");
        let mut proxied = request([127, 0, 0, 1], &[("host", "127.0.0.1:3000")]);
        *proxied.version_mut() = Version::HTTP_10;
        assert!(!is_local(&proxied), "a proxy of the plainest kind");
        for name in FORWARDING {
            assert!(!local([127, 0, 0, 1], &[("host", "localhost"), (name, "127.0.0.1")]), "{name}");
        }
    }

    #[test]
    fn the_host_of_an_absolute_address_counts_before_the_header() {
        let mut absolute = request([127, 0, 0, 1], &[("host", "localhost")]);
        *absolute.uri_mut() = "http://evil.example/setup".parse().unwrap();
        assert_eq!(asked(&absolute).as_deref(), Some("evil.example"));
    }
}
