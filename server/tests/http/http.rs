//! What holds for every address: health, headers, wrong addresses, refusals.

use reqwest::Method;
use server::{
    config::{Config, PublicUrl},
    startup::Application,
};
use services::Clock;

use crate::support::{
    Answer, Browser, TestApp,
    app::{PARTNER, setup_form},
    form, on_both_databases,
};

/// How browsers send forms.
const FORM: &str = "application/x-www-form-urlencoded";

on_both_databases!(
    health_is_told_to_everybody,
    metrics_tell_what_was_done_and_what_waits,
    a_wrong_address_is_a_404_page,
    pages_carry_strict_headers,
    posts_of_other_sites_are_refused,
    a_theme_is_kept_in_a_cookie_and_drawn_at_once,
    a_language_is_chosen_or_taken_from_the_browser,
    pages_are_compressed_for_browsers_that_ask_for_it,
    what_cannot_be_read_is_refused_without_a_fault,
    with_a_public_address_of_https_cookies_and_browsers_stay_with_it,
);

async fn a_theme_is_kept_in_a_cookie_and_drawn_at_once(app: &TestApp) {
    app.set_up().await;
    let stranger = app.browser();
    assert!(stranger.get("/login").await.text().contains("content=\"light dark\""));
    let choose = async |theme: &str| {
        let request = stranger
            .request(Method::POST, "/theme")
            .header("referer", format!("http://{}/login?next=%2Fprojects", app.address))
            .form(&[("theme", theme)]);
        Answer::of(request).await
    };
    let chosen = choose("dark").await;
    assert_eq!(chosen.location(), "/login?next=%2Fprojects", "back to where it was chosen");
    let page = stranger.get("/login").await.text();
    assert!(page.contains("data-theme=\"dark\"") && page.contains("name=\"color-scheme\" content=\"dark\""), "{page}");
    choose("system").await;
    assert!(!stranger.get("/login").await.text().contains("data-theme"));
    assert_eq!(choose("<script>").await.status, 422);
    let other_site = stranger.request(Method::POST, "/theme").header("sec-fetch-site", "cross-site");
    assert_eq!(Answer::of(other_site.form(&[("theme", "dark")])).await.status, 403);
}

async fn a_language_is_chosen_or_taken_from_the_browser(app: &TestApp) {
    app.set_up().await;
    let stranger = app.browser();
    let english = stranger.get("/login").await.text();
    assert!(english.contains("<html lang=\"en\"") && english.contains("<h1>Sign in<"), "{english}");
    assert!(!english.contains("/languages/"), "English needs no catalog");

    let accepts = stranger.request(Method::GET, "/login").header("accept-language", "cs-CZ, en;q=0.5");
    let czech = Answer::of(accepts).await.text();
    assert!(czech.contains("<html lang=\"cs\"") && czech.contains("<h1>Přihlášení<"), "{czech}");

    let choose = async |language: &str| {
        Answer::of(stranger.request(Method::POST, "/language").form(&[("language", language)])).await
    };
    assert_eq!(choose("cs").await.status, 303);
    let page = stranger.get("/login").await.text();
    assert!(page.contains("<html lang=\"cs\""), "{page}");
    assert_eq!(choose("klingon").await.status, 422);

    let start = page.find("/languages/").expect("a Czech page leads to its words");
    let address: String = page[start..].chars().take_while(|letter| *letter != '"').collect();
    let catalog = stranger.get(&address).await;
    assert_eq!(catalog.status, 200, "{address}");
    assert!(catalog.header("cache-control").contains("immutable"));
    assert!(catalog.text().contains("\"Sign in\":[\"Přihlášení\"]"));

    // What the server alone says, too.
    let wrong = form(&[("email", "nobody@example.com"), ("password", "wrong")]);
    let refused = stranger.post("/login", "session/sign_in", &wrong).await;
    let page = refused.text();
    assert!(page.contains("E-mail nebo heslo") && !page.contains("Email or password is wrong"), "{page}");

    choose("en").await;
    let chosen = stranger.request(Method::GET, "/login").header("accept-language", "cs");
    assert!(Answer::of(chosen).await.text().contains("<html lang=\"en\""), "the choice counts first");
}

async fn pages_are_compressed_for_browsers_that_ask_for_it(app: &TestApp) {
    app.set_up().await;
    let stranger = app.browser();
    let plain = stranger.get("/login").await;
    assert!(plain.header("content-encoding").is_empty());
    for encoding in ["gzip", "br"] {
        let asks = stranger.request(Method::GET, "/login").header("accept-encoding", encoding);
        let packed = Answer::of(asks).await;
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.bytes.len() * 2 < plain.bytes.len(), "{} of {}", packed.bytes.len(), plain.bytes.len());
    }
}

async fn health_is_told_to_everybody(app: &TestApp) {
    for address in ["/healthz", "/readyz"] {
        let answer = app.browser().get(address).await;
        assert_eq!(answer.status, 200, "{address}");
        assert!(answer.cookie().is_none(), "{address} makes no session");
    }
    let ready = app.browser().get("/readyz").await.text();
    assert_eq!(ready, "ready\ndatabase: answers\nscheduler: runs\n");
}

