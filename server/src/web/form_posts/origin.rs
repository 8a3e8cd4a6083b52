//! Where a post came from.
//!
//! `SameSite=Lax` keeps the cookie out of most posts of other sites, but not out of those of sibling domains, and not
//! in every browser. So the browser's own word is asked: `Sec-Fetch-Site`, and `Origin`.

use app::api::flash::PAGE;
use axum::http::{HeaderMap, Uri, header};
use url::{Url, form_urlencoded};

use crate::config::PublicUrl;

/// Whether the post comes from a page of ours, or from a program that is no browser and sends neither header.
pub fn is_ours(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    let site = text(headers, "sec-fetch-site");
    let same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    same_site && text(headers, "origin").is_none_or(|origin| is_our_origin(origin, headers, public_url))
}

/// `Origin` names the public address or, where there is none, the host that was asked.
fn is_our_origin(origin: &str, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> bool {
    if let Some(url) = public_url {
        return url.origin() == origin;
    }
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some() && authority == text(headers, header::HOST.as_str())
}

/// Path and query of the page that the post to `asked` was sent from, where it is one of ours: as the form says, or the
/// browser. The latter knows a reverse proxy's host, which need not be the one that was asked.
pub fn page_of_ours(asked: &Uri, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Option<String> {
    let named = asked.query().and_then(|query| {
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == PAGE).map(|(_, page)| page.into_owned())
    });
    let page = named.or_else(|| {
        let referer = Url::parse(text(headers, header::REFERER.as_str())?).ok()?;
        let host = referer.host_str()?;
        let authority = referer.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let ours = public_url.map_or_else(|| text(headers, header::HOST.as_str()), |url| Some(url.authority()));
        let query = referer.query().map(|query| format!("?{query}")).unwrap_or_default();
        (Some(authority.as_str()) == ours).then(|| format!("{}{query}", referer.path()))
    })?;
    is_page(&page).then_some(page)
}

/// Whether a browser that is led there stays on this site, at something that may be a page.
fn is_page(page: &str) -> bool {
    let is_path = page.starts_with('/') && !page.starts_with("//") && !page.contains(['\\', '\r', '\n', '\t']);
    is_path && !page.starts_with("/api/") && page.parse::<Uri>().is_ok()
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
    fn with_a_public_url_no_other_origin_is_ours() {
        let url = PublicUrl::parse("https://backup.example.com").unwrap();
        let rebound = headers(&[("host", "evil.example"), ("origin", "http://evil.example")]);
        assert!(is_ours(&rebound, None) && !is_ours(&rebound, Some(&url)));
    }

    #[test]
    fn the_way_back_stays_on_this_site() {
        let asked = Uri::from_static("/api/credentials/add");
        let back = |referer: &'static str| page_of_ours(&asked, &headers(&[HOST, ("referer", referer)]), None);
        assert_eq!(
            back("http://backup.example.com:3000/projects?dialog=add#x").as_deref(),
            Some("/projects?dialog=add")
        );
        for bad in [
            "https://evil.example/x",
            "http://backup.example.com:3000//evil.example",
            "x",
            "http://backup.example.com/",
            "http://backup.example.com:3000/api/credentials/add",
        ] {
            assert_eq!(back(bad), None, "{bad}");
        }
        assert_eq!(page_of_ours(&asked, &headers(&[HOST]), None), None);
    }

    #[test]
    fn behind_a_proxy_that_keeps_its_own_host_the_way_back_is_known() {
        let url = PublicUrl::parse("https://backup.example.com").unwrap();
        let headers =
            headers(&[("host", "127.0.0.1:3000"), ("referer", "https://backup.example.com/users?dialog=add")]);
        let asked = Uri::from_static("/api/users/add");
        assert_eq!(page_of_ours(&asked, &headers, Some(&url)).as_deref(), Some("/users?dialog=add"));
        assert_eq!(page_of_ours(&asked, &headers, None), None);
    }

    #[test]
    fn a_form_on_an_answer_names_its_page() {
        let back = |asked: &'static str| page_of_ours(&Uri::from_static(asked), &headers(&[HOST]), None);
        assert_eq!(back("/api/users/add?page=%2Fusers%3Fdialog%3Dadd").as_deref(), Some("/users?dialog=add"));
        for bad in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/api/users/add", "/a%0D%0Ab", ""] {
            let asked: Uri = format!("/api/users/add?page={bad}").parse().unwrap();
            assert_eq!(page_of_ours(&asked, &headers(&[HOST]), None), None, "{bad}");
        }
    }
}
