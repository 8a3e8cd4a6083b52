//! The built half of the browser inside the executable: one file to install.
//!
//! A release build takes in what `target/site` holds at that moment, with the compressed files beside the others; other
//! builds take in nothing.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{OUTPUT_NAME, PKG};

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
#[exclude = "*.d.*"]
struct Files;

/// The name of the folder with the script; `None` where the files are not inside.
pub fn hash() -> Option<String> {
    // In other builds the library looks into the folder itself, which may hold another build's files.
    if cfg!(debug_assertions) {
        return None;
    }
    let script = format!("/{OUTPUT_NAME}.js");
    let inside = format!("{PKG}/");
    Files::iter().find_map(|path| Some(path.strip_prefix(&inside)?.strip_suffix(&script)?.to_owned()))
}

/// The content of a file; `None` where there is none.
pub fn content(path: &str) -> Option<Vec<u8>> {
    Files::get(path).map(|file| file.data.into_owned())
}

/// The file at `path`, in the best encoding that the browser takes; `None` where there is none.
pub fn answer(path: &str, request: &HeaderMap) -> Option<Response> {
    let path = percent_decode_str(path.trim_start_matches('/')).decode_utf8().ok()?;
    if cfg!(debug_assertions) {
        return None;
    }
    let kind = Files::get(&path)?.metadata.mimetype().to_owned();
    let (file, encoding) = encoded(&path, request)?;
    let tag = HeaderValue::from_str(&format!("\"{}\"", hex(&file.metadata.sha256_hash()))).ok()?;
    let known = request.get_all(header::IF_NONE_MATCH).iter().any(|known| *known == tag);
    let mut answer = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data.into_owned()).into_response()
    };
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&kind).ok()?);
    headers.insert(header::ETAG, tag);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(answer)
}

fn encoded(path: &str, request: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let smaller = [("br", ".br"), ("gzip", ".gz")].into_iter().find_map(|(encoding, ending)| {
        let file = takes(request, encoding).then(|| Files::get(&format!("{path}{ending}"))).flatten()?;
        Some((file, Some(encoding)))
    });
    smaller.or_else(|| Some((Files::get(path)?, None)))
}

/// Whether the browser takes an encoding (RFC 9110, section 12.5.3). One with the weight 0 is refused.
fn takes(request: &HeaderMap, encoding: &str) -> bool {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut entries = lists.flat_map(|list| list.split(','));
    entries.any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|weight| weight.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32)));
        named && !refused
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_unless_it_is_refused() {
        let headers =
            |text: &'static str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(text))]);
        assert!(takes(&headers("gzip, deflate, br"), "br") && takes(&headers("BR;q=0.5"), "br"));
        assert!(!takes(&headers("gzip, br;q=0"), "br") && !takes(&headers("gzip"), "br"));
        assert!(!takes(&HeaderMap::new(), "br"));
    }
}
