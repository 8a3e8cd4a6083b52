//! A provider, or somebody between it and the browser, that does what it should not.

use std::time::{Duration, Instant};

use chrono::Utc;
use futures::future::join_all;
use model::people::Role;
use serde_json::{Value, json};
use test_openid::{CLIENT_ID, Fault, Person};

use crate::{
    openid::{ANN, NO_ROLE, NOT_BEGUN, UNREACHABLE, UNVERIFIED, agree, come, refused, told},
    support::{
        Answer, Browser, Database, TestApp,
        app::{ORGANIZATION, PARTNER, PASSWORD},
        form, on_both_databases, tell,
    },
};

on_both_databases!(
    a_claim_of_the_wrong_type_leads_nobody_in,
    a_token_for_another_party_or_another_time_leads_nobody_in,
    an_answer_of_another_issuer_is_shown_to_nobody,
    a_code_of_another_browser_is_worth_nothing,
    a_sign_in_under_way_ends_with_the_session_that_began_it,
    one_answer_that_is_sent_many_times_at_once_leads_in_once,
    a_key_that_cannot_be_trusted_signs_nothing,
    strangers_fill_no_table,
);

const NOT_VERIFIED: &str = "has not verified your email address";

/// An empty list in so many lists.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!([]), |inner, _| json!([inner]))
}

async fn a_claim_of_the_wrong_type_leads_nobody_in(app: &TestApp) {
    app.set_up().await;
    let many: Vec<String> = (0..100_000).map(|number| format!("group-{number}")).collect();
    for (claims, why) in [
        (json!({ "sub": "" }), UNVERIFIED),
        (json!({ "sub": null }), UNVERIFIED),
        (json!({ "sub": 7 }), UNVERIFIED),
        (json!({ "sub": ["x"] }), UNVERIFIED),
        (json!({ "sub": "s".repeat(10_000) }), UNVERIFIED),
        (json!({ "sub": "one\r\nline: more" }), UNVERIFIED),
        (json!({ "email": [PARTNER] }), UNVERIFIED),
        (json!({ "email": { "address": PARTNER } }), UNVERIFIED),
        (json!({ "email": null }), NOT_VERIFIED),
        (json!({ "email": format!("{PARTNER}\u{0}") }), NOT_VERIFIED),
        (json!({ "email": format!("{PARTNER}\r\nBcc: x@example.com") }), NOT_VERIFIED),
        (json!({ "email": format!("{PARTNER},other@example.com") }), NOT_VERIFIED),
        (json!({ "email_verified": null }), NOT_VERIFIED),
        (json!({ "email_verified": false }), NOT_VERIFIED),
        (json!({ "email_verified": "true" }), UNVERIFIED),
        (json!({ "email_verified": 1 }), UNVERIFIED),
        (json!({ "email_verified": [true] }), UNVERIFIED),
        (json!({ "groups": 7 }), NO_ROLE),
        (json!({ "groups": null }), NO_ROLE),
        (json!({ "groups": { "admins": true } }), NO_ROLE),
        (json!({ "groups": [["admins"]] }), NO_ROLE),
        (json!({ "groups": [{ "name": "admins" }, null, 7] }), NO_ROLE),
        (json!({ "groups": "admins,staff" }), NO_ROLE),
        (json!({ "groups": nested(500) }), UNVERIFIED),
        (json!({ "groups": many }), UNVERIFIED),
    ] {
        app.provider.person(Person::new(PARTNER, &["admins"]).claiming(claims.clone()));
        let (browser, shown) = (app.browser(), claims.to_string().chars().take(80).collect::<String>());
        let answer = come(&browser).await;
        assert_eq!(told(&browser, &answer).await, why, "{shown}");
        assert_eq!(browser.get("/").await.location(), "/login", "{shown}");
        assert_eq!(app.column("identity", "subject").await, [""; 0], "{shown}");
    }
    assert_eq!(app.column("users", "email").await, [PARTNER]);
}

