//! Whose request it is: the session's cookie, and the acting person behind it.

use std::net::SocketAddr;

use app::api::ApiError;
use axum::{
    extract::{ConnectInfo, Request, State as Extracted},
    middleware::Next,
    response::Response,
};
use services::sessions::{Store, Visitor};
use tower_sessions::{
    Expiry, Session, SessionManagerLayer,
    cookie::{SameSite, time::Duration},
};

use super::{State, refusal};

/// A session ends when it was not used for so long.
const IDLE: Duration = Duration::hours(12);
/// How often the use of a session is noted, in seconds. Each note is a write to the database.
const NOTED_EVERY: i64 = 600;
/// Where the session notes its use.
const SEEN: &str = "seen";

/// Puts the session into requests and its cookie into answers.
pub fn sessions(state: &State) -> SessionManagerLayer<Store> {
    // The prefix makes browsers refuse the cookie from another host or without https.
    let name = if state.https() { "__Host-holdfast" } else { "holdfast" };
    SessionManagerLayer::new(Store::new(state.services.clone()))
        .with_name(name)
        .with_secure(state.https())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(IDLE))
}

/// Puts the [`Visitor`] into each request, and the acting person, [`Acting`](services::Acting), into those of people who
/// are signed in and owe nothing.
pub async fn people(
    Extracted(state): Extracted<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    match services::sessions::visitor(&state.services, &session, peer.ip().to_string()).await {
        Ok(visitor) => {
            if matches!(visitor, Visitor::SignedIn(_) | Visitor::OwesSecondFactor(_)) {
                note_use(&session, state.services.clock().now().timestamp()).await;
            }
            request.extensions_mut().insert(visitor.clone());
            if let Some(acting) = visitor.signed_in() {
                request.extensions_mut().insert(acting);
            }
        }
        Err(error) => {
            let error = ApiError::from(error);
            return refusal::answer(request.headers(), refusal::status(&error), &error);
        }
    }
    next.run(request).await
}

/// Moves the session's end; `now` is in seconds since 1970. A value that is there already is not a change, and not saved.
async fn note_use(session: &Session, now: i64) {
    if let Err(error) = session.insert(SEEN, now / NOTED_EVERY).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the use of a session was not noted");
    }
}
