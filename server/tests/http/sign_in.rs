//! First run, sign in, sign out.

use model::people::{Role, SetupState};
use reqwest::Method;

use crate::support::{
    Answer, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD},
    form, on_both_databases,
};

on_both_databases!(
    until_the_first_account_exists_every_page_leads_to_setup,
    setup_makes_the_account_once,
    a_short_password_is_refused_at_its_field,
    a_password_that_is_easy_to_guess_is_refused_everywhere,
    passwords_are_kept_as_argon2id_hashes,
    sign_in_makes_a_new_session,
    the_database_holds_nothing_that_opens_a_session,
    a_person_has_twenty_sessions_at_most,
    sign_out_ends_the_session_at_once,
    a_wrong_password_and_an_unknown_person_read_the_same,
    pages_lead_to_sign_in_and_back,
    a_session_outlives_nothing_it_should_not,
    a_session_ends_when_nobody_uses_it,
    a_session_ends_after_seven_days_however_much_it_is_used,
);

async fn until_the_first_account_exists_every_page_leads_to_setup(app: &TestApp) {
    let browser = app.browser();
    for page in ["/", "/login", "/projects", "/backup-credentials?page=2"] {
        assert_eq!(browser.get(page).await.location(), "/setup", "{page}");
    }
    let page = browser.get("/setup").await;
    assert_eq!(page.status, 200);
    for words in ["Account Name", "Organization", "Email", "Password", "Create Account"] {
        assert!(page.text().contains(words), "{words}");
    }
    assert!(page.text().contains("Setup Code"), "behind a proxy the code is asked for");
    let state: SetupState = browser.read("session/setup_state", &serde_json::json!({})).await;
    assert_eq!(state, SetupState { open: true, code_required: true });
}

async fn setup_makes_the_account_once(app: &TestApp) {
    let partner = app.set_up().await;
    assert_eq!(partner.get("/").await.status, 200);
    assert_eq!(partner.get("/setup").await.status, 404);
    let stranger = app.browser();
    assert_eq!(stranger.get("/setup").await.status, 404);
    assert_eq!(stranger.call("session/set_up", &app.setup_form()).await.status, 404);
    assert_eq!(app.column("users", "email").await, [PARTNER]);
}

async fn a_short_password_is_refused_at_its_field(app: &TestApp) {
    let mut fields = app.setup_form();
    fields.retain(|(name, _)| name != "form[password]");
    fields.extend(form(&[("password", "elevenchars")]));
    let errors = app.browser().call("session/set_up", &fields).await.form_errors();
    assert_eq!(errors.message_for("password"), Some("Password needs 12 to 256 characters"));
    assert!(app.column("users", "email").await.is_empty());
}

async fn a_password_that_is_easy_to_guess_is_refused_everywhere(app: &TestApp) {
    let with = |password: &str| {
        let mut fields = app.setup_form();
        fields.retain(|(name, _)| name != "form[password]");
        fields.extend(form(&[("password", password)]));
        fields
    };
    let named = format!("{ORGANIZATION} rocket skates");
    for (password, told) in
        [("password1234", "easy to guess"), (&named, "must not contain"), ("we are PARTNER today", "must not contain")]
    {
        let errors = app.browser().call("session/set_up", &with(password)).await.form_errors();
        assert!(errors.message_for("password").is_some_and(|message| message.contains(told)), "{password}: {errors:?}");
    }
    assert!(app.column("users", "email").await.is_empty());
    let partner = app.set_up().await;
    for password in ["qwertyuiop12", "my holdfast of kelp"] {
        let change = form(&[("current_password", PASSWORD), ("new_password", password)]);
        let errors = partner.call("profile/change_password", &change).await.form_errors();
        assert!(errors.message_for("new_password").is_some(), "{password}");
        let link = partner.done("users/reset_password", &form(&[("user", "1")])).await.link.unwrap();
        let token = link.strip_prefix("/set-password?token=").unwrap();
        let errors = app.browser().call("users/set_password", &form(&[("token", token), ("password", password)])).await;
        assert!(errors.form_errors().message_for("password").is_some(), "{password}");
    }
    app.signed_in(PARTNER).await;
}

async fn passwords_are_kept_as_argon2id_hashes(app: &TestApp) {
    app.set_up().await;
    let hashes = app.column("users", "password_hash").await;
    assert!(hashes[0].starts_with("$argon2id$v=19$"), "{}", hashes[0]);
}

async fn sign_in_makes_a_new_session(app: &TestApp) {
    app.set_up().await;
    let browser = app.browser();
    let failed = browser.post("/login", "session/sign_in", &sign_in("wrong password")).await;
    assert!(failed.status == 422 && failed.cookie().is_none(), "nothing is stored for a stranger");
    // A session that somebody else has planted in the browser.
    let begun = browser.get("/login/oidc").await;
    let planted = cookie_value(&begun);
    let signed_in = browser.post("/login", "session/sign_in", &sign_in(PASSWORD)).await;
    assert_eq!(signed_in.location(), "/");
    let cookie = signed_in.cookie().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_ne!(cookie_value(&signed_in), planted, "the session before sign-in must be worth nothing");
    let sessions = app.column("session", "id").await;
    assert_eq!(sessions.len(), 2, "the Partner's of the set-up, and the new one");
    assert!(!planted.ends_with(&sessions[0]) && !planted.ends_with(&sessions[1]));
}

