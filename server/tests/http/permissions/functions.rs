//! Server functions. What somebody may do who may, is asked so that it changes nothing for the rows that follow: with
//! something that is refused for another reason, or in pairs that undo each other.

use std::time::Duration;

use leptos::server_fn::axum::server_fn_paths;
use model::list::ListQuery;
use serde_json::{Value, json};

use super::{Askers, Statuses, Things};
use crate::support::{
    Answer, Browser, TestApp,
    app::{PARTNER, PASSWORD},
    deeds::until,
    form, on_both_databases,
};

on_both_databases!(every_function_asks_who_is_asking);

/// How a function is asked.
pub enum Ask {
    Form(Vec<(String, String)>),
    Json(Value),
}

struct Row(&'static str, Ask, Statuses);

const OPEN: Statuses = [200; 6];
const SIGNED_IN: Statuses = [401, 200, 200, 200, 200, 200];
const ANY_MANAGER: Statuses = [401, 403, 200, 200, 200, 200];
/// Everybody of the organization, and Partners of the account.
const MEMBERS: Statuses = [401, 200, 404, 404, 200, 200];

/// Managers of the organization and Partners of the account; what each of the two is told.
const fn managers([manager, partner]: [u16; 2]) -> Statuses {
    [401, 403, 404, 404, manager, partner]
}

/// Partners of the account; what one is told.
const fn partners(partner: u16) -> Statuses {
    [401, 403, 404, 404, 403, partner]
}

/// Done by the one, undone or refused by its state for the other.
const ONCE: Statuses = managers([200, 409]);
const REFUSED: Statuses = managers([409; 2]);
const UNFIT: Statuses = managers([422; 2]);
const READ: Statuses = managers([200; 2]);

/// Names the organization of the things: else the asking person's own would be meant.
const HOME: (&str, &str) = ("organization", "1");

fn table(things: &Things) -> Vec<Row> {
    [
        session(),
        people(),
        credentials(),
        projects(things),
        locked(things),
        policies(things),
        runs(things),
        maintenance(things),
        notifications(things),
        sign_out(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every function with what it is asked about the things.
pub fn asks(things: &Things) -> Vec<(&'static str, Ask)> {
    table(things).into_iter().map(|Row(function, ask, _)| (function, ask)).collect()
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
        Row("session/options", Ask::Json(json!({})), OPEN),
        Row("session/set_up", named("email", "x"), [404; 6]),
        Row("session/sign_in", named("email", "x"), [422; 6]),
        Row("dashboard/get", Ask::Json(json!({})), SIGNED_IN),
        Row("profile/get", Ask::Json(json!({})), SIGNED_IN),
        Row("profile/change_password", named("current_password", "wrong"), [401, 422, 422, 422, 422, 422]),
        Row("profile/end_session", named("session", "nothing"), [401, 404, 404, 404, 404, 404]),
        // Nobody owes a code.
        Row("session/sign_in_with_code", named("code", "123456"), [401; 6]),
        Row("second_factor/get", Ask::Json(json!({})), SIGNED_IN),
        Row("second_factor/begin", named("password", "wrong"), [401, 422, 422, 422, 422, 422]),
        Row("second_factor/confirm", named("code", "123456"), [401, 409, 409, 409, 409, 409]),
        Row("second_factor/new_codes", named("password", "wrong"), [401, 422, 422, 422, 422, 422]),
        Row("second_factor/use_codes", filled(&[]), [401, 409, 409, 409, 409, 409]),
        Row("second_factor/turn_off", named("password", "wrong"), [401, 422, 422, 422, 422, 422]),
    ]
}

/// Signs the askers out, so it comes last.
fn sign_out() -> Vec<Row> {
    vec![Row("session/sign_out", filled(&[]), OPEN)]
}

/// User 1 is the first Partner, whom no Manager manages and who cannot remove themselves.
fn people() -> Vec<Row> {
    let known = filled(&[HOME, ("email", PARTNER), ("role", "User")]);
    let same_role = filled(&[("user", "1"), ("role", "Partner")]);
    let password = filled(&[("token", "nothing"), ("password", PASSWORD)]);
    vec![
        Row("users/list", list(), ANY_MANAGER),
        Row("users/invite", known, UNFIT),
        Row("users/reset_password", named("user", 1), partners(200)),
        Row("users/change_role", same_role, partners(200)),
        // One's own is turned off otherwise.
        Row("users/reset_second_factor", named("user", 1), partners(409)),
        Row("users/remove", named("user", 1), partners(409)),
        Row("users/look_at_link", Ask::Json(json!({ "token": "nothing" })), [404; 6]),
        Row("users/set_password", password, [404; 6]),
        Row("manual/get", Ask::Json(json!({ "page": "settings" })), SIGNED_IN),
        Row("nodes/list", Ask::Json(json!({})), [401, 403, 403, 200, 403, 200]),
        // Its clock is not in doubt.
        Row("nodes/confirm_clock", named("node", "one"), [401, 403, 403, 409, 403, 409]),
        Row("account/get", Ask::Json(json!({})), [401, 403, 403, 200, 403, 200]),
        // As it is already.
        Row("account/save", named("account", 1), [401, 403, 403, 404, 403, 200]),
        Row("organizations/list", Ask::Json(json!({})), [401, 403, 403, 200, 403, 200]),
        Row("organizations/add", named("name", "a b"), [401, 403, 403, 422, 403, 422]),
        Row("organizations/update", filled(&[HOME, ("name", "a b")]), partners(422)),
        Row("organizations/remove", named("organization", 1), partners(409)),
        Row("audit/list", Ask::Json(json!({ "query": {} })), ANY_MANAGER),
    ]
}

/// Credential 1 is the default one, in use, with other keys than these.
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
    let moved = filled(&[("credential", "1"), ("version", "1"), ("endpoint", "http://127.0.0.1:1")]);
    vec![
        Row("credentials/list", list(), ANY_MANAGER),
        Row("credentials/get", Ask::Json(json!({ "credential": 1 })), READ),
        Row("credentials/add", new, UNFIT),
        Row("credentials/update", changed, UNFIT),
        Row("credentials/set_default", named("credential", 1), REFUSED),
        Row("credentials/lock", named("credential", 1), ONCE),
        Row("credentials/unlock", named("credential", 1), ONCE),
        Row("credentials/move_endpoint", moved, UNFIT),
        Row("credentials/check", named("credential", 1), READ),
        Row("credentials/delete", named("credential", 1), REFUSED),
    ]
}

fn projects(Things { project, directory, .. }: &Things) -> Vec<Row> {
    let known = filled(&[HOME, ("project_name", "web-shop"), ("directory", directory)]);
    vec![
        Row("projects/list", list(), SIGNED_IN),
        Row("projects/get", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("projects/search", Ask::Json(json!({ "text": "web" })), SIGNED_IN),
        Row("projects/overview", Ask::Json(json!({ "project": project })), MEMBERS),
        Row(
            "projects/look_into_directory",
            Ask::Json(json!({ "query": { "organization": 1, "node": null, "path": directory } })),
            READ,
        ),
        Row("projects/choices", Ask::Json(json!({ "project": project })), READ),
        Row("projects/create", known, UNFIT),
        // It is not deleted.
        Row("projects/undo_deletion", named("project", project), [401, 404, 404, 404, 404, 404]),
        // There is no removal; `services.rs` has one.
        Row("projects/retry_removal", named("removal", 1), [401, 404, 404, 404, 404, 404]),
        Row("projects/give_up_removal", named("removal", 1), [401, 404, 404, 404, 404, 404]),
        Row("projects/recovery_kit", filled(&[("project", &project.to_string()), ("password", "wrong")]), UNFIT),
        // Asks whether backup shall be off.
        Row("projects/save_backup_settings", named("project", project), READ),
    ]
}

/// What a locked project refuses.
fn locked(Things { project, policy, .. }: &Things) -> Vec<Row> {
    vec![
        Row("projects/lock", named("project", project), ONCE),
        Row("projects/disable_backup", named("project", project), REFUSED),
        Row("projects/delete", named("project", project), REFUSED),
        Row("policies/add", named("project", project), REFUSED),
        Row("policies/update", named("policy", policy), REFUSED),
        Row("policies/pause", named("policy", policy), REFUSED),
        Row("policies/resume", named("policy", policy), REFUSED),
        Row("policies/delete", named("policy", policy), REFUSED),
        Row("projects/move_to_node", named("project", project), REFUSED),
        Row("projects/unlock", named("project", project), ONCE),
    ]
}

fn policies(Things { project, policy, .. }: &Things) -> Vec<Row> {
    let preview = Ask::Json(json!({ "expression": "* * * * *", "time_zone": "UTC" }));
    let terms = json!({ "expression": "* * * * *", "time_zone": "UTC", "retention": "30d" });
    let outlook = Ask::Json(json!({ "terms": terms }));
    let trial = Ask::Json(json!({ "project": project, "include": "**", "exclude": "" }));
    let many = filled(&[("deed", "resume"), ("projects.", &project.to_string())]);
    vec![
        Row("policies/list", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("policies/draft", Ask::Json(json!({ "project": project, "policy": policy })), READ),
        Row("policies/preview_cron", preview, SIGNED_IN),
        Row("policies/preview_outlook", outlook, SIGNED_IN),
        Row("policies/try_patterns", trial, READ),
        Row("policies/outlook", Ask::Json(json!({ "policy": policy })), MEMBERS),
        Row("policies/run_now", named("policy", policy), READ),
        Row("projects/act_on_many", many, READ),
        // It is not deleted.
        Row("policies/undo_deletion", named("policy", policy), [401, 404, 404, 404, 404, 404]),
    ]
}

fn runs(Things { project, backup, left_behind, restore, .. }: &Things) -> Vec<Row> {
    let of_project = || Ask::Json(json!({ "project": project, "query": ListQuery::default() }));
    let browse = json!({ "query": { "project": project, "backup": backup.id, "path": "", "search": "" } });
    let run = json!({ "project": project, "run": format!("backup-{}", backup.id), "compare": true });
    let known = filled(&[
        ("backup", &backup.id.to_string()),
        ("restore_name", &restore.name),
        ("target", "original"),
        ("on_conflict", "overwrite"),
    ]);
    vec![
        Row("backups/list", of_project(), MEMBERS),
        Row("backups/browse", Ask::Json(browse), READ),
        Row("backups/browsed", Ask::Json(json!({ "project": project, "backup": backup.id })), READ),
        Row("runs/get", Ask::Json(run.clone()), MEMBERS),
        Row("runs/growth", Ask::Json(run), READ),
        Row("backups/cancel", named("backup", backup.id), REFUSED),
        Row("backups/delete", named("backup", left_behind.id), REFUSED),
        Row("backups/undo_deletion", named("backup", backup.id), REFUSED),
        Row("backups/remove_now", named("backup", backup.id), REFUSED),
        Row("backups/acknowledge", named("backup", backup.id), REFUSED),
        Row("backups/keep", named("backup", backup.id), ONCE),
        Row("backups/let_go", named("backup", backup.id), ONCE),
        Row("restores/list", of_project(), MEMBERS),
        Row("restores/add", known, UNFIT),
        Row("restores/cancel", named("restore", restore.id), REFUSED),
        Row("restores/delete", named("restore", restore.id), managers([200, 404])),
    ]
}

/// Nothing is damaged. What the one has asked for is done before the other asks.
fn maintenance(Things { project, .. }: &Things) -> Vec<Row> {
    vec![
        Row("maintenance/get", Ask::Json(json!({ "project": project })), MEMBERS),
        Row("maintenance/verify", named("project", project), READ),
        Row("maintenance/prune", named("project", project), READ),
        Row("maintenance/repair", named("project", project), REFUSED),
        Row("maintenance/cancel", named("maintenance", 1), REFUSED),
    ]
}

/// The channel leads to an address where nobody answers.
fn notifications(Things { channel, .. }: &Things) -> Vec<Row> {
    let known = filled(&[HOME, ("name", "on call"), ("kind", "pigeon")]);
    vec![
        Row("notifications/list_channels", Ask::Json(json!({ "organization": null })), ANY_MANAGER),
        Row("notifications/list_deliveries", list(), ANY_MANAGER),
        Row("notifications/add_channel", known, UNFIT),
        Row("notifications/update_channel", named("channel", channel), UNFIT),
        Row("notifications/send_test", named("channel", channel), REFUSED),
        Row("notifications/pause_channel", named("channel", channel), ONCE),
        Row("notifications/resume_channel", named("channel", channel), ONCE),
        Row("notifications/delete_channel", named("channel", channel), managers([200, 404])),
    ]
}

async fn every_function_asks_who_is_asking(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    let askers = Askers::of(app, &partner).await;
    let table = table(&things);

    let mut known: Vec<_> = table.iter().map(|Row(function, ..)| format!("/api/{function}")).collect();
    let mut functions: Vec<_> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    known.sort();
    functions.sort();
    assert_eq!(known, functions, "every server function stands in the table");

    let witness = app.signed_in(PARTNER).await;
    for Row(function, ask, expected) in &table {
        askers
            .ask(function, expected, async |browser| {
                let answer = ask.by(browser, function).await;
                no_run_is_active(&witness, &things).await;
                answer
            })
            .await;
    }
    assert_eq!(witness.projects().await.page.total, 2);
    assert_eq!(witness.credentials().await.len(), 1);
    assert_eq!(witness.policies(things.project).await.len(), 1);
    assert_eq!(witness.backups(things.project).await.len(), 3, "the Manager's and the Partner's Run Now");
    assert_eq!(witness.restores(things.project).await.len(), 0, "and the Manager's Delete: nothing else was done");
}

impl Ask {
    pub async fn by(&self, browser: &Browser, function: &str) -> Answer {
        match self {
            Self::Form(fields) => browser.call(function, fields).await,
            Self::Json(arguments) => browser.ask(function, arguments).await,
        }
    }
}

async fn no_run_is_active(witness: &Browser, things: &Things) {
    let backups = async || witness.backups(things.project).await;
    until(Duration::from_secs(30), backups, |rows| rows.iter().all(|row| !row.phase.is_active())).await;
    let runs = async || witness.repository(things.project).await.runs;
    until(Duration::from_secs(30), runs, |runs| runs.iter().all(|run| !run.phase.is_active())).await;
}
