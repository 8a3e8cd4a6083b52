//! Where a post came from.
//!
//! `SameSite=Lax` keeps the cookie out of most posts of other sites, but not out of those of sibling domains, and not
//! in every browser. So the browser's own word is asked: `Sec-Fetch-Site`, and `Origin`.

use axum::http::{HeaderMap, header};
use url::Url;

use crate::config::PublicUrl;

/// Whether the post comes from a page of ours, or from a program that is no browser and sends neither header.
pub fn is_ours(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let site = text(headers, "sec-fetch-site");
    let same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    same_site && text(headers, "origin").is_none_or(|origin| is_our_origin(origin, headers, public_url))
}

/// `Origin` names the public URL or, where a proxy keeps it or there is none, the host that was asked.
fn is_our_origin(origin: &str, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    if public_url.is_some_and(|url| url.origin() == origin) {
        return true;
    }
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some() && authority == text(headers, header::HOST.as_str())
}

/// Path and query of the page that the post was sent from, where it is one of ours.
pub fn page_of_ours(headers: &HeaderMap) -> Option<String> {
    let referer = Url::parse(text(headers, header::REFERER.as_str())?).ok()?;
    let host = referer.host_str()?;
    let authority = referer.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    if Some(authority.as_str()) != text(headers, header::HOST.as_str()) || referer.path().starts_with("//") {
        return None;
    }
    let query = referer.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", referer.path()))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    // What is not ASCII is somebody else's, not nobody's.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    const HOST: (&str, &str) = ("host", "backup.example.com:3000");

    #[test]
    fn our_pages_and_programs_may_post() {
        let ours = |pairs: &[(&'static str, &'static str)]| is_ours(&headers(pairs), None);
        assert!(ours(&[HOST]));
        assert!(ours(&[HOST, ("sec-fetch-site", "same-origin"), ("origin", "http://backup.example.com:3000")]));
        assert!(ours(&[HOST, ("sec-fetch-site", "none")]));
    }

    #[test]
    fn other_sites_may_not() {
        for bad in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "http://backup.example.com"),
            ("origin", "null"),
            ("origin", "backup.example.com:3000"),
        ] {
            assert!(!is_ours(&headers(&[HOST, bad]), None), "{bad:?}");
        }
    }

    #[test]
    fn behind_a_proxy_the_public_url_is_ours() {
        let url = PublicUrl::parse("https://backup.example.com").unwrap();
        let headers = headers(&[("host", "127.0.0.1:3000"), ("origin", "https://backup.example.com")]);
        assert!(is_ours(&headers, Some(&url)));
        assert!(!is_ours(&headers, None));
    }

    #[test]
    fn the_way_back_stays_on_this_site() {
        let back = |referer: &'static str| page_of_ours(&headers(&[HOST, ("referer", referer)]));
        assert_eq!(
            back("http://backup.example.com:3000/projects?dialog=add#x").as_deref(),
            Some("/projects?dialog=add")
        );
        for bad in [
            "https://evil.example/x",
            "http://backup.example.com:3000//evil.example",
            "x",
            "http://backup.example.com/",
        ] {
            assert_eq!(back(bad), None, "{bad}");
        }
        assert_eq!(page_of_ours(&headers(&[HOST])), None);
    }
}
