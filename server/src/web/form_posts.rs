//! Posts to server functions: what is accepted at all, and how a plain form post ends.
//!
//! A call by the browser's script gets JSON and the status of its outcome. A plain form post that succeeds, from a page
//! whose script has not loaded or never will, is redirected to where the function leads (where that is the page with the
//! form, its view of a list stays), and the outcome waits in the session for that page. One that is refused is answered with
//! the page of the form itself, with what was typed: nothing is stored for it.

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
use tower_sessions::Session;

use self::body::Kind;
pub use self::{body::read, origin::page_of_ours};
use super::{State, door, flash, pages, refusal};

/// Refuses posts that another site made a browser send.
pub async fn same_site(Extracted(state): Extracted<State>, request: Request, next: Next) -> Response {
    if origin::is_ours(request.headers(), state.public_url.as_deref()) {
        return next.run(request).await;
    }
    let error = ApiError::Forbidden("This request came from another site. Open Holdfast and try again.".to_owned());
    refusal::answer(request.headers(), StatusCode::FORBIDDEN, &error)
}

/// Reads the post, calls the function, and ends a plain form post with a redirect or a page.
pub async fn form_posts(
    Extracted(state): Extracted<State>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let (kind, body) = match body::read(&parts.headers, body).await {
        Ok(read) => read,
        Err(status) => return refusal::answer(&parts.headers, status, &ApiError::Malformed),
    };
    let plain =
        (kind == Kind::Form && refusal::wants_html(&parts.headers)).then(|| PlainPost::of(&state, &parts, &body));
    // Leptos would put the outcome of a plain form post into the address.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match plain {
        Some(post) => post.end(&state, &session, answer::done(response).await).await,
        None => answer::refused(response).await.unwrap_or_else(|error| refusal::json(refusal::status(&error), &error)),
    }
}

/// What is remembered of a plain form post while the function runs.
struct PlainPost {
    back: String,
    asked: Parts,
    typed: Vec<(String, String)>,
}

impl PlainPost {
    fn of(state: &State, parts: &Parts, body: &Bytes) -> Self {
        let back = page_of_ours(&parts.uri, &parts.headers, state.public_url.as_deref());
        Self { back: back.unwrap_or_else(|| "/".to_owned()), asked: parts.clone(), typed: typed::typed(body) }
    }

    async fn end(self, state: &State, session: &Session, outcome: Result<Done, ApiError>) -> Response {
        match outcome {
            Ok(Done { message, goto, link: None, .. }) if message.is_empty() => {
                Redirect::to(&success_place(&self.back, goto)).into_response()
            }
            Ok(Done { message, goto, link, follow }) => {
                let flash = Flash { notice: Some(message), follow, link };
                flash::lead(session, flash, &success_place(&self.back, goto)).await
            }
            Err(ApiError::SignedOut) => Redirect::to(&door::sign_in(&self.back)).into_response(),
            Err(error) => {
                let action = self.asked.uri.path().to_owned();
                let failed = FailedForm { page: self.back, action, error, typed: self.typed };
                pages::refused(state, &self.asked, failed).await
            }
        }
    }
}

/// What the function names, or the page that the form was on where that is the same one: with its search, sort and page.
fn success_place(back: &str, goto: String) -> String {
    let (path, search) = back.split_once('?').unwrap_or((back, ""));
    Address::new(path, search).stays_for(&goto).map_or(goto, |here| here.href())
}