async fn metrics_tell_what_was_done_and_what_waits(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    partner.restore(project, backup.id, "README.md", &app.files().join("restored")).await;
    let metrics = app.metrics().await;
    assert_eq!((metrics.status, metrics.header("cache-control")), (200, "no-store"));
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    let text = metrics.text();
    let last = backup.finished.unwrap().timestamp();
    for line in [
        "holdfast_runs_total{kind=\"backup\",result=\"Completed\"} 1",
        "holdfast_runs_total{kind=\"restore\",result=\"Completed\"} 1",
        "holdfast_run_duration_seconds_count{kind=\"backup\"} 1",
        "holdfast_queue_length 0",
        "holdfast_runs_in_progress{kind=\"backup\"} 0",
        "holdfast_policies_overdue 0",
        "holdfast_repositories_damaged 0",
        "holdfast_notifications_waiting 0",
        "holdfast_leases_lost_total 0",
        &format!(
            "holdfast_project_last_completed_backup_timestamp_seconds{{organization=\"acme\",project=\"web-shop\"}} {last}"
        ),
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    assert!(value("holdfast_backup_added_bytes_total") >= Some(300_000), "{text}");
    assert!(value("holdfast_s3_requests_total") > value("holdfast_s3_failures_total"), "{text}");
}

async fn a_wrong_address_is_a_404_page(app: &TestApp) {
    let partner = app.set_up().await;
    for address in ["/nowhere", "/projects/x/y/z", "/pkg/../../etc/passwd", "/favicon.nope"] {
        let page = partner.get(address).await;
        assert_eq!(page.status, 404, "{address}");
        assert!(page.header("content-type").starts_with("text/html"), "{address}");
    }
    assert_eq!(partner.get("/pkg/nothing.js").await.status, 404);
    let function = partner.call("no/such_function", &[]).await;
    assert_eq!((function.status, function.error()), (404, app::api::ApiError::NotFound));
}

async fn pages_carry_strict_headers(app: &TestApp) {
    app.set_up().await;
    let page = app.browser().get("/login").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(page.text().contains(&format!("nonce=\"{nonce}\"")), "the page's script carries the nonce");
    assert_ne!(app.browser().get("/login").await.header("content-security-policy"), policy, "a nonce is used once");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("strict-transport-security"), "", "only over https");
}

async fn posts_of_other_sites_are_refused(app: &TestApp) {
    let partner = app.set_up().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let post = partner.request(Method::POST, "/api/session/sign_out").header(name, value);
        assert_eq!(Answer::of(post).await.status, 403, "{name}: {value}");
    }
    assert_eq!(partner.get("/").await.status, 200, "nobody was signed out");
}

async fn what_cannot_be_read_is_refused_without_a_fault(app: &TestApp) {
    let partner = app.set_up().await;
    let post = |path: &str, kind: &'static str, body: Vec<u8>| {
        let request = partner.request(Method::POST, path).header("accept", "application/json");
        let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
        Answer::of(request.body(body))
    };
    let (add, list) = ("/api/credentials/add", "/api/credentials/list");
    for (path, kind, body, status) in [
        (add, "text/plain", &b"form[s3_name]=x"[..], 415),
        (add, "multipart/form-data; boundary=x", b"--x--", 415),
        (add, "", b"form[s3_name]=x", 415),
        (add, FORM, b"", 400),
        (add, FORM, b"\xff\xfe=%ff", 400),
        (add, FORM, b"form=1&form[s3_name]=2", 400),
        (add, "application/json", b"{\"form\":{}}", 400),
        (list, "application/json", b"", 400),
        (list, "application/json", b"[[[[", 400),
        (list, "application/json", b"{\"query\":7}", 400),
        (list, FORM, b"query[page]=1", 400),
    ] {
        let answer = post(path, kind, body.to_vec()).await;
        assert_eq!(answer.status, status, "{path} {kind} {:?}: {}", String::from_utf8_lossy(body), answer.text());
    }
    assert_eq!(post(add, FORM, vec![b'a'; 300 * 1024]).await.status, 413);
    let long_head = partner.request(Method::GET, "/login").header("x-long", "a".repeat(200_000));
    // A client that is still sending when it is refused may find the connection closed before it reads the answer.
    assert!(long_head.send().await.map_or_else(|error| error.is_request(), |answer| answer.status() == 431));
    let double = form(&[("email", PARTNER), ("email", "x")]);
    assert!(partner.call("session/sign_in", &double).await.status < 500);
}

async fn with_a_public_address_of_https_cookies_and_browsers_stay_with_it(app: &TestApp) {
    let public_url = Some(PublicUrl::parse("https://backup.example.com").unwrap());
    let node = Application::build_with_clock(&Config { public_url, ..app.config.clone() }, Clock::system()).await;
    let node = node.unwrap();
    let browser = Browser::new(node.address());
    let code = form(&[("setup_code", &services::setup::code(node.services()).unwrap())]);
    let serving = tokio::spawn(node.run_until(std::future::pending()));
    let answer = browser.call("session/set_up", &[setup_form(), code].concat()).await;
    let cookie = answer.cookie().unwrap();
    for word in ["__Host-holdfast=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    serving.abort();
}
