//! Sign-in with an OpenID provider: who comes in, with what role, and what a provider or somebody in between must not be
//! able to do.

use std::time::{Duration, Instant};

use model::{
    list::ListQuery,
    people::Role,
    user::{SignsIn, UserList, UserRow},
};
use reqwest::{Client, Method, redirect::Policy};
use serde_json::json;
use server::config::Key;
use test_openid::{Fault, Person};

use crate::support::{
    Answer, Browser, Database, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD, PROVIDER},
    form, on_both_databases, tell,
};

on_both_databases!(
    somebody_in_a_group_is_made_and_signed_in,
    who_has_a_verified_email_is_linked_once_and_for_all,
    an_unverified_email_leads_nowhere,
    one_identity_does_not_take_the_place_of_another,
    another_role_is_taken_over_and_ends_sessions,
    the_last_partner_stays_partner,
    who_has_no_role_any_more_is_refused,
    another_account_is_out_of_the_claims_reach,
    a_token_that_is_not_in_order_leads_nobody_in,
    an_answer_counts_in_the_browser_that_asked_and_once,
    a_sign_in_that_takes_too_long_is_over,
    the_provider_may_change_its_keys,
    the_session_is_a_new_one_at_each_step,
    a_second_factor_is_asked_for_here_or_left_to_the_provider,
    who_has_no_password_is_told_how_to_get_one,
    tries_from_one_network_wait,
    nothing_that_is_sent_comes_back_as_markup,
);

pub const UNVERIFIED: &str = "could not be verified";
pub const NOT_BEGUN: &str = "was not begun in this browser";
pub const NO_ROLE: &str = "gives you no role";
pub const UNREACHABLE: &str = "cannot be reached";

pub const ANN: &str = "ann@example.com";

async fn somebody_in_a_group_is_made_and_signed_in(app: &TestApp) {
    let partner = app.set_up().await;
    let ann = app.browser();
    let page = ann.get("/login?next=/projects%3Fpage%3D2").await.text();
    assert!(page.contains("Sign In with") && page.contains("Example &amp; Sons"), "{PROVIDER}: {page}");
    app.provider.person(Person::new("Ann@Example.com", &["others", "team"]));
    let led = ann.get("/login/oidc?next=/projects%3Fpage%3D2").await;
    let back = agree(led.location()).await;
    assert_eq!(ann.get(&back).await.location(), "/projects?page=2");
    assert_eq!(ann.get("/projects").await.status, 200);
    assert_eq!(ann.get("/users").await.status, 200, "a Manager");
    assert_eq!(ann.get("/organizations").await.status, 403);

    let row = user(&partner, ANN).await;
    assert_eq!((row.role, row.organization.as_str()), (Role::Manager, ORGANIZATION));
    assert_eq!(row.signs_in, SignsIn::WithProvider);
    let deeds = app.column("audit_entry", "action").await;
    for deed in ["user added", "user linked with the sign-in provider", "signed in with the sign-in provider"] {
        assert!(deeds.iter().any(|known| known == deed), "{deed}: {deeds:?}");
    }
    let guess = app.browser().call("session/sign_in", &form(&[("email", ANN), ("password", "")])).await;
    assert_eq!(guess.status, 422, "no password leads in");

    ann.done("session/sign_out", &[]).await;
    assert_eq!(come(&ann).await.location(), "/");
    assert_eq!(app.rows("users").await, 2, "the same user again");
}

async fn who_has_a_verified_email_is_linked_once_and_for_all(app: &TestApp) {
    let partner = app.set_up().await;
    app.person(Role::User, ORGANIZATION).await;
    let email = "user@acme.example.com";
    app.provider.person(Person::new(email, &["staff"]));
    assert_eq!(come(&app.browser()).await.location(), "/");
    app.signed_in(email).await;

    let moved =
        Person { email: "other@example.com".to_owned(), email_verified: false, ..Person::new(email, &["staff"]) };
    app.provider.person(moved);
    let browser = app.browser();
    assert_eq!(come(&browser).await.location(), "/", "the subject counts, whatever the email is now");
    assert!(browser.get("/profile").await.text().contains(email));
    assert_eq!(user(&partner, email).await.signs_in, SignsIn::WithPassword);
    assert_eq!(app.rows("users").await, 2);
}

