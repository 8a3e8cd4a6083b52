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

use crate::support::{Browser, TestApp, app::ORGANIZATION, form, on_both_databases};

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

fn table(things: &Things) -> Vec<Row> {
    let Things { project, policy, backup, restore, directory } = things;
    let list = || json!({ "query": ListQuery::default() });
    let of_project = || json!({ "project": project, "query": ListQuery::default() });
    let browse = json!({ "query": { "project": project, "backup": backup.id, "path": "", "search": "" } });
    let named = |field: &str, id: String| Ask::Form(form(&[(field, &id)]));
    // The project's organization has to be named, or the asking Manager's own would be meant.
    let first = ("organization", "1");
    let credential = form(&[
        first,
        ("s3_name", "Theirs"),
        ("access_key_id", "KEY"),
        ("secret_key", "secret"),
        ("endpoint", "http://127.0.0.1:1"),
        ("region", "us-east-1"),
    ]);
    let new_project = form(&[first, ("project_name", "theirs"), ("directory", directory)]);
    let new_policy = form(&[
        ("project", &project.to_string()),
        ("name", "theirs"),
        ("cron_period", "0 * * * *"),
        ("time_zone", "UTC"),
        ("retention", "30d"),
    ]);
    let new_restore = form(&[
        ("backup", &backup.id.to_string()),
        ("restore_name", "theirs"),
        ("target", "original"),
        ("on_conflict", "overwrite"),
    ]);
    vec![
        Row("session/setup_state", Ask::Json(json!({})), OPEN),
        Row("session/set_up", Ask::Form(form(&[("email", "x")])), [404; 3]),
        Row("session/sign_in", Ask::Form(form(&[("email", "x")])), [422; 3]),
        Row("credentials/list", Ask::Json(list()), ANY_MANAGER),
        Row("credentials/add", Ask::Form(credential), MANAGERS),
        Row("projects/list", Ask::Json(list()), SIGNED_IN),
        Row("projects/get", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("projects/choices", Ask::Json(json!({ "project": project })), MANAGERS),
        Row("projects/create", Ask::Form(new_project), MANAGERS),
        Row("projects/save_backup_settings", named("project", project.to_string()), MANAGERS),
        Row("projects/disable_backup", named("project", project.to_string()), MANAGERS),
        Row("policies/list", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("policies/preview_cron", Ask::Json(json!({ "expression": "* * * * *", "time_zone": "UTC" })), SIGNED_IN),
        Row("policies/add", Ask::Form(new_policy), MANAGERS),
        Row("policies/run_now", named("policy", policy.to_string()), MANAGERS),
        Row("policies/delete", named("policy", policy.to_string()), MANAGERS),
        Row("backups/list", Ask::Json(of_project()), MEMBERS),
        Row("backups/browse", Ask::Json(browse), MANAGERS),
        Row("backups/cancel", named("backup", backup.id.to_string()), MANAGERS),
        Row("backups/delete", named("backup", backup.id.to_string()), MANAGERS),
        Row("restores/list", Ask::Json(of_project()), MEMBERS),
        Row("restores/add", Ask::Form(new_restore), MANAGERS),
        Row("restores/cancel", named("restore", restore.id.to_string()), MANAGERS),
        Row("restores/delete", named("restore", restore.id.to_string()), MANAGERS),
        // Last, because the askers are signed out by it.
        Row("session/sign_out", Ask::Form(Vec::new()), OPEN),
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
    let file = format!("/projects/{project}/backups/{}/download?path=README.md", backup.id);
    for address in [file, format!("/projects/{project}/recovery-kit")] {
        for ((who, browser), expected) in askers.iter().zip([303, 403, 403]) {
            let answer = browser.get(&address).await;
            assert_eq!(answer.status, expected, "{who} asks {address}");
            assert!(!answer.text().contains("# Sample"), "{who} asks {address}");
        }
    }
}
