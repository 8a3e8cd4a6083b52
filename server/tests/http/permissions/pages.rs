//! Pages, downloads, and what is told to everybody.

use super::{Askers, Statuses, Things};
use crate::support::{Browser, TestApp, on_both_databases};

on_both_databases!(every_address_asks_who_is_asking);

/// A route as it is written, the address to ask, and the statuses.
struct Row(&'static str, String, Statuses);

/// Answers without an end.
const EVENTS: &str = "/events";

const EVERYBODY: Statuses = [200; 6];
/// All of them come through a proxy, and metrics are for programs on the machine itself.
const METRICS: Statuses = [401; 6];
/// Who is not signed in is led to the sign-in page.
const SIGNED_IN: Statuses = [303, 200, 200, 200, 200, 200];
const ANY_MANAGER: Statuses = [303, 403, 200, 200, 200, 200];
const PARTNERS: Statuses = [303, 403, 403, 200, 403, 200];
/// Everybody of the organization, and Partners of the account.
const MEMBERS: Statuses = [303, 200, 404, 404, 200, 200];
const MANAGERS: Statuses = [303, 403, 404, 404, 200, 200];

/// Who is signed in is led to the start.
const CALLBACK: Statuses = [403, 303, 303, 303, 303, 303];

fn table(Things { project, backup, .. }: &Things) -> Vec<Row> {
    let backup = backup.id;
    let at = str::to_owned;
    vec![
        Row("/healthz", at("/healthz"), EVERYBODY),
        Row("/readyz", at("/readyz"), EVERYBODY),
        Row("/metrics", at("/metrics"), METRICS),
        // Pages post to it; whoever only looks is told so.
        Row("/theme", at("/theme"), [405; 6]),
        Row("/language", at("/language"), [405; 6]),
        // Words are nobody's secret; this is the name of none.
        Row("/languages/{file}", at("/languages/none.json"), [404; 6]),
        Row("/setup", at("/setup"), [404; 6]),
        // Who is signed in needs no sign-in page.
        Row("/login", at("/login"), [200, 303, 303, 303, 303, 303]),
        // It leads to the provider, and from there nobody comes with what the session knows.
        Row("/login/oidc", at("/login/oidc"), [303; 6]),
        // Who is signed in is led on; the others are told that they have begun nothing.
        Row("/login/oidc/callback", at("/login/oidc/callback?state=x&code=y"), CALLBACK),
        // Where nobody owes a code.
        Row("/login/code", at("/login/code"), [303; 6]),
        Row("/profile/second-factor", at("/profile/second-factor"), SIGNED_IN),
        Row("/set-password", at("/set-password?token=nothing"), [404; 6]),
        // What each of them hears is another test's.
        Row(EVENTS, at(EVENTS), [401, 200, 200, 200, 200, 200]),
        Row("/", at("/"), SIGNED_IN),
        Row("/profile", at("/profile"), SIGNED_IN),
        Row("/projects", at("/projects"), SIGNED_IN),
        Row("/search", at("/search?search=web"), SIGNED_IN),
        Row("/help", at("/help"), SIGNED_IN),
        Row("/help/{page}", at("/help/settings"), SIGNED_IN),
        Row("/users", at("/users"), ANY_MANAGER),
        Row("/audit-log", at("/audit-log"), ANY_MANAGER),
        Row("/audit-log/export", at("/audit-log/export"), ANY_MANAGER),
        Row("/backup-credentials", at("/backup-credentials"), ANY_MANAGER),
        Row("/notifications", at("/notifications"), ANY_MANAGER),
        Row("/nodes", at("/nodes"), PARTNERS),
        Row("/organizations", at("/organizations"), PARTNERS),
        Row("/projects/{project}", format!("/projects/{project}"), MEMBERS),
        Row("/projects/{project}/policies", format!("/projects/{project}/policies"), MEMBERS),
        Row("/projects/{project}/settings", format!("/projects/{project}/settings"), MANAGERS),
        Row("/projects/{project}/repository", format!("/projects/{project}/repository"), MEMBERS),
        // Who may have it is asked for the password.
        Row(
            "/projects/{project}/recovery-kit",
            format!("/projects/{project}/recovery-kit"),
            [303, 403, 404, 404, 303, 303],
        ),
        Row("/projects/{project}/runs/{run}", format!("/projects/{project}/runs/backup-{backup}"), MEMBERS),
        Row("/projects/{project}/backups/{backup}", format!("/projects/{project}/backups/{backup}"), MANAGERS),
        Row(
            "/projects/{project}/backups/{backup}/download",
            format!("/projects/{project}/backups/{backup}/download?path=README.md"),
            MANAGERS,
        ),
        Row(
            "/projects/{project}/backups/{backup}/download",
            format!("/projects/{project}/backups/{backup}/download?path=&as=zip"),
            MANAGERS,
        ),
        Row(
            "/projects/{project}/backups/{backup}/download",
            format!("/projects/{project}/backups/{backup}/download?path=letters&as=tar.gz"),
            MANAGERS,
        ),
    ]
}

async fn every_address_asks_who_is_asking(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    let askers = Askers::of(app, &partner).await;
    let table = table(&things);

    let mut known: Vec<_> = table.iter().map(|Row(route, ..)| (*route).to_owned()).collect();
    let mut routes = server::addresses();
    known.sort();
    known.dedup();
    routes.sort();
    assert_eq!(known, routes, "every address stands in the table");

    for Row(_, address, expected) in &table {
        let endless = address == EVENTS;
        let ask = async |browser: &Browser| {
            if endless {
                browser.head_through_a_proxy(address).await
            } else {
                browser.get_through_a_proxy(address).await
            }
        };
        askers.ask(address, expected, ask).await;
    }
}
