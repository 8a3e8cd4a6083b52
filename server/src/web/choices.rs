//! The choices that a browser keeps in cookies, so that each page is drawn right at once: its theme and its language.

use std::{collections::HashMap, str::FromStr};

use app::api::ApiError;
use axum::{
    body::Body,
    extract::State as Extracted,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, post},
};
use model::{
    language::{LANGUAGE_COOKIE, Language},
    theme::{THEME_COOKIE, Theme},
};
use url::form_urlencoded;

use super::{State, form_posts, refusal};

/// How long a browser keeps a choice, in seconds: a year.
const KEPT: u32 = 365 * 86_400;

/// Something to choose.
trait Choice: FromStr + 'static {
    const FIELD: &'static str;
    const COOKIE: &'static str;

    fn value(&self) -> &'static str;

    /// What is so without a choice is not kept.
    fn is_kept(&self) -> bool {
        true
    }
}

impl Choice for Theme {
    const FIELD: &'static str = "theme";
    const COOKIE: &'static str = THEME_COOKIE;

    fn value(&self) -> &'static str {
        self.as_str()
    }

    fn is_kept(&self) -> bool {
        *self != Self::System
    }
}

impl Choice for Language {
    const FIELD: &'static str = "language";
    const COOKIE: &'static str = LANGUAGE_COOKIE;

    fn value(&self) -> &'static str {
        self.as_str()
    }
}

/// Each address with what answers there.
pub fn table() -> Vec<(&'static str, MethodRouter<State>)> {
    vec![("/theme", post(choose::<Theme>)), ("/language", post(choose::<Language>))]
}

/// Leads back to the page that the choice was made on.
async fn choose<C: Choice>(Extracted(state): Extracted<State>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    let fields: HashMap<String, String> = match form_posts::read(&headers, body).await {
        Ok((_, body)) => form_urlencoded::parse(&body).into_owned().collect(),
        Err(status) => return refusal::answer(&headers, status, &ApiError::Malformed),
    };
    let Some(choice) = fields.get(C::FIELD).and_then(|value| value.parse::<C>().ok()) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let secure = if state.https() { "; Secure" } else { "" };
    let age = if choice.is_kept() { KEPT } else { 0 };
    let (name, value) = (C::COOKIE, choice.value());
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    let back = form_posts::page_of_ours(&uri, &headers, state.public_url.as_deref()).unwrap_or_else(|| "/".to_owned());
    ([(header::SET_COOKIE, cookie)], Redirect::to(&back)).into_response()
}
