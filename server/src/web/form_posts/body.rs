//! The body of a post: of a known kind, and of bounded size. The listener bounds its time.

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    http::{HeaderMap, StatusCode, header},
};

use crate::listener::TooSlow;

/// Most bytes of a post.
const MOST: usize = 256 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As browsers send forms; also a post without a body.
    Form,
    Json,
}

/// Reads the body. An error is the status to refuse the post with: 400, 408, 413 or 415.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<(Kind, Bytes), StatusCode> {
    if body.size_hint().lower() > MOST as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let kind = kind(headers, body.size_hint().exact() == Some(0))?;
    let bytes = to_bytes(body, MOST).await.map_err(|error| match error {
        error if TooSlow::caused(&error) => StatusCode::REQUEST_TIMEOUT,
        error if too_long(&error) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    })?;
    Ok((kind, bytes))
}

/// Another site's page can post other kinds, such as `text/plain`, without the browser asking first.
fn kind(headers: &HeaderMap, empty: bool) -> Result<Kind, StatusCode> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return if empty { Ok(Kind::Form) } else { Err(StatusCode::UNSUPPORTED_MEDIA_TYPE) };
    };
    let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Ok(Kind::Form),
        "application/json" => Ok(Kind::Json),
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

fn too_long(error: &axum::Error) -> bool {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .any(|error| error.to_string() == "length limit exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(content_type: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, content_type.parse().unwrap())])
    }

    #[tokio::test]
    async fn known_kinds_are_read() {
        let form = headers("application/x-www-form-urlencoded; charset=UTF-8");
        assert_eq!(read(&form, Body::from("a=1")).await, Ok((Kind::Form, Bytes::from("a=1"))));
        assert_eq!(read(&headers("application/json"), Body::from("{}")).await, Ok((Kind::Json, Bytes::from("{}"))));
        assert_eq!(read(&HeaderMap::new(), Body::empty()).await, Ok((Kind::Form, Bytes::new())));
    }

    #[tokio::test]
    async fn other_kinds_and_long_bodies_are_refused() {
        for bad in ["text/plain", "multipart/form-data; boundary=x", ""] {
            assert_eq!(read(&headers(bad), Body::from("a")).await, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE), "{bad}");
        }
        let form = headers("application/x-www-form-urlencoded");
        let long = vec![b'a'; MOST + 1];
        assert_eq!(read(&form, Body::from(long.clone())).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
        let stream = futures::stream::iter(
            long.chunks(1000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>(),
        );
        assert_eq!(read(&form, Body::from_stream(stream)).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
