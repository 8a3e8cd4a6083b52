//! Which address leads where, through which checks.

use std::any::Any;

use app::api::ApiError;
use axum::{
    Router,
    extract::{Request, State as Extracted},
    middleware::{from_fn, from_fn_with_state},
    response::Response,
    routing::MethodRouter,
};
use tower::ServiceBuilder;
use tower_http::{CompressionLevel, catch_panic::CatchPanicLayer, compression::CompressionLayer};

use super::{
    State, api, choices, client, door, downloads, events, flash, form_posts, headers, health, host, languages, metrics,
    openid, pages, people, refusal, trace,
};

pub fn router(state: State) -> Router {
    let known = || {
        ServiceBuilder::new().layer(people::sessions(&state)).layer(from_fn_with_state(state.clone(), people::people))
    };
    let pages = pages::routes(&state)
        .layer(compression())
        .merge(of(downloads::table()))
        .merge(of(openid::table()))
        .layer(from_fn_with_state(state.clone(), door::door))
        .layer(from_fn(flash::flash))
        .layer(known());
    // A page that listens is told that its session has ended; led to the sign-in page it could do nothing with it.
    let told = of(events::table()).layer(known());
    let functions = api::routes()
        .layer(from_fn_with_state(state.clone(), form_posts::form_posts))
        .layer(known())
        .layer(from_fn_with_state(state.clone(), form_posts::same_site))
        .layer(compression());
    let chosen = of(choices::table()).layer(from_fn_with_state(state.clone(), form_posts::same_site));
    let missing = Router::new().fallback(missing).layer(from_fn(flash::flash)).layer(known()).with_state(state.clone());

    Router::new()
        .merge(of(health::table()))
        .merge(of(metrics::table()))
        .merge(pages)
        .merge(told)
        .merge(functions)
        .merge(chosen)
        .merge(of(languages::table()).layer(compression()))
        .nest_service("/pkg", state.site.pkg())
        .fallback_service(state.site.public(missing))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), client::client))
        .layer(from_fn_with_state(state.clone(), host::host))
        .layer(from_fn_with_state(state.clone(), headers::headers))
        .layer(from_fn_with_state(state.clone(), trace::trace))
        .with_state(state)
}

/// For what is written anew for each request. Its text holds no secret beside what the address says (BREACH): links
/// and codes that are shown once are in one answer only. Fast before small, since somebody waits.
fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

fn of(table: Vec<(&'static str, MethodRouter<State>)>) -> Router<State> {
    table.into_iter().fold(Router::new(), |router, (address, answer)| router.route(address, answer))
}

/// Every address besides server functions and built files, as routes are written.
pub fn addresses() -> Vec<String> {
    let tables = [
        choices::table(),
        downloads::table(),
        events::table(),
        health::table(),
        languages::table(),
        metrics::table(),
        openid::table(),
    ];
    tables.into_iter().flatten().map(|(address, _)| address.to_owned()).chain(pages::addresses()).collect()
}

async fn missing(Extracted(state): Extracted<State>, request: Request) -> Response {
    pages::not_found(&state, request).await
}

/// The panic's own message is in the log already.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    let id = services::fault_id();
    tracing::error!(fault = %id, "a request ended in a panic");
    let error = ApiError::Internal { id };
    refusal::page(refusal::status(&error), &error)
}