async fn an_unverified_email_leads_nowhere(app: &TestApp) {
    app.set_up().await;
    for email in [PARTNER, "new@example.com", "not an email"] {
        app.provider.person(Person { email_verified: false, ..Person::new(email, &["admins"]) });
        refused(app, "has not verified your email address").await;
    }
    app.provider.person(Person::new("not an email", &["admins"]));
    refused(app, "has not verified your email address").await;
    assert_eq!(app.column("users", "email").await, [PARTNER]);
    assert_eq!(app.column("identity", "subject").await, [""; 0]);
}

async fn one_identity_does_not_take_the_place_of_another(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(PARTNER, &["admins"]));
    assert_eq!(come(&app.browser()).await.location(), "/");
    app.provider
        .person(Person { subject: "who got the address later".to_owned(), ..Person::new(PARTNER, &["admins"]) });
    refused(app, "belongs to somebody else").await;
    for subject in ["x".repeat(300), "a\u{0}b".to_owned()] {
        app.provider.person(Person { subject, ..Person::new(ANN, &["admins"]) });
        refused(app, UNVERIFIED).await;
    }
    assert_eq!(app.rows("users").await, 1);
}

async fn another_role_is_taken_over_and_ends_sessions(app: &TestApp) {
    let partner = app.set_up().await;
    let before = app.person(Role::User, ORGANIZATION).await;
    let email = "user@acme.example.com";
    app.provider.person(Person::new(email, &["neighbours", "team"]));
    let after = app.browser();
    assert_eq!(come(&after).await.location(), "/");
    assert_eq!(after.get("/users").await.status, 200, "the first of the groups' roles in the own organization");
    assert_eq!(before.get("/").await.location(), "/login");
    assert_eq!(user(&partner, email).await.role, Role::Manager);
    assert!(app.column("audit_entry", "action").await.contains(&"role changed".to_owned()));
    assert_eq!(come(&app.browser()).await.location(), "/");
    assert_eq!(after.get("/").await.status, 200, "the same role ends nothing");
}

async fn the_last_partner_stays_partner(app: &TestApp) {
    let partner = app.set_up().await;
    app.provider.person(Person::new(PARTNER, &["staff"]));
    refused(app, "This is the last Partner of the account").await;
    assert_eq!(user(&partner, PARTNER).await.role, Role::Partner);
    assert_eq!(partner.get("/organizations").await.status, 200);
}

async fn who_has_no_role_any_more_is_refused(app: &TestApp) {
    app.set_up().await;
    app.organization("globex").await;
    app.provider.person(Person::new(ANN, &["team"]));
    assert_eq!(come(&app.browser()).await.location(), "/");
    for groups in [json!([]), json!("Team"), json!(["admins2"]), json!({ "team": true }), json!(7), json!(["nowhere"])]
    {
        app.provider.person(Person { groups, ..Person::new(ANN, &[]) });
        refused(app, NO_ROLE).await;
    }
    app.provider.person(Person::new(ANN, &["neighbours"]));
    refused(app, "in another organization than yours").await;
    app.provider.person(Person { groups: json!("team"), ..Person::new(ANN, &[]) });
    assert_eq!(come(&app.browser()).await.location(), "/", "a single value is a list of one");
}

async fn another_account_is_out_of_the_claims_reach(app: &TestApp) {
    app.set_up().await;
    let theirs = app.another_account().await;
    let email = "partner@elsewhere.example.com";
    app.provider.person(Person::new(ANN, &["strangers"]));
    refused(app, NO_ROLE).await;
    app.provider.person(Person::new(email, &["team"]));
    refused(app, "in another organization than yours").await;
    app.provider.person(Person::new(email, &["strangers", "admins"]));
    refused(app, "in another organization than yours").await;
    assert_eq!(user(&theirs, email).await.role, Role::Partner);
    assert_eq!(theirs.get("/").await.status, 200, "and no session has ended");
    assert_eq!(app.rows("users").await, 2);
    assert_eq!(app.column("identity", "subject").await, [""; 0]);
}

