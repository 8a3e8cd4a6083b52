//! Which hosts are answered, and who may make the first account.

use reqwest::{Method, RequestBuilder, header::HOST};
use server::config::Key;

use crate::support::{
    Answer, Browser, TestApp,
    app::{Database, setup_form},
    form,
    program::Program,
};

const PUBLIC: &str = "https://backup.example.com";
const HOST_OF_PUBLIC: &str = "backup.example.com";

fn set_up(browser: &Browser, fields: &[(String, String)]) -> RequestBuilder {
    browser.request(Method::POST, "/api/session/set_up").header("accept", "application/json").form(fields)
}

/// What the first-run function answers to a request that `change` makes of a plain one.
async fn tried(browser: &Browser, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Answer {
    Answer::of(change(set_up(browser, &setup_form()))).await
}

fn asks_for_the_code(answer: &Answer) -> bool {
    answer.status == 422 && answer.form_errors().message_for("setup_code").is_some()
}

/// A page of another name that resolves to this machine, a proxy on it, and whoever comes through one are strangers.
#[tokio::test(flavor = "multi_thread")]
async fn on_loopback_only_a_person_at_this_machine_makes_the_first_account_without_the_code() {
    let program = Program::new();
    let running = program.serve();
    let browser = running.browser();
    for host in ["evil.example", "evil.example:3000", "192.0.2.1", "localhost.evil.example"] {
        assert!(asks_for_the_code(&tried(&browser, |request| request.header(HOST, host)).await), "{host}");
        let page =
            Answer::of(browser.request(Method::GET, "/setup").header(HOST, host).header("accept", "text/html")).await;
        assert!(page.text().contains("Setup Code"), "{host}: the page asks for it");
    }
    for name in ["x-forwarded-for", "x-real-ip", "forwarded", "via", "x-forwarded-proto", "x-forwarded-host"] {
        assert!(asks_for_the_code(&tried(&browser, |request| request.header(name, "127.0.0.1")).await), "{name}");
    }
    assert!(!browser.get("/setup").await.text().contains("Setup Code"));
    assert_eq!(tried(&browser, |request| request).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_public_address_the_first_account_needs_the_code_from_everywhere() {
    let app = TestApp::spawn_with(Database::Sqlite, &[(Key::PublicUrl, PUBLIC), (Key::TrustedProxies, "")]).await;
    let browser = app.browser();
    assert!(asks_for_the_code(&tried(&browser, |request| request.header(HOST, HOST_OF_PUBLIC)).await));
    let wrong = [setup_form(), form(&[("setup_code", "AAAAA-BBBBB-CCCCC-DDDDD")])].concat();
    assert!(asks_for_the_code(&Answer::of(set_up(&browser, &wrong).header(HOST, HOST_OF_PUBLIC)).await));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_public_address_no_other_host_is_answered() {
    let app = TestApp::spawn_with(Database::Sqlite, &[(Key::PublicUrl, PUBLIC), (Key::TrustedProxies, "")]).await;
    let browser = app.browser();
    let get = |path: &'static str, host: &'static str| {
        let request = browser.request(Method::GET, path).header(HOST, host).header("accept", "text/html");
        async { Answer::of(request).await.status }
    };
    assert_eq!(get("/setup", HOST_OF_PUBLIC).await, 200);
    assert_eq!(get("/setup", "BACKUP.example.com").await, 200);
    for host in
        ["evil.example", "127.0.0.1:3000", "localhost", "backup.example.com:8080", "backup.example.com.evil.example"]
    {
        for path in ["/setup", "/", "/api/session/options", "/robots.txt", "/events"] {
            assert_eq!(get(path, host).await, 421, "{host}{path}");
        }
        for path in ["/healthz", "/readyz"] {
            assert_eq!(get(path, host).await, 200, "{host}{path}: for programs on this machine");
        }
    }
    app.stop().await;
}

/// nginx names the server behind it unless it is told to pass the browser's host on.
#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_need_not_pass_the_host_on() {
    let app = TestApp::spawn_with(Database::Sqlite, &[(Key::PublicUrl, PUBLIC)]).await;
    let browser = app.browser();
    assert_eq!(browser.get("/setup").await.status, 200);
    let post = |origin: &'static str| {
        set_up(&browser, &app.setup_form()).header("origin", origin).header("sec-fetch-site", "same-origin")
    };
    let (rebound, right) = (post("http://127.0.0.1:3000"), post(PUBLIC));
    assert_eq!(Answer::of(rebound).await.status, 403, "the origin is judged by the public address");
    assert_eq!(Answer::of(right).await.status, 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_who_shows_the_token_wherever_a_proxy_may_be() {
    let app = TestApp::spawn_with(Database::Sqlite, &[]).await;
    let browser = app.browser();
    assert_eq!(browser.get("/metrics").await.status, 401, "the proxies of the settings may pass it on without a word");
    assert_eq!(app.metrics().await.status, 200);
    app.stop().await;

    let program = Program::new();
    let running = program.serve();
    let metrics = |host: &'static str| running.browser().request(Method::GET, "/metrics").header(HOST, host);
    assert_eq!(Answer::of(metrics("localhost:3000")).await.status, 200, "a program on this machine");
    assert_eq!(Answer::of(metrics("backup.example.com")).await.status, 401, "what a proxy passes on");
    assert_eq!(Answer::of(metrics("localhost").header("x-real-ip", "192.0.2.1")).await.status, 401);
}