async fn a_token_for_another_party_or_another_time_leads_nobody_in(app: &TestApp) {
    app.set_up().await;
    let now = Utc::now().timestamp();
    for claims in [
        json!({ "azp": "another-client" }),
        json!({ "aud": [CLIENT_ID], "azp": "another-client" }),
        json!({ "aud": [CLIENT_ID, "another-client"], "azp": CLIENT_ID }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "aud": { "0": CLIENT_ID } }),
        json!({ "iss": [app.provider.issuer()] }),
        json!({ "iss": format!("{}/", app.provider.issuer()) }),
        json!({ "nonce": ["x"] }),
        json!({ "exp": null }),
        json!({ "exp": "tomorrow" }),
        json!({ "exp": 1e300 }),
        json!({ "exp": -1 }),
        json!({ "iat": null }),
        json!({ "iat": now + 3600 }),
        json!({ "iat": now + 365 * 86_400, "exp": now + 366 * 86_400 }),
        json!({ "iat": -1e300 }),
    ] {
        app.provider.person(Person::new(ANN, &["staff"]).claiming(claims.clone()));
        let browser = app.browser();
        let answer = come(&browser).await;
        assert_eq!(told(&browser, &answer).await, UNVERIFIED, "{claims}");
        assert_eq!(browser.get("/").await.location(), "/login", "{claims}");
    }
    assert_eq!(app.column("users", "email").await, [PARTNER]);
    for claims in [json!({ "azp": CLIENT_ID }), json!({ "aud": [CLIENT_ID] }), json!({ "iat": now + 60 })] {
        app.provider.person(Person::new(ANN, &["staff"]).claiming(claims.clone()));
        assert_eq!(come(&app.browser()).await.location(), "/", "{claims}");
    }
}

/// RFC 9207: the code in an answer that another provider gave may be one of the right provider's, which that one would
/// like to have exchanged, or to be shown.
async fn an_answer_of_another_issuer_is_shown_to_nobody(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    for fault in [Fault::NamesAnother, Fault::NamesAnotherUnannounced, Fault::ConcealsItself] {
        app.provider.fault(Some(fault));
        refused(app, UNVERIFIED).await;
    }
    assert_eq!(app.provider.token_requests(), 0, "the code was shown to nobody");
    assert_eq!(app.column("users", "email").await, [PARTNER]);
    app.provider.fault(Some(Fault::NamesItself));
    assert_eq!(come(&app.browser()).await.location(), "/");
}

/// The answer's `name=value`.
fn part<'a>(back: &'a str, name: &str) -> &'a str {
    let (_, query) = back.split_once('?').unwrap();
    query.split('&').find(|pair| pair.starts_with(name)).unwrap()
}

async fn a_code_of_another_browser_is_worth_nothing(app: &TestApp) {
    app.set_up().await;
    // Even where the provider looks at no verifier, the nonce ties the token to who asked.
    for fault in [None, Some(Fault::IgnoresVerifiers)] {
        app.provider.fault(fault);
        app.provider.person(Person::new(PARTNER, &["admins"]));
        let (victim, thief) = (app.browser(), app.browser());
        let stolen = agree(victim.get("/login/oidc").await.location()).await;
        app.provider.person(Person::new("thief@example.com", &["staff"]));
        let own = agree(thief.get("/login/oidc").await.location()).await;
        let (path, _) = own.split_once('?').unwrap();
        let injected = format!("{path}?{}&{}", part(&stolen, "code="), part(&own, "state="));
        let answer = thief.get(&injected).await;
        assert_eq!(told(&thief, &answer).await, UNVERIFIED, "{fault:?}");
        assert_eq!(thief.get("/").await.location(), "/login", "{fault:?}");
        let answer = thief.get(&own).await;
        assert_eq!(told(&thief, &answer).await, NOT_BEGUN, "the state was used up, {fault:?}");
    }
    assert_eq!(app.column("identity", "subject").await, [""; 0]);
}

