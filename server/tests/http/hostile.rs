//! What attackers send, to every server function and every page: never a fault, and nothing comes back as markup.

use futures::{StreamExt, stream};
use leptos::server_fn::axum::server_fn_paths;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{
    Answer, Browser, Database, TestApp,
    deeds::webhook_form,
    form::input,
    on, on_both_databases,
    payloads::{FIELDS, broken_bodies, hostile_texts},
};

on_both_databases!(
    hostile_fields_are_refused_or_kept_as_text,
    hostile_addresses_are_pages_without_markup,
    what_comes_back_into_a_form_is_text,
    hostile_headers_change_nothing,
);

/// How something is asked.
type Ask = fn(&Browser) -> RequestBuilder;

/// Requests on their way at the same time.
const AT_ONCE: usize = 8;

/// The text in every field: in one form, or in several where all together are more than a body may be.
fn forms(text: &str) -> Vec<Vec<(String, String)>> {
    let at_once = if text.len() > 1_000 { FIELDS.len() / 4 } else { FIELDS.len() };
    FIELDS
        .chunks(at_once)
        .map(|fields| fields.iter().map(|field| (input(field), value(field, text))).collect())
        .collect()
}

async fn hostile_fields_are_refused_or_kept_as_text(app: &TestApp) {
    let (partner, texts) = (app.with_things().await, hostile_texts());
    assert!(texts.len() >= 150, "{}", texts.len());
    let functions = functions();
    let asked = stream::iter(&texts).flat_map(|text| stream::iter(&functions).map(move |function| (function, text)));
    asked
        .for_each_concurrent(AT_ONCE, |(function, text)| {
            let partner = &partner;
            async move {
                let what = format!("{function} with {:?}", &text[..text.floor_char_boundary(40)]);
                for fields in forms(text) {
                    is_harmless(&what, text, &partner.call(function, &fields).await);
                }
                is_harmless(&what, text, &partner.ask(function, &arguments(text)).await);
            }
        })
        .await;
}

/// On one database: what cannot be read comes to none.
#[test]
fn broken_bodies_are_refused_without_a_fault() {
    on(Database::Sqlite, broken_bodies_are_harmless);
}

async fn broken_bodies_are_harmless(app: &TestApp) {
    let (partner, bodies) = (app.with_things().await, broken_bodies());
    assert!(bodies.len() >= 350, "{}", bodies.len());
    let functions = functions();
    let sent = stream::iter(&bodies).flat_map(|body| stream::iter(&functions).map(move |function| (function, body)));
    sent.for_each_concurrent(AT_ONCE, |(function, (kind, body))| {
        let partner = &partner;
        async move {
            let request = partner.request(Method::POST, &format!("/api/{function}"));
            let answer = Answer::of(request.header("content-type", *kind).body(body.clone())).await;
            let begin = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let what = format!("{function} with {kind} {begin:?}");
            // What happens to be a valid question of a function without arguments is answered.
            is_harmless(&what, "<script>", &answer);
        }
    })
    .await;
}

async fn hostile_addresses_are_pages_without_markup(app: &TestApp) {
    let (partner, stranger) = (app.with_things().await, app.browser());
    let pages = [
        "/users",
        "/backup-credentials",
        "/projects",
        "/audit-log",
        "/notifications",
        "/projects/1/policies",
        "/projects/1/backups/1",
    ];
    // Longer ones do not fit into an address.
    for text in hostile_texts().iter().filter(|text| text.len() < 1_000) {
        let encoded = text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02X}"));
        let names = [
            "search",
            "sort",
            "dialog",
            "id",
            "tab",
            "path",
            "page",
            "organization",
            "person",
            "from",
            "next",
            "expand",
        ];
        let query: Vec<_> = names.iter().map(|name| format!("{name}={encoded}")).collect();
        for page in pages {
            let address = format!("{page}?{}", query.join("&"));
            is_harmless(&address, text, &partner.get(&address).await);
        }
        for address in [format!("/{encoded}"), format!("/projects/{encoded}"), format!("/projects/1/backups/{encoded}")]
        {
            is_harmless(&address, text, &partner.get(&address).await);
        }
        for address in [
            format!("/projects/1/backups/1/download?path={encoded}"),
            format!("/audit-log/export?search={encoded}&person={encoded}&from={encoded}"),
        ] {
            is_harmless(&address, text, &partner.get(&address).await);
        }
        for address in [format!("/login?next={encoded}"), format!("/set-password?token={encoded}")] {
            is_harmless(&address, text, &stranger.get(&address).await);
        }
    }
}

