//! Guessing passwords becomes slow, for everybody the same, on every node.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::Method;
use server::{config::Key, startup::Application};
use services::Clock;
use tokio::sync::Notify;

use crate::support::{
    Answer, Browser, Database, TestApp,
    app::{PARTNER, PASSWORD},
    deeds::until,
    form, on_both_databases, tell,
};

on_both_databases!(
    guesses_of_one_email_wait_longer_and_longer,
    guesses_from_one_network_wait_whatever_email_they_try,
    guesses_at_once_are_as_slow_as_one_after_the_other,
    a_second_node_counts_along,
    a_password_is_not_guessed_in_the_profile_either,
    old_counters_are_removed,
    a_flood_of_sign_ins_does_not_hold_up_known_networks,
);

const WRONG: &str = "not the password";

async fn guesses_of_one_email_wait_longer_and_longer(app: &TestApp) {
    app.set_up().await;
    let guesser = app.browser();
    for email in [PARTNER, "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(sign_in(&guesser, email, WRONG).await.status, 422);
        }
        assert_eq!(told(&sign_in(&guesser, email, WRONG).await), "Too many failed attempts. Try again in 5 s");
    }
    let early = sign_in(&guesser, &PARTNER.to_uppercase(), PASSWORD).await;
    assert_eq!(early.status, 429, "the right password has to wait too, or waiting would tell that it is right");

    app.pass(5);
    assert_eq!(sign_in(&guesser, PARTNER, WRONG).await.status, 422);
    assert_eq!(told(&sign_in(&guesser, PARTNER, WRONG).await), "Too many failed attempts. Try again in 10 s");
    app.pass(10);
    assert_eq!(sign_in(&guesser, PARTNER, PASSWORD).await.status, 200);
    assert_eq!(sign_in(&app.browser(), PARTNER, WRONG).await.status, 422, "and what was before is forgotten");
    assert_eq!(sign_in(&app.browser(), PARTNER, PASSWORD).await.status, 200);
}

async fn guesses_from_one_network_wait_whatever_email_they_try(app: &TestApp) {
    app.set_up().await;
    let browser = app.browser();
    for guess in 0..30 {
        let email = format!("guess-{guess}@example.com");
        assert_eq!(sign_in_from(&browser, "203.0.113.7", &email, WRONG).await.status, 422);
    }
    assert_eq!(sign_in_from(&browser, "203.0.113.8", "last@example.com", WRONG).await.status, 429, "a neighbour");
    let spoofed = sign_in_from(&browser, "198.51.100.1, 203.0.113.9", PARTNER, PASSWORD).await;
    assert_eq!(spoofed.status, 429, "what a client says of itself counts nothing");
    assert_eq!(sign_in_from(&browser, "198.51.100.1", PARTNER, PASSWORD).await.status, 200, "another network");
    app.pass(5);
    assert_eq!(sign_in_from(&browser, "203.0.113.7", PARTNER, PASSWORD).await.status, 200);
}

async fn guesses_at_once_are_as_slow_as_one_after_the_other(app: &TestApp) {
    app.set_up().await;
    let browsers: Vec<_> = (0..20).map(|_| app.browser()).collect();
    let answers = join_all(browsers.iter().map(|browser| sign_in(browser, PARTNER, WRONG))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 422).count();
    assert_eq!(looked_at, 5);
    assert!(answers.iter().all(|answer| [422, 429].contains(&answer.status)));
}

async fn a_second_node_counts_along(app: &TestApp) {
    app.set_up().await;
    let node = Application::build_with_clock(&app.config, Clock::system()).await.unwrap();
    let second = Browser::new(node.address());
    let serving = tokio::spawn(node.run_until(std::future::pending()));
    for browser in [&app.browser(), &second, &app.browser(), &second, &app.browser()] {
        assert_eq!(sign_in(browser, PARTNER, WRONG).await.status, 422);
    }
    assert_eq!(sign_in(&second, PARTNER, PASSWORD).await.status, 429);
    serving.abort();
}

async fn a_password_is_not_guessed_in_the_profile_either(app: &TestApp) {
    let partner = app.set_up().await;
    let change = form(&[("current_password", WRONG), ("new_password", "another good password")]);
    for _ in 0..5 {
        assert_eq!(partner.call("profile/change_password", &change).await.status, 422);
    }
    assert_eq!(
        told(&partner.call("profile/change_password", &change).await),
        "Too many failed attempts. Try again in 5 s"
    );
}