/// What a dump of the database, a replica or a copy of the file gives away.
async fn the_database_holds_nothing_that_opens_a_session(app: &TestApp) {
    let partner = app.set_up().await;
    let signed_in = app.browser().call("session/sign_in", &sign_in(PASSWORD)).await;
    let cookie = cookie_value(&signed_in);
    let (name, id) = cookie.split_once('=').unwrap();
    assert!(!app.stores(id), "the cookie's id is stored nowhere");
    let stored = app.column("session", "id").await;
    assert_eq!(stored.len(), 2);
    for key in stored {
        assert_eq!(key.len(), 64, "SHA-256 in hexadecimal digits");
        let thief = app
            .browser()
            .request(Method::GET, "/")
            .header("cookie", format!("{name}={key}"))
            .header("accept", "text/html");
        assert_eq!(Answer::of(thief).await.location(), "/login");
    }

    // A one-time link waits in the session for the next page.
    let page = "/users?dialog=add";
    partner.post(page, "users/invite", &form(&[("email", "ann@example.com"), ("role", "Manager")])).await;
    let waiting = app.column("session", "data").await.concat();
    let shown = partner.get("/users").await.text();
    let (_, token) = shown.split_once("/set-password?token=").unwrap();
    let token = &token[..43];
    assert_eq!(app.browser().get(&format!("/set-password?token={token}")).await.status, 200, "the link works");
    assert!(!waiting.contains(token) && !waiting.contains("set-password"), "and could not be read: {waiting}");
}

async fn a_person_has_twenty_sessions_at_most(app: &TestApp) {
    let first = app.set_up().await;
    let second = app.signed_in(PARTNER).await;
    for _ in 0..19 {
        app.pass(1);
        app.signed_in(PARTNER).await;
    }
    assert_eq!(first.get("/").await.location(), "/login", "the oldest has ended");
    assert_eq!(second.get("/").await.status, 200, "and no other");
    assert_eq!(app.column("session", "id").await.len(), 20);
}

async fn sign_out_ends_the_session_at_once(app: &TestApp) {
    app.set_up().await;
    let browser = app.browser();
    let signed_in = browser.call("session/sign_in", &sign_in(PASSWORD)).await;
    let cookie = cookie_value(&signed_in);
    browser.done("session/sign_out", &[]).await;
    assert_eq!(browser.get("/").await.location(), "/login");
    // Whoever kept the cookie has nothing.
    let thief = app.browser().request(Method::GET, "/").header("cookie", cookie).header("accept", "text/html");
    assert_eq!(Answer::of(thief).await.location(), "/login");
}

async fn a_wrong_password_and_an_unknown_person_read_the_same(app: &TestApp) {
    app.set_up().await;
    let browser = app.browser();
    let wrong = browser.call("session/sign_in", &sign_in("wrong password")).await;
    let unknown = form(&[("email", "nobody@example.com"), ("password", PASSWORD)]);
    let unknown = browser.call("session/sign_in", &unknown).await;
    assert_eq!(wrong.form_errors(), unknown.form_errors());
}

async fn pages_lead_to_sign_in_and_back(app: &TestApp) {
    app.set_up().await;
    let browser = app.browser();
    let led = browser.get("/projects?search=shop&page=2").await;
    assert_eq!(led.location(), "/login?next=/projects%3Fsearch%3Dshop%26page%3D2");
    let page = browser.get(led.location()).await;
    assert!(page.text().contains("/projects?search=shop&amp;page=2"), "the form remembers where to go");
    let mut fields = sign_in(PASSWORD);
    fields.extend(form(&[("next", "/projects?search=shop&page=2")]));
    let signed_in = browser.post(led.location(), "session/sign_in", &fields).await;
    assert_eq!(signed_in.location(), "/projects?search=shop&page=2");
    assert_eq!(browser.get("/login").await.location(), "/");
}

async fn a_session_outlives_nothing_it_should_not(app: &TestApp) {
    app.set_up().await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    assert_eq!(manager.get("/").await.status, 200);
    app.clear("session").await;
    assert_eq!(manager.get("/").await.location(), "/login");
    let refused = manager.ask("projects/list", &serde_json::json!({ "query": {} })).await;
    assert_eq!(refused.status, 401);
}

const HOUR: i64 = 3600;

async fn a_session_ends_when_nobody_uses_it(app: &TestApp) {
    let idle = app.set_up().await;
    for _ in 0..2 {
        app.pass(11 * HOUR);
        assert_eq!(idle.get("/").await.status, 200);
    }
    app.pass(12 * HOUR + 60);
    assert_eq!(idle.get("/").await.location(), "/login");
}

async fn a_session_ends_after_seven_days_however_much_it_is_used(app: &TestApp) {
    let busy = app.set_up().await;
    for _ in 0..15 {
        app.pass(11 * HOUR);
        assert_eq!(busy.get("/").await.status, 200);
    }
    app.pass(3 * HOUR);
    assert_eq!(busy.get("/").await.location(), "/login");
}

fn sign_in(password: &str) -> Vec<(String, String)> {
    form(&[("email", PARTNER), ("password", password)])
}

/// `name=value` of the session's cookie.
fn cookie_value(answer: &Answer) -> String {
    answer.cookie().unwrap().split(';').next().unwrap().to_owned()
}
