//! The choice between light and dark: kept in a cookie, so that each page is drawn right at once.

use axum::{
    Form,
    extract::State as Extracted,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, post},
};
use model::theme::{THEME_COOKIE, Theme};
use serde::Deserialize;

use super::{State, form_posts};

/// How long a browser keeps the choice, in seconds: a year.
const KEPT: u32 = 365 * 86_400;

#[derive(Deserialize)]
struct Choice {
    theme: String,
}

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/theme", post(choose))]
}

/// Leads back to the page that the choice was made on.
async fn choose(Extracted(state): Extracted<State>, headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let Ok(theme) = choice.theme.parse::<Theme>() else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let secure = if state.https() { "; Secure" } else { "" };
    let age = if theme == Theme::System { 0 } else { KEPT };
    let value = theme.as_str();
    let cookie = format!("{THEME_COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    let back = form_posts::page_of_ours(&headers).unwrap_or_else(|| "/".to_owned());
    ([(header::SET_COOKIE, cookie)], Redirect::to(&back)).into_response()
}
