//! The app's pages.

use std::sync::OnceLock;

use app::{
    App,
    api::{ApiError, flash::FailedForm},
    shell,
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, Uri, header, request::Parts},
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

use super::{State, door, headers, refusal};

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
    draw(state, request, StatusCode::NOT_FOUND).await
}

/// The page of a form that was refused, with what was typed and why it was refused. `asked` is the request that was sent
/// instead of one for the page.
pub async fn refused(state: &State, asked: &Parts, mut failed: FailedForm) -> Response {
    let status = match &failed.error {
        // The form is well made, and what it is about, or the service that it names, does not allow it.
        ApiError::Malformed | ApiError::Conflict(_) | ApiError::Unavailable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        error => refusal::status(error),
    };
    failed.page = door::page_for(state, asked, failed.page).await;
    let Ok(page) = failed.page.parse::<Uri>() else { return refusal::page(status, &failed.error) };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = page;
    *request.headers_mut() = asked.headers.clone();
    *request.extensions_mut() = asked.extensions.clone();
    for of_the_body in [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::TRANSFER_ENCODING] {
        request.headers_mut().remove(of_the_body);
    }
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    let error = failed.error.clone();
    request.extensions_mut().insert(failed);
    refusal::with_retry(draw(state, request, status).await, &error)
}

/// The page at the request's address, with `status` unless the page has another one itself.
async fn draw(state: &State, request: Request, status: StatusCode) -> Response {
    let options = state.site.options.clone();
    let draw = leptos_axum::render_app_async_with_context(context(state), move || shell(options.clone()));
    let mut response = draw(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}
