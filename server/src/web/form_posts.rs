//! Posts to server functions: what is accepted at all, and how a plain form post ends.
//!
//! A call by the browser's script gets JSON and the status of its outcome. A plain form post, from a page whose script
//! has not loaded or never will, gets a redirect: on success to where the function leads (where that is the page with
//! the form, its view of a list stays), on failure back to the page with the form, and the outcome waits in the session
//! for that page.

mod answer;
mod body;
mod origin;
mod typed;

use app::{
    address::Address,
    api::{ApiError, Flash, flash::FailedForm},
};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State as Extracted},
    http::{HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use model::form::Done;
use services::Acting;
use tower_sessions::Session;

use self::body::Kind;
pub use self::origin::page_of_ours;
use super::{State, door, flash, refusal};

/// Refuses posts that another site made a browser send.
pub async fn same_site(Extracted(state): Extracted<State>, request: Request, next: Next) -> Response {
    if origin::is_ours(request.headers(), state.public_url.as_deref()) {
        return next.run(request).await;
    }
    let error = ApiError::Forbidden("This request came from another site. Open Holdfast and try again.".to_owned());
    refusal::answer(request.headers(), StatusCode::FORBIDDEN, &error)
}

/// Reads the post, calls the function, and ends a plain form post with a redirect.
pub async fn form_posts(session: Session, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (kind, body) = match body::read(&parts.headers, body).await {
        Ok(read) => read,
        Err(status) => return refusal::answer(&parts.headers, status, &ApiError::Malformed),
    };
    let plain = (kind == Kind::Form && refusal::wants_html(&parts.headers)).then(|| PlainPost::of(&parts, &body));
    // Leptos would put the outcome of a plain form post into the address.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match plain {
        Some(post) => post.end(&session, answer::done(response).await).await,
        None => answer::refused(response).await.unwrap_or_else(|error| refusal::json(refusal::status(&error), &error)),
    }
}

/// What is remembered of a plain form post while the function runs.
struct PlainPost {
    action: String,
    back: String,
    typed: Vec<(String, String)>,
}

impl PlainPost {
    fn of(parts: &Parts, body: &Bytes) -> Self {
        let signed_in = parts.extensions.get::<Acting>().is_some();
        Self {
            action: parts.uri.path().to_owned(),
            back: origin::page_of_ours(&parts.headers).unwrap_or_else(|| "/".to_owned()),
            typed: typed::typed(body, signed_in),
        }
    }

    async fn end(self, session: &Session, outcome: Result<Done, ApiError>) -> Response {
        let (flash, goto) = match outcome {
            Ok(Done { message, goto, link }) => {
                (Flash { notice: Some(message), link, failed: None }, success_place(&self.back, goto))
            }
            Err(ApiError::SignedOut) => return Redirect::to(&door::sign_in(&self.back)).into_response(),
            // Nothing is kept for it: that would be a row for each of a flood.
            Err(error @ ApiError::Busy { .. }) => return refusal::page(refusal::status(&error), &error),
            Err(error) => {
                let failed = FailedForm { action: self.action, error, typed: self.typed };
                (Flash { failed: Some(failed), ..Flash::default() }, self.back)
            }
        };
        flash::lead(session, flash, &goto).await
    }
}

/// What the function names, or the page that the form was on where that is the same one: with its search, sort and page.
fn success_place(back: &str, goto: String) -> String {
    let (path, search) = back.split_once('?').unwrap_or((back, ""));
    Address::new(path, search).stays_for(&goto).map_or(goto, |here| here.href())
}