async fn a_token_that_is_not_in_order_leads_nobody_in(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    for fault in [
        Fault::WrongNonce,
        Fault::NoNonce,
        Fault::WrongAudience,
        Fault::MoreAudiences,
        Fault::WrongIssuer,
        Fault::Expired,
        Fault::AnotherKey,
        Fault::Unsigned,
        Fault::SignedWithTheSecret,
        Fault::Tampered,
        Fault::NoToken,
        Fault::AnotherName,
        Fault::Endless,
        Fault::RefusesCodes,
    ] {
        let browser = app.browser();
        let back = agree(browser.get("/login/oidc").await.location()).await;
        app.provider.fault(Some(fault));
        let answer = browser.get(&back).await;
        assert_eq!(told(&browser, &answer).await, UNVERIFIED, "{fault:?}");
        assert_eq!(browser.get("/").await.location(), "/login", "{fault:?}");
        app.provider.fault(None);
    }
    assert_eq!(app.column("users", "email").await, [PARTNER]);
    assert_eq!(come(&app.browser()).await.location(), "/", "and in order it would have been let in");
}

async fn an_answer_counts_in_the_browser_that_asked_and_once(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let (ann, other) = (app.browser(), app.browser());
    let back = agree(ann.get("/login/oidc").await.location()).await;
    let answer = app.browser().get(&back).await;
    assert_eq!(told(&app.browser(), &answer).await, NOT_BEGUN, "a browser that has begun nothing");
    other.get("/login/oidc").await;
    let answer = other.get(&back).await;
    assert_eq!(told(&other, &answer).await, NOT_BEGUN, "one that has begun another");
    assert_eq!(app.provider.token_requests(), 0, "the code was shown to nobody");

    let thief = back.replace("state=", "state=x");
    ann.get(&thief).await;
    let back = agree(ann.get("/login/oidc").await.location()).await;
    assert_eq!(ann.get(&back).await.location(), "/");
    ann.done("session/sign_out", &[]).await;
    let again = ann.get(&back).await;
    assert_eq!(told(&ann, &again).await, NOT_BEGUN, "an answer is good once");

    // A code that was used already, with a state that is in order.
    let (_, used) = back.split_once("code=").unwrap();
    let used = used.split('&').next().unwrap();
    let fresh = agree(ann.get("/login/oidc").await.location()).await;
    let (path, query) = fresh.split_once('?').unwrap();
    let state = query.split('&').find(|pair| pair.starts_with("state=")).unwrap();
    let replayed = ann.get(&format!("{path}?code={used}&{state}")).await;
    assert_eq!(told(&ann, &replayed).await, UNVERIFIED);
    assert_eq!(ann.get("/").await.location(), "/login");
}

async fn a_sign_in_that_takes_too_long_is_over(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let ann = app.browser();
    let back = agree(ann.get("/login/oidc").await.location()).await;
    app.pass(10 * 60 + 1);
    assert_eq!(told(&ann, &ann.get(&back).await).await, NOT_BEGUN);
    assert_eq!(ann.get("/").await.location(), "/login");
    assert_eq!(app.provider.token_requests(), 0);
}

async fn the_provider_may_change_its_keys(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    assert_eq!(come(&app.browser()).await.location(), "/");
    app.provider.rotate_keys();
    assert_eq!(come(&app.browser()).await.location(), "/");
}

async fn the_session_is_a_new_one_at_each_step(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let ann = app.browser();
    let planted = id_of(&ann.get("/login/oidc").await);
    let begun = ann.get("/login/oidc").await;
    let cookie = begun.cookie().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(begun.header("cache-control"), "no-store");
    let signed_in = ann.get(&agree(begun.location()).await).await;
    let ids = [planted, id_of(&begun), id_of(&signed_in)];
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    for id in &ids[..2] {
        let thief = app.browser().request(Method::GET, "/").header("cookie", id).header("accept", "text/html");
        assert_eq!(Answer::of(thief).await.location(), "/login");
    }
}

