//! Refusals that the app does not draw: JSON for programs, a small page for people.

use app::api::ApiError;
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// The status that goes with an error.
pub fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// As the asking side reads it: a page for a browser's navigation or plain form, else JSON.
pub fn answer(headers: &HeaderMap, status: StatusCode, error: &ApiError) -> Response {
    if wants_html(headers) { page(status, error) } else { json(status, error) }
}

pub fn json(status: StatusCode, error: &ApiError) -> Response {
    let answer = (status, [(header::CACHE_CONTROL, "no-store")], Json(error)).into_response();
    with_retry(answer, error)
}

/// Says when it is worth trying again (RFC 9110, section 10.2.3).
pub fn with_retry(mut answer: Response, error: &ApiError) -> Response {
    if let Some(seconds) = error.retry_after() {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}

pub fn page(status: StatusCode, error: &ApiError) -> Response {
    let title = status.canonical_reason().unwrap_or("Refused");
    let sentence = escaped(&error.to_string());
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} - Holdfast</title>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<p role=\"alert\">{sentence}</p>\n\
         <p><a href=\"/\">Back to Holdfast</a></p>\n</main>\n</body>\n</html>\n"
    );
    with_retry((status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(), error)
}

/// Whether a browser asks, for a page or with a plain form.
pub fn wants_html(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_sentence_becomes_markup() {
        assert_eq!(escaped("<b a=\"1\">&</b>"), "&lt;b a=&quot;1&quot;&gt;&amp;&lt;/b&gt;");
    }
}