/// One of many, each from another network and of another email; tells when it was refused.
async fn guess(number: usize, browser: Browser, refused: Arc<Notify>) -> Answer {
    let network = format!("10.{}.{}.1", number / 256, number % 256);
    let answer = sign_in_from(&browser, &network, &format!("guess-{number}@example.com"), WRONG).await;
    if answer.status == 503 {
        refused.notify_one();
    }
    answer
}

/// As many as a machine with two processors looks at in a minute.
async fn a_flood_of_sign_ins_does_not_hold_up_known_networks(app: &TestApp) {
    const FLOOD: usize = 800;
    app.set_up().await;
    let home = "198.51.100.1";
    assert_eq!(sign_in_from(&app.browser(), home, PARTNER, PASSWORD).await.status, 200);
    let (flooder, full) = (app.browser(), Arc::new(Notify::new()));
    let guesses: Vec<_> = (0..FLOOD).map(|number| tokio::spawn(guess(number, flooder.clone(), full.clone()))).collect();
    full.notified().await;
    let begun = Instant::now();
    let status = sign_in_from(&app.browser(), home, PARTNER, PASSWORD).await.status;
    let took = begun.elapsed();
    let answers: Vec<_> = join_all(guesses).await.into_iter().map(Result::unwrap).collect();
    let looked_at = answers.iter().filter(|answer| answer.status == 422).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    println!(
        "a right sign-in took {took:?}; of {FLOOD} wrong ones {looked_at} were looked at, {} refused",
        refused.len()
    );
    assert_eq!((status, looked_at + refused.len()), (200, FLOOD));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(looked_at >= 40 && refused.len() > FLOOD / 2);
    assert!(refused.iter().all(|answer| answer.header("retry-after") == "5"));
    assert!(refused[0].error().to_string().starts_with("Too many people sign in at this moment"));
    assert_eq!(
        sign_in_from(&app.browser(), "192.0.2.1", PARTNER, PASSWORD).await.status,
        200,
        "afterwards all is well"
    );
}

/// Nobody is behind the address of the machine itself where no reverse proxy is set.
#[test]
fn without_a_proxy_guesses_from_the_machine_itself_are_counted() {
    tell(async {
        let app = TestApp::spawn_with(Database::Sqlite, &[(Key::TrustedProxies, "")]).await;
        app.set_up().await;
        let browser = app.browser();
        for guess in 0..30 {
            assert_eq!(sign_in(&browser, &format!("guess-{guess}@example.com"), WRONG).await.status, 422);
        }
        assert_eq!(sign_in_from(&browser, "203.0.113.7", "last@example.com", WRONG).await.status, 429);
        app.stop().await;
    });
}

async fn old_counters_are_removed(app: &TestApp) {
    app.set_up().await;
    sign_in_from(&app.browser(), "203.0.113.7", PARTNER, WRONG).await;
    assert_eq!(app.column("sign_in_throttle", "subject").await.len(), 2, "an email and a network");
    app.signed_in(PARTNER).await.draft_second_factor().await;
    app.pass(24 * 3600);
    // It is tidied up every minute.
    until(Duration::from_secs(80), async || app.column("sign_in_throttle", "subject").await, Vec::is_empty).await;
    let drafts = async || app.rows("second_factor").await;
    until(Duration::from_secs(80), drafts, |rows| *rows == 0).await;
}

async fn sign_in(browser: &Browser, email: &str, password: &str) -> Answer {
    browser.call("session/sign_in", &form(&[("email", email), ("password", password)])).await
}

/// The same through a reverse proxy.
async fn sign_in_from(browser: &Browser, forwarded_for: &str, email: &str, password: &str) -> Answer {
    let request = browser
        .request(Method::POST, "/api/session/sign_in")
        .header("accept", "application/json")
        .header("x-forwarded-for", forwarded_for)
        .form(&form(&[("email", email), ("password", password)]));
    Answer::of(request).await
}

fn told(answer: &Answer) -> String {
    assert_eq!(answer.status, 429, "{}", answer.text());
    answer.error().to_string()
}
