//! Server functions, under `/api`.

use app::api::ApiError;
use axum::{
    Router,
    extract::{Request, State as Extracted},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::any,
};
use leptos::server_fn::axum::server_fn_paths;

use super::{State, pages, refusal};

pub fn routes() -> Router<State> {
    Router::new().route("/api/{*function}", any(call))
}

async fn call(Extracted(state): Extracted<State>, request: Request) -> Response {
    let known = server_fn_paths().any(|(path, method)| path == request.uri().path() && method == *request.method());
    if !known {
        return refusal::json(StatusCode::NOT_FOUND, &ApiError::NotFound);
    }
    leptos_axum::handle_server_fns_with_context(pages::context(&state), request).await.into_response()
}
