//! Who may ask what: one table of every server function and download, for everybody who might ask.

use leptos::server_fn::axum::server_fn_paths;
use model::{
    backup::BackupRow,
    ids::{PolicyId, ProjectId},
    list::ListQuery,
    people::Role,
    restore::RestoreRow,
};
use serde_json::{Value, json};

use crate::support::{
    Browser, TestApp,
    app::{ORGANIZATION, PASSWORD},
    form, on_both_databases,
};

on_both_databases!(every_function_asks_who_is_asking);

/// What there is to ask about.
struct Things {
    project: ProjectId,
    policy: PolicyId,
    backup: BackupRow,
    restore: RestoreRow,
    directory: String,
}

/// How a function is asked.
enum Ask {
    Form(Vec<(String, String)>),
    Json(Value),
}

/// The statuses for nobody, a User of the organization, and a Manager of another organization of the account.
struct Row(&'static str, Ask, [u16; 3]);

const OPEN: [u16; 3] = [200; 3];
/// Everybody who is signed in.
const SIGNED_IN: [u16; 3] = [401, 200, 200];
/// Everybody of the organization.
const MEMBERS: [u16; 3] = [401, 200, 403];
/// Managers of the organization and Partners.
const MANAGERS: [u16; 3] = [401, 403, 403];
/// Managers, each of the own organization.
const ANY_MANAGER: [u16; 3] = [401, 403, 200];
/// Partners alone.
const PARTNERS: [u16; 3] = [401, 403, 403];

/// Names the organization of the things: else the asking Manager's own would be meant.
const HOME: (&str, &str) = ("organization", "1");

fn table(things: &Things) -> Vec<Row> {
    [session(), people(), credentials(), projects(things), policies(things), runs(things), sign_out()]
        .into_iter()
        .flatten()
        .collect()
}

fn list() -> Ask {
    Ask::Json(json!({ "query": ListQuery::default() }))
}

/// A form with one field that names a thing.
fn named(field: &str, id: impl ToString) -> Ask {
    filled(&[(field, &id.to_string())])
}

fn filled(fields: &[(&str, &str)]) -> Ask {
    Ask::Form(form(fields))
}

fn session() -> Vec<Row> {
    vec![
        Row("session/setup_state", Ask::Json(json!({})), OPEN),
        Row("session/set_up", named("email", "x"), [404; 3]),
        Row("session/sign_in", named("email", "x"), [422; 3]),
        Row("profile/get", Ask::Json(json!({})), SIGNED_IN),
        Row("profile/change_password", named("current_password", "wrong"), [401, 422, 422]),
        Row("profile/end_session", named("session", "nothing"), [401, 404, 404]),
    ]
}

/// Signs the askers out, so it comes last.
fn sign_out() -> Vec<Row> {
    vec![Row("session/sign_out", filled(&[]), OPEN)]
}

fn people() -> Vec<Row> {
    let invitation = filled(&[HOME, ("email", "new@example.com"), ("role", "User")]);
    let password = filled(&[("token", "nothing"), ("password", PASSWORD)]);
    vec![
        Row("users/list", list(), ANY_MANAGER),
        Row("users/invite", invitation, MANAGERS),
        Row("users/reset_password", named("user", 1), MANAGERS),
        Row("users/change_role", filled(&[("user", "1"), ("role", "User")]), MANAGERS),
        Row("users/remove", named("user", 1), MANAGERS),
        Row("users/look_at_link", Ask::Json(json!({ "token": "nothing" })), [404; 3]),
        Row("users/set_password", password, [404; 3]),
        Row("organizations/list", Ask::Json(json!({})), PARTNERS),
        Row("organizations/add", named("name", "theirs"), PARTNERS),
        Row("organizations/update", filled(&[HOME, ("name", "theirs")]), PARTNERS),
        Row("organizations/remove", named("organization", 1), PARTNERS),
        Row("audit/list", Ask::Json(json!({ "query": {} })), ANY_MANAGER),
    ]
}

fn credentials() -> Vec<Row> {
    let new = filled(&[
        HOME,
        ("s3_name", "Theirs"),
        ("access_key_id", "KEY"),
        ("secret_key", "secret"),
        ("endpoint", "http://127.0.0.1:1"),
        ("region", "us-east-1"),
    ]);
    let changed = filled(&[("credential", "1"), ("version", "1"), ("s3_name", "Theirs"), ("access_key_id", "KEY")]);
    vec![
        Row("credentials/list", list(), ANY_MANAGER),
        Row("credentials/get", Ask::Json(json!({ "credential": 1 })), MANAGERS),
        Row("credentials/add", new, MANAGERS),
        Row("credentials/update", changed, MANAGERS),
        Row("credentials/set_default", named("credential", 1), MANAGERS),
        Row("credentials/lock", named("credential", 1), MANAGERS),
        Row("credentials/unlock", named("credential", 1), MANAGERS),
        Row("credentials/delete", named("credential", 1), MANAGERS),
    ]
}

fn projects(Things { project, directory, .. }: &Things) -> Vec<Row> {
    let new = filled(&[HOME, ("project_name", "theirs"), ("directory", directory)]);
    vec![
        Row("projects/list", list(), SIGNED_IN),
        Row("projects/get", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("projects/choices", Ask::Json(json!({ "project": project })), MANAGERS),
        Row("projects/create", new, MANAGERS),
        Row("projects/save_backup_settings", named("project", project), MANAGERS),
        Row("projects/disable_backup", named("project", project), MANAGERS),
        Row("projects/lock", named("project", project), MANAGERS),
        Row("projects/unlock", named("project", project), MANAGERS),
        Row("projects/delete", named("project", project), MANAGERS),
    ]
}

fn policies(Things { project, policy, .. }: &Things) -> Vec<Row> {
    let new = filled(&[
        ("project", &project.to_string()),
        ("name", "theirs"),
        ("cron_period", "0 * * * *"),
        ("time_zone", "UTC"),
        ("retention", "30d"),
    ]);
    let preview = Ask::Json(json!({ "expression": "* * * * *", "time_zone": "UTC" }));
    vec![
        Row("policies/list", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("policies/preview_cron", preview, SIGNED_IN),
        Row("policies/add", new, MANAGERS),
        Row("policies/run_now", named("policy", policy), MANAGERS),
        Row("policies/delete", named("policy", policy), MANAGERS),
    ]
}

fn runs(Things { project, backup, restore, .. }: &Things) -> Vec<Row> {
    let of_project = || Ask::Json(json!({ "project": project, "query": ListQuery::default() }));
    let browse = json!({ "query": { "project": project, "backup": backup.id, "path": "", "search": "" } });
    let new_restore = filled(&[
        ("backup", &backup.id.to_string()),
        ("restore_name", "theirs"),
        ("target", "original"),
        ("on_conflict", "overwrite"),
    ]);
    vec![
        Row("backups/list", of_project(), MEMBERS),
        Row("backups/browse", Ask::Json(browse), MANAGERS),
        Row("backups/cancel", named("backup", backup.id), MANAGERS),
        Row("backups/delete", named("backup", backup.id), MANAGERS),
        Row("restores/list", of_project(), MEMBERS),
        Row("restores/add", new_restore, MANAGERS),
        Row("restores/cancel", named("restore", restore.id), MANAGERS),
        Row("restores/delete", named("restore", restore.id), MANAGERS),
    ]
}

async fn every_function_asks_who_is_asking(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 3 * * *").await;
    let backup = partner.backup_now(project, policy).await;
    let restore = partner.restore(project, backup.id, "README.md", &app.files().join("restored")).await;
    let directory = app.files().display().to_string();
    let things = Things { project, policy, backup, restore, directory };
    let table = table(&things);

    let mut known: Vec<_> = table.iter().map(|Row(function, ..)| format!("/api/{function}")).collect();
    let mut functions: Vec<_> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    known.sort();
    functions.sort();
    assert_eq!(known, functions, "every server function stands in the table");

    app.organization("globex").await;
    let askers = [
        ("nobody", app.browser()),
        ("a User", app.person(Role::User, ORGANIZATION).await),
        ("another organization's Manager", app.person(Role::Manager, "globex").await),
    ];
    downloads_ask_too(&things, &askers).await;
    for Row(function, ask, expected) in &table {
        for ((who, browser), expected) in askers.iter().zip(expected) {
            let answer = match ask {
                Ask::Form(fields) => browser.call(function, fields).await,
                Ask::Json(arguments) => browser.ask(function, arguments).await,
            };
            assert_eq!(answer.status, *expected, "{who} asks {function}: {}", answer.text());
        }
    }
    assert_eq!(partner.projects().await.page.total, 1);
    assert_eq!(partner.policies(project).await.len(), 1);
    assert_eq!(partner.backups(project).await.len(), 1);
    assert_eq!(partner.restores(project).await.len(), 1, "nothing was changed by those who may not");
}

async fn downloads_ask_too(things: &Things, askers: &[(&str, Browser); 3]) {
    let Things { project, backup, .. } = things;
    for (address, expected) in [
        (format!("/projects/{project}/backups/{}/download?path=README.md", backup.id), [303, 403, 403]),
        (format!("/projects/{project}/backups/{}/download?path=&as=zip", backup.id), [303, 403, 403]),
        (format!("/projects/{project}/backups/{}/download?path=letters&as=tar.gz", backup.id), [303, 403, 403]),
        (format!("/projects/{project}/recovery-kit"), [303, 403, 403]),
        ("/audit-log/export".to_owned(), [303, 403, 200]),
    ] {
        for ((who, browser), expected) in askers.iter().zip(expected) {
            let answer = browser.get(&address).await;
            assert_eq!(answer.status, expected, "{who} asks {address}");
            let text = answer.text();
            assert!(!text.contains("# Sample") && !text.contains("web-shop"), "{who} asks {address}: {text}");
        }
    }
}