async fn a_second_factor_is_asked_for_here_or_left_to_the_provider(app: &TestApp) {
    let partner = app.set_up().await;
    let authenticator = partner.set_up_second_factor(app.now()).await;
    partner.done("account/save", &form(&[("account", "1"), ("partners_need_second_factor", "on")])).await;

    app.provider.person(Person::new(PARTNER, &["admins"]));
    let browser = app.browser();
    assert_eq!(come(&browser).await.location(), "/login/code");
    assert_eq!(browser.get("/").await.location(), "/login/code", "half a sign-in opens nothing");
    let code = authenticator.code(app.now() + chrono::TimeDelta::seconds(30));
    assert_eq!(browser.enter_code(&code).await.status, 200);
    assert_eq!(browser.get("/").await.status, 200);

    app.provider.person(Person::new(ANN, &["admins"]));
    let ann = app.browser();
    assert_eq!(come(&ann).await.location(), "/");
    assert_eq!(ann.get("/organizations").await.status, 200, "what the provider asks for is its own business");
    let link =
        partner.done("users/reset_password", &form(&[("user", &user(&partner, ANN).await.id.to_string())])).await;
    let token = link.link.unwrap().replace("/set-password?token=", "");
    app.browser().done("users/set_password", &form(&[("token", &token), ("password", PASSWORD)])).await;
    let with_password = app.signed_in(ANN).await;
    assert_eq!(with_password.get("/").await.location(), "/profile/second-factor", "with the password alone");
}

async fn who_has_no_password_is_told_how_to_get_one(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let ann = app.browser();
    come(&ann).await;
    let change = form(&[("current_password", "anything"), ("new_password", "another good password")]);
    let errors = ann.call("profile/change_password", &change).await.form_errors();
    assert!(errors.message_for("current_password").unwrap().contains("You have no password yet"), "{errors:?}");
}

async fn tries_from_one_network_wait(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let ann = app.browser();
    let from = async |browser: &Browser, path: &str, address: &str| {
        let request = browser.request(Method::GET, path).header("accept", "text/html");
        Answer::of(request.header("x-forwarded-for", address)).await
    };
    for _ in 0..30 {
        from(&app.browser(), "/login/oidc/callback?state=x&code=y", "203.0.113.7").await;
    }
    let back = agree(ann.get("/login/oidc").await.location()).await;
    let early = from(&ann, &back, "203.0.113.8").await;
    assert_eq!(told(&ann, &early).await, "Too many failed attempts");
    let back = agree(ann.get("/login/oidc").await.location()).await;
    assert_eq!(from(&ann, &back, "198.51.100.1").await.location(), "/", "another network");
}

async fn nothing_that_is_sent_comes_back_as_markup(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let hostile = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%0D%0AX-Injected%3A%20yes";
    for query in [
        format!("state={hostile}&code={hostile}"),
        format!("error={hostile}&error_description={hostile}&error_uri={hostile}"),
        format!("state=a&state={hostile}&code=b"),
        "state=%FF%00&code=%00".to_owned(),
        format!("state={}&code=x", "s".repeat(8000)),
        String::new(),
    ] {
        let browser = app.browser();
        let answer = browser.get(&format!("/login/oidc/callback?{query}")).await;
        assert_eq!(told(&browser, &answer).await, NOT_BEGUN, "{query}");
    }
    let browser = app.browser();
    let back = agree(browser.get("/login/oidc").await.location()).await;
    let denied = back.replace("code=", "error=access_denied&error_description=%3Cb%3Eno%3C/b%3E&was=");
    let answer = browser.get(&denied).await;
    assert_eq!(told(&browser, &answer).await, "did not let you in");
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "%0d%0aX-Injected:%20yes"] {
        let browser = app.browser();
        let led = browser.get(&format!("/login/oidc?next={next}")).await;
        assert_eq!(browser.get(&agree(led.location()).await).await.location(), "/", "{next}");
    }
}

#[test]
fn a_provider_that_does_not_answer_is_waited_for_so_long_and_no_longer() {
    tell(async {
        let app = TestApp::spawn(Database::Sqlite).await;
        app.set_up().await;
        let ann = app.browser();
        let back = agree(ann.get("/login/oidc").await.location()).await;
        app.provider.fault(Some(Fault::Hangs));
        let began = Instant::now();
        let answer = ann.get(&back).await;
        assert_eq!(told(&ann, &answer).await, UNREACHABLE);
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        app.stop().await;
    });
}