async fn what_comes_back_into_a_form_is_text(app: &TestApp) {
    let partner = app.with_things().await;
    for text in &hostile_texts() {
        for (page, function) in [
            ("/backup-credentials?dialog=add", "credentials/add"),
            ("/projects?dialog=add", "projects/create"),
            ("/projects/1/policies?tab=schedules&dialog=add", "policies/add"),
            ("/users?dialog=add", "users/invite"),
            ("/organizations?dialog=add", "organizations/add"),
            ("/notifications?dialog=add", "notifications/add_channel"),
        ] {
            for fields in forms(text) {
                let sent = partner.post(page, function, &fields).await;
                is_harmless(function, text, &sent);
                if sent.status == 303 {
                    is_harmless(page, text, &partner.get(page).await);
                }
            }
        }
    }
}

async fn hostile_headers_change_nothing(app: &TestApp) {
    let partner = app.with_things().await;
    let ask: [(&str, Ask); 3] = [
        ("a page", |browser| browser.request(Method::GET, "/projects").header("accept", "text/html")),
        ("a form", |browser| browser.request(Method::POST, "/api/session/sign_in").form(&[("form[email]", "x")])),
        ("a question", |browser| browser.request(Method::POST, "/api/projects/list").json(&json!({ "query": {} }))),
    ];
    let names = ["referer", "origin", "host", "cookie", "accept-language", "x-forwarded-for", "x-forwarded-host"];
    for text in &hostile_texts() {
        // What cannot stand in a header is not sent by any client.
        let Ok(value) = reqwest::header::HeaderValue::from_bytes(text.as_bytes()) else { continue };
        for (what, request) in ask {
            for name in names {
                let answer = Answer::of(request(&partner).header(name, value.clone())).await;
                is_harmless(&format!("{what} with {name}"), text, &answer);
            }
        }
    }
}

/// No fault, no markup, no header of the attacker's.
fn is_harmless(what: &str, text: &str, answer: &Answer) {
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.text());
    assert!(!answer.headers.contains_key("x-injected"), "{what}");
    let kind = answer.header("content-type");
    let body = answer.text();
    if kind.starts_with("text/html") {
        let comes_back = text.contains('<') && body.contains(text);
        assert!(!comes_back, "{what} comes back as markup: {body}");
    } else {
        assert!(body.is_empty() || answer.header("x-content-type-options") == "nosniff", "{what}: {kind}");
    }
}

/// Ids are of things that are there: what comes after the search for the thing is asked too.
fn value(field: &str, text: &str) -> String {
    match field {
        "project" | "policy" | "backup" | "restore" | "credential" | "organization" | "version" | "channel"
        | "account" | "backup.credential" => "1".to_owned(),
        "user" => "2".to_owned(),
        "kind" => "webhook".to_owned(),
        "backup.enable_backup" | "failure" => "on".to_owned(),
        _ => text.to_owned(),
    }
}

/// The arguments of all functions that take JSON.
fn arguments(text: &str) -> Value {
    let list = json!({ "search": text, "sort": text, "page": 1, "per_page": 25 });
    let browse = json!({ "project": 1, "backup": 1, "path": text, "search": text });
    let mut query = list;
    for (name, value) in [("list", query.clone()), ("person", text.into()), ("action", text.into())] {
        query[name] = value;
    }
    for (name, value) in browse.as_object().into_iter().flatten().filter(|(name, _)| *name != "search") {
        query[name] = value.clone();
    }
    for name in ["from", "to"] {
        query[name] = text.into();
    }
    let terms = json!({ "expression": text, "time_zone": text, "retention": text, "keep": { "daily": text } });
    json!({
        "query": query, "project": 1, "policy": 1, "terms": terms, "credential": 1, "token": text, "expression": text,
        "time_zone": text, "organization": 1,
    })
}

/// All but the one that would sign the asking person out.
fn functions() -> Vec<String> {
    let functions = server_fn_paths().map(|(path, _)| path.trim_start_matches("/api/").to_owned());
    functions.filter(|function| function != "session/sign_out").collect()
}

impl TestApp {
    /// A Partner with one of each: a project with backup, a policy, a backup, a restore, another person.
    async fn with_things(&self) -> Browser {
        let (partner, project) = self.backed_up_project().await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        let backup = partner.backup_now(project, policy).await;
        partner.restore(project, backup.id, "README.md", &self.files().join("restored")).await;
        partner.add_channel(&webhook_form("hook", "http://127.0.0.1:1/hook")).await;
        self.person(model::people::Role::User, crate::support::app::ORGANIZATION).await;
        partner
    }
}
