//! The catalogs of messages, for browsers whose page is not in English.

use app::language::download;
use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use model::language::Language;

use super::State;

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/languages/{file}", get(catalog))]
}

async fn catalog(Path(file): Path<String>) -> Response {
    let found = Language::ALL.into_iter().filter_map(download).find(|download| download.name == file);
    let Some(found) = found else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        // The name changes with the content.
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, found.content.as_slice()).into_response()
}