async fn a_sign_in_under_way_ends_with_the_session_that_began_it(app: &TestApp) {
    app.set_up().await;
    app.person(Role::Manager, ORGANIZATION).await;
    app.provider.person(Person::new(PARTNER, &["admins"]));
    let begun = async |browser: &Browser| agree(browser.get("/login/oidc").await.location()).await;

    let signed_out = app.browser();
    let back = begun(&signed_out).await;
    signed_out.done("session/sign_out", &[]).await;
    let answer = signed_out.get(&back).await;
    assert_eq!(told(&signed_out, &answer).await, NOT_BEGUN, "signed out");

    // Somebody signs in with a password in between: it does not become another person's session, nor lead one in later.
    let again = app.browser();
    let back = begun(&again).await;
    let manager = form(&[("email", "manager@acme.example.com"), ("password", PASSWORD)]);
    again.done("session/sign_in", &manager).await;
    again.get(&back).await;
    assert!(again.get("/profile").await.text().contains("manager@acme.example.com"));
    again.done("session/sign_out", &[]).await;
    let answer = again.get(&back).await;
    assert_eq!(told(&again, &answer).await, NOT_BEGUN, "signed in with the password in between");
    assert_eq!(app.provider.token_requests(), 0);
}

/// Whoever asks to be sent to the provider leaves a row behind for ten minutes, but not very many of them.
async fn strangers_fill_no_table(app: &TestApp) {
    app.set_up().await;
    let before = app.rows("session").await;
    let mut last = app.browser();
    for _ in 0..60 {
        last = app.browser();
        let begun = last.request(reqwest::Method::GET, "/login/oidc").header("x-forwarded-for", "203.0.113.7");
        assert_eq!(Answer::of(begun).await.status, 303);
    }
    assert_eq!(app.rows("session").await - before, 50);
    app.provider.person(Person::new(PARTNER, &["admins"]));
    assert_eq!(come(&last).await.location(), "/", "and sign-in goes on");
}

async fn one_answer_that_is_sent_many_times_at_once_leads_in_once(app: &TestApp) {
    let partner = app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    let ann = app.browser();
    let back = agree(ann.get("/login/oidc").await.location()).await;
    let answers = join_all((0..6).map(|_| ann.get(&back))).await;
    let led_in = answers.iter().filter(|answer| answer.status == 303).count();
    assert_eq!(led_in, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert_eq!(app.rows("users").await, 2);
    assert_eq!(partner.get("/").await.status, 200);
    app.person(Role::User, ORGANIZATION).await;
}

async fn a_key_that_cannot_be_trusted_signs_nothing(app: &TestApp) {
    app.set_up().await;
    app.provider.person(Person::new(ANN, &["staff"]));
    for fault in [
        Fault::SignedWithThePublicKey,
        Fault::BringsItsKey,
        Fault::ManyKeys,
        Fault::HugeKey,
        Fault::EndlessKeys,
        Fault::EndlessTokens,
        Fault::Redirects,
    ] {
        let browser = app.browser();
        let back = agree(browser.get("/login/oidc").await.location()).await;
        app.provider.fault(Some(fault));
        let began = Instant::now();
        let answer = browser.get(&back).await;
        println!("{fault:?}: {:.1} s", began.elapsed().as_secs_f64());
        assert_eq!(told(&browser, &answer).await, UNVERIFIED, "{fault:?}");
        assert!(began.elapsed() < Duration::from_secs(15), "{fault:?}: {:?}", began.elapsed());
        assert_eq!(browser.get("/").await.location(), "/login", "{fault:?}");
        app.provider.fault(None);
    }
    assert_eq!(app.provider.led_astray(), 0, "the code and the client's secret stay where they were to go");
    assert_eq!(app.column("users", "email").await, [PARTNER]);
}

#[test]
fn an_answer_that_drips_is_waited_for_so_long_and_no_longer() {
    tell(async {
        let app = TestApp::spawn(Database::Sqlite).await;
        app.set_up().await;
        let ann = app.browser();
        let back = agree(ann.get("/login/oidc").await.location()).await;
        app.provider.fault(Some(Fault::DrippingTokens));
        let began = Instant::now();
        let answer = ann.get(&back).await;
        assert_eq!(told(&ann, &answer).await, UNREACHABLE);
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        app.stop().await;
    });
}
