//! What a plain form post leaves in the session for the next page.

use app::api::{ApiError, Flash};
use axum::{
    extract::Request,
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use services::sessions::Visitor;
use tower_sessions::{Expiry, Session, cookie::time::Duration, session::Error};

use super::refusal;

/// Where it is kept in the session.
const FLASH: &str = "flash";
/// How long a session lasts that was made only to announce something to a person who is not signed in.
const ANONYMOUS: Duration = Duration::minutes(10);
/// Leaves `flash` for the next page.
pub async fn leave(session: &Session, flash: Flash) -> Result<(), Error> {
    if session.is_empty().await {
        session.set_expiry(Some(Expiry::OnInactivity(ANONYMOUS)));
    }
    session.insert(FLASH, flash).await
}

/// Leads to the page that tells `flash`.
pub async fn lead(session: &Session, flash: Flash, to: &str) -> Response {
    if let Err(error) = leave(session, flash).await {
        let id = services::fault_id();
        tracing::error!(fault = %id, error = &error as &dyn std::error::Error, "what came of a request was not kept");
        let error = ApiError::Internal { id };
        return refusal::page(refusal::status(&error), &error);
    }
    Redirect::to(to).into_response()
}

/// Hands what was left to the page that is about to be drawn.
pub async fn flash(session: Session, mut request: Request, next: Next) -> Response {
    let next_page = request.method() == Method::GET && refusal::wants_html(request.headers());
    // Without a cookie nothing was left, and asking would make a session.
    if next_page && session.id().is_some() {
        let stranger = matches!(request.extensions().get(), None | Some(Visitor::Nobody));
        match take(&session, stranger).await {
            Ok(Some(flash)) => {
                request.extensions_mut().insert(flash);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a form's outcome was not shown"),
        }
    }
    next.run(request).await
}

async fn take(session: &Session, stranger: bool) -> Result<Option<Flash>, Error> {
    // Removing marks the session as changed, which writes it: look first.
    if session.get_value(FLASH).await?.is_none() {
        return Ok(None);
    }
    let flash = session.remove(FLASH).await?;
    // Nothing else is kept for a stranger.
    if stranger {
        session.flush().await?;
    }
    Ok(flash)
}
