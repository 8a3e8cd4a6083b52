//! Every function and every address with the ids of another organization of the same account: what is told, and that
//! nothing has changed. Asked is what stands in the tables, so a new function is among it by itself.

use std::time::Duration;

use model::{ids::ProjectId, people::Role};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend,
    sea_query::{Alias, Expr, ExprTrait, Func, Query},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    NAMES_OF_THE_THINGS, NEIGHBOUR, Things,
    functions::{Ask, asks},
    tenants::NOTHING,
};
use crate::support::{
    Browser, TestApp,
    app::SECRET_KEY,
    deeds::{TIMEOUT, credential_form, until},
    form, on_both_databases,
};

on_both_databases!(
    every_id_of_another_organization_reads_as_one_that_does_not_exist,
    an_address_that_pairs_two_organizations_leads_nowhere,
    anothers_thing_inside_ones_own_reads_as_one_that_does_not_exist,
    a_list_filtered_by_another_organization_shows_nothing_of_it,
);

/// Fields and arguments that name a thing by its id.
const IDS: [&str; 10] = [
    "user",
    "organization",
    "account",
    "credential",
    "project",
    "policy",
    "backup",
    "restore",
    "maintenance",
    "channel",
];

/// What is written whatever is asked: who asked, how often, and that the server lives.
const WRITTEN_ANYHOW: [&str; 7] =
    ["session", "sign_in_throttle", "known_network", "node", "clock_watch", "seaql_migrations", "sqlite_sequence"];

/// The same question about things that nobody has.
fn about_nothing(ask: &Ask) -> Ask {
    match ask {
        Ask::Form(fields) => Ask::Form(
            fields
                .iter()
                .map(|(name, value)| {
                    let names =
                        IDS.iter().any(|id| *name == crate::support::form::input(id)) && value.parse::<i64>().is_ok();
                    (name.clone(), if names { NOTHING.to_string() } else { value.clone() })
                })
                .collect(),
        ),
        Ask::Json(arguments) => Ask::Json(without_ids(arguments)),
    }
}

fn without_ids(arguments: &Value) -> Value {
    let Some(object) = arguments.as_object() else { return arguments.clone() };
    let other = |(name, value): (&String, &Value)| {
        let names = IDS.contains(&name.as_str()) && value.is_number();
        (name.clone(), if names { json!(NOTHING) } else { without_ids(value) })
    };
    Value::Object(object.iter().map(other).collect())
}

fn names_something(ask: &Ask) -> bool {
    match (ask, about_nothing(ask)) {
        (Ask::Form(fields), Ask::Form(other)) => *fields != other,
        (Ask::Json(arguments), Ask::Json(other)) => *arguments != other,
        _ => false,
    }
}

