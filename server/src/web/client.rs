//! From where a request really comes, where a reverse proxy stands in between.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State as Extracted},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use super::State;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Puts the client's address in the place of a trusted proxy's.
pub async fn client(Extracted(state): Extracted<State>, mut request: Request, next: Next) -> Response {
    let proxies = &state.trusted_proxies;
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied()
        && trusts(proxies, peer.ip())
        && let Some(client) = forwarded_for(request.headers(), proxies)
    {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, peer.port())));
    }
    next.run(request).await
}

/// Whether the request comes straight from a trusted proxy.
pub fn is_from_proxy(state: &State, request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|ConnectInfo(peer)| trusts(&state.trusted_proxies, peer.ip()))
}

fn trusts(proxies: &[IpNet], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(&address.to_canonical()))
}

/// The last address of `X-Forwarded-For` that is not a proxy of ours. What stands before it is what the client says of
/// itself; what is no address ends the search.
fn forwarded_for(headers: &HeaderMap, proxies: &[IpNet]) -> Option<IpAddr> {
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("?")).collect();
    let mut named = lines.iter().flat_map(|line| line.split(',')).map(address).rev();
    named.find(|address| !address.is_some_and(|address| trusts(proxies, address))).flatten()
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let address = text.parse::<SocketAddr>().map(|socket| socket.ip()).ok().or_else(bare)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn client_of(lines: &[&str]) -> Option<String> {
        let name = HeaderName::from_static(FORWARDED_FOR);
        let headers = lines.iter().map(|line| (name.clone(), line.parse().unwrap())).collect();
        let proxies = ["127.0.0.0/8".parse().unwrap(), "10.0.0.0/24".parse().unwrap()];
        forwarded_for(&headers, &proxies).map(|address| address.to_string())
    }

    #[test]
    fn the_last_one_that_is_no_proxy_counts() {
        assert_eq!(client_of(&["203.0.113.7"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(client_of(&["1.2.3.4, 203.0.113.7, 10.0.0.5"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(client_of(&["1.2.3.4", "203.0.113.7:4711"]).as_deref(), Some("203.0.113.7"));
        assert_eq!(client_of(&["[2001:db8::1]:443"]).as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn what_is_no_address_is_nobody() {
        assert_eq!(client_of(&[]), None);
        assert_eq!(client_of(&["unknown"]), None);
        assert_eq!(client_of(&["203.0.113.7, what"]), None);
        assert_eq!(client_of(&["127.0.0.1"]), None);
    }
}
