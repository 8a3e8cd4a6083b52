//! Sign-ins and changes that are under way while the person's sessions are ended, and what stays in a browser.

use std::time::Duration;

use model::people::Role;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, TransactionTrait,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{
    second_factor::credentials,
    support::{
        Answer, Database, TestApp,
        app::{ORGANIZATION, PARTNER, PASSWORD},
        authenticator::STEP,
        deeds::until,
        form, on, on_both_databases,
    },
};

on_both_databases!(what_somebody_did_before_in_the_browser_is_not_the_next_persons);

const MANAGER: &str = "manager@acme.example.com";

async fn what_somebody_did_before_in_the_browser_is_not_the_next_persons(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    app.person(Role::Manager, ORGANIZATION).await;
    let kit = form(&[("project", &project.to_string()), ("password", PASSWORD)]);
    let led = partner.done("projects/recovery_kit", &kit).await;
    // The same browser, without a sign-out.
    partner.done("session/sign_in", &form(&[("email", MANAGER), ("password", PASSWORD)])).await;
    let asked = partner.get(&led.goto).await;
    assert_eq!(asked.status, 303, "the password of the one opens nothing for the other: {}", asked.text());
    assert!(!app.column("audit_entry", "action").await.contains(&"recovery kit downloaded".to_owned()));
}

/// Somebody else's transaction on the server's database, which is not committed yet.
async fn elsewhere(app: &TestApp) -> DatabaseTransaction {
    let db = sea_orm::Database::connect(app.config.database.expose()).await.unwrap();
    db.begin().await.unwrap()
}

/// Waits until a statement of the server's waits for a lock.
async fn somebody_waits(app: &TestApp) {
    let db = sea_orm::Database::connect(app.config.database.expose()).await.unwrap();
    let waiting = Query::select()
        .expr_as(Expr::col("pid").count(), "n")
        .from("pg_stat_activity")
        .and_where(Expr::col("wait_event_type").eq("Lock"))
        .and_where(Expr::cust("datname = current_database()"))
        .to_owned();
    let look = async || db.query_one(&waiting).await.unwrap().unwrap().try_get::<i64>("", "n").unwrap();
    until(Duration::from_secs(30), look, |waiting| *waiting > 0).await;
    db.close().await.unwrap();
}

/// Makes of the Manager's sessions what a new password makes of them, beside a request that began before, and returns what
/// that is answered.
async fn beside_a_new_password(app: &TestApp, request: impl Future<Output = Answer>) -> Answer {
    let change = elsewhere(app).await;
    let manager = format!("(SELECT id FROM users WHERE email = '{MANAGER}')");
    // Another hash that is well formed: the Partner's.
    for statement in [
        format!(
            "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE email = '{PARTNER}') \
             WHERE email = '{MANAGER}'"
        ),
        format!("DELETE FROM session WHERE user_id = {manager}"),
    ] {
        change.execute_unprepared(&statement).await.unwrap();
    }
    let (answer, ()) = tokio::join!(request, async {
        somebody_waits(app).await;
        change.commit().await.unwrap();
    });
    answer
}

#[test]
fn a_sign_in_that_was_under_way_ends_with_the_sessions() {
    on(Database::Postgres, async |app| {
        app.set_up().await;
        app.person(Role::Manager, ORGANIZATION).await;
        let browser = app.browser();
        let fields = form(&[("email", MANAGER), ("password", PASSWORD)]);
        let answer = beside_a_new_password(app, browser.call("session/sign_in", &fields)).await;
        assert_eq!(answer.status, 401, "the password was the old one: {}", answer.text());
        assert_eq!(browser.get("/").await.location(), "/login");
        assert!(app.column("session", "id").await.len() <= 1, "nothing but the Partner's is left");
    });
}

#[test]
fn a_change_that_was_under_way_is_not_made_by_a_session_that_has_ended() {
    on(Database::Postgres, async |app| {
        app.set_up().await;
        let thief = app.person(Role::Manager, ORGANIZATION).await;
        let change = form(&[("current_password", PASSWORD), ("new_password", "the thief's own password")]);
        let answer = beside_a_new_password(app, thief.call("profile/change_password", &change)).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(thief.get("/").await.location(), "/login");
        let hashes = app.column("users", "password_hash").await;
        assert_eq!(hashes[0], hashes[1], "the password is the one that was set meanwhile");
    });
}

#[test]
fn a_code_that_was_under_way_opens_nothing_after_another_role() {
    on(Database::Postgres, async |app| {
        let partner = app.set_up().await;
        let manager = app.person(Role::Manager, ORGANIZATION).await;
        let authenticator = manager.set_up_second_factor(app.now()).await;
        let owing = app.browser();
        owing.done("session/sign_in", &form(&[("email", MANAGER), ("password", PASSWORD)])).await;
        app.pass(STEP);
        let code = authenticator.code(app.now());
        let throttle = elsewhere(app).await;
        throttle.execute_unprepared("LOCK TABLE sign_in_throttle IN EXCLUSIVE MODE").await.unwrap();
        let (answer, ()) = tokio::join!(owing.enter_code(&code), async {
            somebody_waits(app).await;
            partner.done("users/change_role", &form(&[("user", "2"), ("role", "User")])).await;
            throttle.commit().await.unwrap();
        });
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(owing.get("/").await.location(), "/login");
    });
}

#[test]
fn half_a_sign_in_that_was_under_way_ends_with_the_sessions_too() {
    on(Database::Postgres, async |app| {
        app.set_up().await;
        let manager = app.person(Role::Manager, ORGANIZATION).await;
        manager.set_up_second_factor(app.now()).await;
        let browser = app.browser();
        let fields = form(&[("email", MANAGER), ("password", PASSWORD)]);
        let answer = beside_a_new_password(app, browser.call("session/sign_in", &fields)).await;
        assert_eq!(answer.status, 401, "{}", answer.text());
        assert_eq!(browser.get("/login/code").await.location(), "/login");
        let partner = app.browser().call("session/sign_in", &credentials()).await;
        assert_eq!(partner.status, 200, "others go on");
    });
}