impl TestApp {
    /// Everything that the database holds, but for what is written whatever is asked; a line for each row.
    async fn everything(&self) -> Vec<String> {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        let mut lines = Vec::new();
        for table in tables(&db).await.into_iter().filter(|table| !WRITTEN_ANYHOW.contains(&table.as_str())) {
            let row = Query::select()
                .expr_as(Expr::cust(line(&db, &table).await), "line")
                .from_as(Alias::new(&table), "t")
                .to_owned();
            let rows = db.query_all(&row).await.unwrap();
            lines.extend(rows.iter().map(|row| format!("{table}: {}", row.try_get::<String>("", "line").unwrap())));
        }
        db.close().await.unwrap();
        lines.sort();
        lines
    }
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let mut names = Query::select();
    if db.get_database_backend() == DbBackend::Postgres {
        names.expr_as(Expr::col("tablename"), "name").from("pg_tables").and_where(Expr::col("schemaname").eq("public"));
    } else {
        names.column("name").from("sqlite_master").and_where(Expr::col("type").eq("table"));
    }
    let rows = db.query_all(&names).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

/// The expression for a row of the table as text.
async fn line(db: &DatabaseConnection, table: &str) -> String {
    if db.get_database_backend() == DbBackend::Postgres {
        return "t::text".to_owned();
    }
    let columns =
        Query::select().column("name").from_function(Func::cust("pragma_table_info").arg(table), "columns").to_owned();
    let columns = db.query_all(&columns).await.unwrap();
    let quoted = columns.iter().map(|column| format!("quote(\"{}\")", column.try_get::<String>("", "name").unwrap()));
    quoted.collect::<Vec<_>>().join(" || ',' || ")
}

async fn every_id_of_another_organization_reads_as_one_that_does_not_exist(app: &TestApp) {
    let (_, things) = Things::of(app).await;
    app.organization(NEIGHBOUR).await;
    let askers = [app.person(Role::Manager, NEIGHBOUR).await, app.person(Role::User, NEIGHBOUR).await];
    app.clear("audit_entry").await;
    let (before, mut compared) = (app.everything().await, 0);
    // The account is the askers' own: what their role forbids in it is 403.
    let other = |function: &str| !["session/sign_out", "account/save"].contains(&function);
    for (function, ask) in asks(&things).iter().filter(|(function, _)| other(function)) {
        for asker in &askers {
            let theirs = ask.by(asker, function).await;
            if names_something(ask) {
                let nothing = about_nothing(ask).by(asker, function).await;
                assert_eq!((theirs.status, theirs.text()), (nothing.status, nothing.text()), "{function}");
                assert!((400..500).contains(&theirs.status), "{function}: {}", theirs.status);
                compared += 1;
            }
            let told = NAMES_OF_THE_THINGS.iter().find(|name| theirs.text().contains(**name));
            assert!(told.is_none(), "{function} tells {told:?}: {}", theirs.text());
        }
    }
    println!("{compared} answers compared");
    assert!(compared > 2 * 50, "{compared}");
    let after = app.everything().await;
    let differing: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(after == before, "the database is what it was, but for {differing:#?}");
}

impl Browser {
    /// A project of one's own, its policy, and a backup of it.
    async fn own_things(&self, app: &TestApp) -> (ProjectId, i64, i64) {
        let endpoint = app.own_s3().await.endpoint();
        self.done("credentials/add", &form(&credential_form(endpoint.as_str(), SECRET_KEY))).await;
        let credential = self.credentials().await.remove(0);
        let project = self.add_project("own-shop", &app.files_of(NEIGHBOUR), Some(&credential)).await;
        let policy = self.add_policy(project, "own-policy", "0 0 29 2 *").await;
        let backup = self.backup_now(project, policy).await;
        (project, policy.0, backup.id.0)
    }
}

/// A backup or a policy of another organization's project at the address of an own one.
async fn an_address_that_pairs_two_organizations_leads_nowhere(app: &TestApp) {
    let (_, things) = Things::of(app).await;
    app.organization(NEIGHBOUR).await;
    let manager = app.person(Role::Manager, NEIGHBOUR).await;
    let (own, own_policy, own_backup) = manager.own_things(app).await;
    let (project, policy, backup) = (things.project.0, things.policy.0, things.backup.id.0);
    for (theirs, nothing) in [
        ((own.0, backup), (own.0, NOTHING)),
        ((project, own_backup), (NOTHING, own_backup)),
        ((project, backup), (NOTHING, NOTHING)),
    ] {
        let ask = async |(project, backup): (i64, i64)| {
            let query = json!({ "query": { "project": project, "backup": backup, "path": "", "search": "" } });
            manager.ask("backups/browse", &query).await
        };
        let (found, missing) = (ask(theirs).await, ask(nothing).await);
        assert_eq!((found.status, found.text()), (404, missing.text()), "{theirs:?}");
        for what in ["/download?path=README.md", "/download?path=&as=zip", "/download?path=letters&as=tar.gz", ""] {
            let address = format!("/projects/{}/backups/{}{what}", theirs.0, theirs.1);
            assert_eq!(manager.get_through_a_proxy(&address).await.status, 404, "{address}");
        }
    }
    for (project, policy) in [(own.0, policy), (project, own_policy)] {
        let draft = manager.ask("policies/draft", &json!({ "project": project, "policy": policy })).await;
        assert_eq!(draft.status, 404, "{project} {policy}: {}", draft.text());
    }
    for dialog in ["tab=schedules&dialog=update", "tab=backups&dialog=describe", "tab=restores&dialog=describe"] {
        for id in [policy, backup, things.restore.id.0] {
            let page = manager.get(&format!("/projects/{own}/policies?{dialog}&id={id}")).await;
            let told = ["web-shop", "test-restore", things.backup.name.as_str()];
            let told = told.iter().find(|name| page.text().contains(**name));
            assert!(page.status < 500 && told.is_none(), "{dialog} {id}: {told:?}");
        }
    }
}

/// A form about own things that names one of another organization's.
struct Mixed(&'static str, Vec<(&'static str, String)>, (&'static str, i64));

fn mixed(own: ProjectId, directory: &str, credential: i64, things: &Things) -> Vec<Mixed> {
    let fields =
        |fields: &[(&'static str, &str)]| fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let (own, hook) = (own.to_string(), "http://127.0.0.1:1/hook");
    let on = ("backup.enable_backup", "on");
    let restore =
        [("restore_name", "x"), ("target", "directory"), ("target_directory", directory), ("on_conflict", "skip")];
    let keys = [("s3_name", "Mine"), ("access_key_id", "KEY"), ("secret_key", "secret"), ("version", "1")];
    let place = [("s3_name", "Mine"), ("access_key_id", "K"), ("secret_key", "s"), ("endpoint", hook), ("region", "r")];
    let webhook = [("version", "1"), ("name", "mine"), ("failure", "on"), ("webhook_url", hook)];
    let project = [("project_name", "second"), ("directory", directory)];
    vec![
        Mixed("restores/add", fields(&restore), ("backup", things.backup.id.0)),
        Mixed("projects/create", fields(&[project[0], project[1], on]), ("backup.credential", credential)),
        Mixed("projects/create", fields(&project), ("organization", 1)),
        Mixed("projects/save_backup_settings", fields(&[("project", &own), on]), ("backup.credential", credential)),
        Mixed("policies/update", fields(&[("project", &own), ("name", "own-policy")]), ("policy", things.policy.0)),
        Mixed("policies/add", fields(&[("name", "second-policy")]), ("project", things.project.0)),
        Mixed("credentials/update", fields(&keys), ("credential", credential)),
        Mixed("credentials/move_endpoint", fields(&place), ("credential", credential)),
        Mixed("credentials/add", fields(&place), ("organization", 1)),
        Mixed("notifications/update_channel", fields(&webhook), ("channel", things.channel.0)),
        Mixed(
            "notifications/add_channel",
            fields(&[("name", "mine"), ("kind", "slack"), ("slack_url", hook), ("failure", "on")]),
            ("organization", 1),
        ),
        Mixed("users/invite", fields(&[("email", "new@globex.example.com"), ("role", "User")]), ("organization", 1)),
        Mixed("users/change_role", fields(&[("role", "User")]), ("user", 1)),
    ]
}

async fn anothers_thing_inside_ones_own_reads_as_one_that_does_not_exist(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    app.organization(NEIGHBOUR).await;
    let manager = app.person(Role::Manager, NEIGHBOUR).await;
    let (own, ..) = manager.own_things(app).await;
    let theirs = partner.credentials().await.remove(0).id.0;
    let directory = app.files_of(NEIGHBOUR).display().to_string();
    app.clear("audit_entry").await;
    // The dispatcher plans the first verification of a repository at one of its next looks.
    let at_rest = async || {
        let before = app.everything().await;
        sleep(Duration::from_millis(2500)).await;
        (app.everything().await == before).then_some(before)
    };
    let before = until(TIMEOUT, at_rest, Option::is_some).await.unwrap();
    for Mixed(function, fields, (name, id)) in mixed(own, &directory, theirs, &things) {
        let ask = async |id: i64| {
            let id = id.to_string();
            let fields = fields.iter().map(|(name, value)| (*name, value.as_str())).chain([(name, id.as_str())]);
            manager.call(function, &form(&fields.collect::<Vec<_>>())).await
        };
        let (found, missing) = (ask(id).await, ask(NOTHING).await);
        assert_eq!((found.status, found.text()), (missing.status, missing.text()), "{function}");
        assert!((400..500).contains(&found.status), "{function}: {}", found.status);
    }
    // A project that was made and withdrawn again leaves its entries.
    app.clear("audit_entry").await;
    let after = app.everything().await;
    let differing: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(after == before, "the database is what it was, but for {differing:#?}");
}

/// Filters of lists, asked by a Manager.
async fn a_list_filtered_by_another_organization_shows_nothing_of_it(app: &TestApp) {
    let (partner, things) = Things::of(app).await;
    partner.call("notifications/send_test", &form(&[("channel", &things.channel.to_string())])).await;
    app.organization(NEIGHBOUR).await;
    let manager = app.person(Role::Manager, NEIGHBOUR).await;
    let asked = |organization: i64| {
        let mut query = serde_json::to_value(model::list::ListQuery::default()).unwrap();
        query["organization"] = json!(organization);
        let lists = ["users/list", "projects/list", "credentials/list", "notifications/list_deliveries", "audit/list"];
        let channels = ("notifications/list_channels", json!({ "organization": organization }));
        lists.map(|list| (list, json!({ "query": query }))).into_iter().chain([channels])
    };
    for ((function, theirs), (_, nothing)) in asked(1).zip(asked(NOTHING)) {
        let (theirs, nothing) =
            (manager.ask(function, &theirs).await.text(), manager.ask(function, &nothing).await.text());
        assert_eq!(theirs, nothing, "{function}");
        let told = NAMES_OF_THE_THINGS.iter().find(|name| theirs.contains(**name));
        assert!(told.is_none(), "{function} tells {told:?}: {theirs}");
    }
    for page in ["audit-log/export", "users", "projects", "backup-credentials", "notifications", "audit-log"] {
        let shown = manager.get(&format!("/{page}?organization=1")).await.text();
        let told = ["web-shop", "secret-hook", "Main S3"].into_iter().find(|name| shown.contains(name));
        assert!(told.is_none(), "{page} shows {told:?}");
    }
}
