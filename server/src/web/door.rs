//! Who may see a page: until the first account exists everybody is led to `/setup`, and afterwards who is not signed in
//! to `/login`, who owes a code to where it is asked for, and who must have a second factor to where it is set up.

use app::api::ApiError;
use axum::{
    extract::{Request, State as Extracted},
    http::{Uri, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use services::sessions::Visitor;

use super::{State, openid, pages, refusal};

const SETUP: &str = "/setup";
const LOGIN: &str = "/login";
/// Where a code is asked for, after the password.
const CODE: &str = "/login/code";
/// Where a second factor is set up.
const SECOND_FACTOR: &str = "/profile/second-factor";
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
    let visitor = request.extensions().get().cloned().unwrap_or(Visitor::Nobody);
    let door = if set_up { decide(&visitor, request.uri()) } else { before_the_first_account(request.uri()) };
    match door {
        Door::Open => next.run(request).await,
        Door::Missing => pages::not_found(&state, request).await,
        Door::To(place) => Redirect::to(&place).into_response(),
    }
}

/// The page itself, or the one that the visitor of `asked` is led to in its place.
pub async fn page_for(state: &State, asked: &Parts, page: String) -> String {
    let visitor = asked.extensions.get().cloned().unwrap_or(Visitor::Nobody);
    let Ok(uri) = page.parse::<Uri>() else { return page };
    let door = match state.is_set_up().await {
        Ok(false) => before_the_first_account(&uri),
        Ok(true) | Err(_) => decide(&visitor, &uri),
    };
    if let Door::To(place) = door { place } else { page }
}

#[derive(Debug, PartialEq, Eq)]
enum Door {
    Open,
    Missing,
    To(String),
}

fn before_the_first_account(asked: &Uri) -> Door {
    if asked.path() == SETUP { Door::Open } else { Door::To(SETUP.to_owned()) }
}

fn decide(visitor: &Visitor, asked: &Uri) -> Door {
    use Visitor::{Nobody, OwesCode, OwesSecondFactor, SignedIn};
    let to = |place: &str| Door::To(place.to_owned());
    // The way to the sign-in provider and back is part of that page.
    let path = if [openid::START, openid::CALLBACK].contains(&asked.path()) { LOGIN } else { asked.path() };
    match (path, visitor) {
        (SETUP, _) => Door::Missing,
        (SET_PASSWORD, _) | (LOGIN, Nobody | OwesCode) | (CODE, OwesCode) | (SECOND_FACTOR, OwesSecondFactor(_)) => {
            Door::Open
        }
        (LOGIN | CODE, SignedIn(_)) => to("/"),
        (_, SignedIn(_)) => Door::Open,
        (_, OwesSecondFactor(_)) => to(SECOND_FACTOR),
        (_, OwesCode) => to(CODE),
        (CODE, Nobody) => to(LOGIN),
        (path, Nobody) => Door::To(sign_in(asked.path_and_query().map_or(path, |place| place.as_str()))),
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
    use model::{
        ids::{AccountId, OrganizationId, UserId},
        people::{Actor, Role},
    };
    use services::Acting;

    use super::*;

    fn acting() -> Acting {
        let actor = Actor {
            user: UserId(1),
            account: AccountId(1),
            organization: OrganizationId(1),
            organization_name: "home".to_owned(),
            email: "a@example.com".to_owned(),
            role: Role::Partner,
        };
        Acting { actor, address: String::new() }
    }

    fn at(visitor: &Visitor, asked: &'static str) -> Door {
        decide(visitor, &Uri::from_static(asked))
    }

    fn to(place: &str) -> Door {
        Door::To(place.to_owned())
    }

    #[test]
    fn until_the_first_account_exists_every_page_leads_to_the_first_run_page() {
        for page in ["/", "/login", "/login/code", "/projects/7", "/projects?search=a"] {
            assert_eq!(before_the_first_account(&Uri::from_static(page)), to("/setup"));
        }
        assert_eq!(before_the_first_account(&Uri::from_static("/setup")), Door::Open);
    }

    #[test]
    fn afterwards_the_first_run_page_is_gone() {
        assert_eq!(at(&Visitor::Nobody, "/setup"), Door::Missing);
        assert_eq!(at(&Visitor::SignedIn(acting()), "/setup"), Door::Missing);
    }

    #[test]
    fn who_is_not_signed_in_comes_back_to_where_they_wanted() {
        let at = |asked| at(&Visitor::Nobody, asked);
        assert_eq!(at("/"), to("/login"));
        assert_eq!(at("/projects?search=a&page=2"), to("/login?next=/projects%3Fsearch%3Da%26page%3D2"));
        assert_eq!([at("/login"), at("/login/oidc"), at("/login/oidc/callback?code=x")], [const { Door::Open }; 3]);
        assert_eq!(at("/login/code"), to("/login"), "a code is asked of nobody without a password");
    }

    #[test]
    fn who_is_signed_in_needs_no_sign_in_page() {
        let visitor = Visitor::SignedIn(acting());
        assert_eq!(at(&visitor, "/login?next=/x"), to("/"));
        for page in ["/login/code", "/login/oidc", "/login/oidc/callback"] {
            assert_eq!(at(&visitor, page), to("/"), "{page}");
        }
        assert_eq!(at(&visitor, "/projects"), Door::Open);
    }

    #[test]
    fn who_owes_something_is_led_to_it_from_everywhere() {
        for page in ["/", "/projects", "/profile", "/users?dialog=add", "/projects/1/recovery-kit"] {
            assert_eq!(at(&Visitor::OwesCode, page), to("/login/code"), "{page}");
            assert_eq!(at(&Visitor::OwesSecondFactor(acting()), page), to("/profile/second-factor"), "{page}");
        }
        assert_eq!(at(&Visitor::OwesCode, "/login/code"), Door::Open);
        assert_eq!(at(&Visitor::OwesCode, "/login"), Door::Open, "as somebody else");
        assert_eq!(at(&Visitor::OwesCode, "/profile/second-factor"), to("/login/code"));
        assert_eq!(at(&Visitor::OwesSecondFactor(acting()), "/profile/second-factor"), Door::Open);
    }
}