#[test]
fn a_provider_that_is_not_there_or_may_not_be_dialled_reads_the_same() {
    tell(async {
        for otherwise in [(Key::OidcIssuer, "http://127.0.0.1:1"), (Key::OidcAllowNetworks, "10.0.0.0/8")] {
            let app = TestApp::spawn_with(Database::Sqlite, &[otherwise]).await;
            app.set_up().await;
            let browser = app.browser();
            let answer = browser.get("/login/oidc?next=/projects").await;
            assert!(answer.text().contains("data-address=\"/login?next=/projects\""), "{}", answer.text());
            assert!(answer.text().contains(UNREACHABLE));
            app.signed_in(PARTNER).await;
            app.stop().await;
        }
    });
}

#[test]
fn where_no_roles_are_set_people_have_those_that_they_have_here() {
    tell(async {
        let app = TestApp::spawn_with(Database::Sqlite, &[(Key::OidcRoles, "")]).await;
        let partner = app.set_up().await;
        app.provider.person(Person::new(ANN, &["admins"]));
        refused(&app, "There is no user with your email address").await;
        let ann = form(&[("email", ANN), ("role", "User"), ("organization", "1")]);
        partner.done("users/invite", &ann).await;
        assert_eq!(come(&app.browser()).await.location(), "/");
        assert_eq!(user(&partner, ANN).await.role, Role::User);
        app.stop().await;
    });
}

#[test]
fn without_a_provider_there_is_nothing_to_see() {
    tell(async {
        let app = TestApp::spawn_with(Database::Sqlite, &[(Key::OidcIssuer, "http://127.0.0.1:1")]).await;
        let mut config = app.config.clone();
        app.set_up().await;
        app.stop().await;
        config.provider = None;
        let application = server::startup::Application::build(&config).await.unwrap();
        let browser = Browser::new(application.address());
        let stop = tokio_util::sync::CancellationToken::new();
        let serving = tokio::spawn(application.run_until(stop.clone().cancelled_owned()));
        assert!(!browser.get("/login").await.text().contains("Sign In with"));
        for path in ["/login/oidc", "/login/oidc/callback?state=x&code=y"] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        stop.cancel();
        serving.await.unwrap().unwrap();
    });
}

/// A whole sign-in; the answer is that of the way back.
pub async fn come(browser: &Browser) -> Answer {
    let led = browser.get("/login/oidc").await;
    browser.get(&agree(led.location()).await).await
}

/// A whole sign-in that ends at the sign-in page, which says why.
pub async fn refused(app: &TestApp, why: &str) {
    let browser = app.browser();
    let answer = come(&browser).await;
    assert_eq!(told(&browser, &answer).await, why);
    assert_eq!(browser.get("/").await.location(), "/login");
}

/// Which of the known refusals the sign-in page shows in this answer, and once.
pub async fn told(browser: &Browser, answer: &Answer) -> String {
    let page = answer.text();
    assert!((400..500).contains(&answer.status), "{}: {page}", answer.status);
    assert!(!browser.get("/login").await.text().contains("role=\"alert\""), "it is told once");
    assert!(!page.contains("alert('provider')") && !page.contains("<script>alert"), "{page}");
    let known = [
        UNVERIFIED,
        NOT_BEGUN,
        NO_ROLE,
        UNREACHABLE,
        "has not verified your email address",
        "belongs to somebody else",
        "This is the last Partner of the account",
        "in another organization than yours",
        "There is no user with your email address",
        "Too many failed attempts",
        "did not let you in",
    ];
    let shown: Vec<_> = known.into_iter().filter(|words| page.contains(words)).collect();
    assert!(page.contains("role=\"alert\"") && shown.len() == 1, "{shown:?}: {page}");
    shown[0].to_owned()
}

/// The person agrees at the provider; the path that the provider sends the browser back to.
pub async fn agree(to: &str) -> String {
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let page = client.get(to).send().await.unwrap();
    assert_eq!(page.status(), 200, "{to}");
    let answer = client.get(to.replacen("/authorize?", "/allow?", 1)).send().await.unwrap();
    let back = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    format!("{}?{}", back.path(), back.query().unwrap())
}

async fn user(partner: &Browser, email: &str) -> UserRow {
    let list: UserList = partner.read("users/list", &json!({ "query": ListQuery::default() })).await;
    list.page.rows.into_iter().find(|row| row.email == email).unwrap()
}

fn id_of(answer: &Answer) -> String {
    answer.cookie().unwrap().split(';').next().unwrap().to_owned()
}
