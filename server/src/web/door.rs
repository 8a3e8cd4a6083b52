//! Who may see a page: until the first account exists everybody is led to `/setup`, and afterwards who is not signed in
//! to `/login`.

use app::api::ApiError;
use axum::{
    extract::{Request, State as Extracted},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use services::Acting;

use super::{State, pages, refusal};

const SETUP: &str = "/setup";
const LOGIN: &str = "/login";
/// Where a one-time link leads; who has one need not be signed in.
const SET_PASSWORD: &str = "/set-password";
/// What a path may keep as it is inside a query.
const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub async fn door(Extracted(state): Extracted<State>, request: Request, next: Next) -> Response {
    let set_up = match state.is_set_up().await {
        Ok(set_up) => set_up,
        Err(error) => {
            let error = ApiError::from(error);
            return refusal::answer(request.headers(), refusal::status(&error), &error);
        }
    };
    let signed_in = request.extensions().get::<Acting>().is_some();
    match decide(set_up, signed_in, request.uri()) {
        Door::Open => next.run(request).await,
        Door::Missing => pages::not_found(&state, request).await,
        Door::To(place) => Redirect::to(&place).into_response(),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Door {
    Open,
    Missing,
    To(String),
}

fn decide(set_up: bool, signed_in: bool, asked: &Uri) -> Door {
    match (asked.path(), set_up, signed_in) {
        (SETUP, false, _) | (LOGIN, true, false) | (SET_PASSWORD, true, _) => Door::Open,
        (SETUP, true, _) => Door::Missing,
        (_, false, _) => Door::To(SETUP.to_owned()),
        (LOGIN, true, true) => Door::To("/".to_owned()),
        (_, true, true) => Door::Open,
        (path, true, false) => Door::To(sign_in(asked.path_and_query().map_or(path, |place| place.as_str()))),
    }
}

/// The sign-in page that leads on to `next`, a path of this site.
pub fn sign_in(next: &str) -> String {
    match next {
        "/" | "" => LOGIN.to_owned(),
        next => format!("{LOGIN}?next={}", utf8_percent_encode(next, IN_A_QUERY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(set_up: bool, signed_in: bool, asked: &'static str) -> Door {
        decide(set_up, signed_in, &Uri::from_static(asked))
    }

    fn to(place: &str) -> Door {
        Door::To(place.to_owned())
    }

    #[test]
    fn until_the_first_account_exists_every_page_leads_to_the_first_run_page() {
        for page in ["/", "/login", "/projects/7", "/projects?search=a"] {
            assert_eq!(at(false, false, page), to("/setup"));
        }
        assert_eq!(at(false, false, "/setup"), Door::Open);
    }

    #[test]
    fn afterwards_the_first_run_page_is_gone() {
        assert_eq!(at(true, false, "/setup"), Door::Missing);
        assert_eq!(at(true, true, "/setup"), Door::Missing);
    }

    #[test]
    fn who_is_not_signed_in_comes_back_to_where_they_wanted() {
        assert_eq!(at(true, false, "/"), to("/login"));
        assert_eq!(at(true, false, "/projects?search=a&page=2"), to("/login?next=/projects%3Fsearch%3Da%26page%3D2"));
        assert_eq!(at(true, false, "/login"), Door::Open);
    }

    #[test]
    fn who_is_signed_in_needs_no_sign_in_page() {
        assert_eq!(at(true, true, "/login?next=/x"), to("/"));
        assert_eq!(at(true, true, "/projects"), Door::Open);
    }
}
