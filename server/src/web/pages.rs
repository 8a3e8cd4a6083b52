//! The app's pages.

use std::sync::OnceLock;

use app::{App, shell};
use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use leptos::{
    nonce::use_nonce,
    prelude::{provide_context, use_context},
    server_fn::axum::server_fn_paths,
};
use leptos_axum::{
    AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list_with_exclusions_and_ssg_and_context,
};

use super::{State, headers};

/// One route for each page.
pub fn routes(state: &State) -> Router<State> {
    let (pages, options) = (list().clone(), state.site.options.clone());
    Router::new().leptos_routes_with_context(state, pages, context(state), move || shell(options.clone()))
}

/// The pages as the app's router has them. Server functions are marked to be left out: they have their own checks.
///
/// They are asked for once in a process: meanwhile no page can be drawn, of other servers in it neither, and one whose
/// data is asked for in that moment never comes (leptos issue 4773).
fn list() -> &'static Vec<AxumRouteListing> {
    static PAGES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();
    PAGES.get_or_init(|| generate_route_list_with_exclusions_and_ssg_and_context(App, Some(functions()), || {}).0)
}

fn functions() -> Vec<String> {
    server_fn_paths().map(|(path, _)| path.to_owned()).collect()
}

/// Each page's address, as routes are written.
pub fn addresses() -> Vec<String> {
    let functions = functions();
    let pages = list().iter().map(|page| page.path().to_owned());
    pages.filter(|address| !functions.contains(address)).collect()
}

/// What pages and server functions find in their context besides the request.
pub fn context(state: &State) -> impl Fn() + Clone + Send + Sync + 'static {
    let services = state.services.clone();
    move || {
        provide_context(services.clone());
        app::language::provide();
        let Some(response) = use_context::<ResponseOptions>() else { return };
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(policy) = use_nonce().and_then(|nonce| headers::page_policy(&nonce)) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// The app's page for an address that does not exist.
pub async fn not_found(state: &State, request: Request) -> Response {
    let options = state.site.options.clone();
    let draw = leptos_axum::render_app_async_with_context(context(state), move || shell(options.clone()));
    let mut response = draw(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
