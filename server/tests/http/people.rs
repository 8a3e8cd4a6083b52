//! Users, organizations, profile, and the audit log that tells of them.

use model::{
    audit::{AuditLog, AuditQuery},
    list::ListQuery,
    organization::OrganizationRow,
    people::Role,
    profile::ProfileView,
    user::{LinkView, UserList, UserRow},
};
use serde_json::json;

use crate::support::{
    Browser, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD, SECRET_KEY},
    form, on_both_databases,
};

on_both_databases!(
    an_invited_person_sets_a_password_once,
    a_link_ends_after_72_hours_and_with_a_newer_one,
    a_removed_person_is_out_at_once,
    a_person_with_another_role_is_out_at_once,
    the_last_partner_stays,
    a_manager_manages_users_and_managers_of_the_own_organization,
    a_changed_password_ends_the_other_sessions,
    an_organization_goes_only_when_it_is_empty,
    a_change_is_told_by_what_it_changed,
    nobody_is_offered_to_remove_themselves,
    the_audit_log_tells_who_did_what_and_no_secret,
);

const ANOTHER: &str = "another good password";

async fn an_invited_person_sets_a_password_once(app: &TestApp) {
    let partner = app.set_up().await;
    let link = invite(&partner, "ann@example.com", "Manager").await;
    let token = token(&link);
    let early = app.browser().call("session/sign_in", &form(&[("email", "ann@example.com"), ("password", "")])).await;
    assert_eq!(early.status, 422, "without a password nobody signs in");
    assert!(!app.stores(&token), "who reads the database cannot use the link");

    let ann = app.browser();
    let page = ann.get(&link).await;
    assert!(page.status == 200 && page.text().contains("ann@example.com"));
    let seen: LinkView = ann.read("users/look_at_link", &json!({ "token": token })).await;
    assert_eq!((seen.email.as_str(), seen.organization.as_str()), ("ann@example.com", ORGANIZATION));
    let short = ann.call("users/set_password", &form(&[("token", &token), ("password", "short")])).await;
    assert!(short.form_errors().message_for("password").is_some(), "and the link is still good");
    ann.done("users/set_password", &form(&[("token", &token), ("password", PASSWORD)])).await;
    assert_eq!(ann.get("/users").await.status, 200, "signed in, as a Manager");

    let again = app.browser();
    assert_eq!(again.get(&link).await.status, 404, "once");
    let twice = again.call("users/set_password", &form(&[("token", &token), ("password", ANOTHER)])).await;
    assert_eq!(twice.status, 404);
    app.signed_in("ann@example.com").await;
}

async fn a_link_ends_after_72_hours_and_with_a_newer_one(app: &TestApp) {
    let partner = app.set_up().await;
    let first = invite(&partner, "ann@example.com", "User").await;
    let ann = user(&partner, "ann@example.com").await;
    let second = partner.done("users/reset_password", &named(&ann)).await.link.unwrap();
    assert_eq!(app.browser().get(&first).await.status, 404);
    app.pass(71 * 3600);
    assert_eq!(app.browser().get(&second).await.status, 200);
    app.pass(2 * 3600);
    assert_eq!(app.browser().get(&second).await.status, 404);
}

async fn a_removed_person_is_out_at_once(app: &TestApp) {
    let partner = app.set_up().await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    assert_eq!(manager.get("/projects").await.status, 200);
    let row = user(&partner, "manager@acme.example.com").await;
    partner.done("users/remove", &named(&row)).await;
    assert!(manager.get("/projects").await.location().starts_with("/login"));
    assert_eq!(manager.ask("projects/list", &json!({ "query": ListQuery::default() })).await.status, 401);
}

async fn a_person_with_another_role_is_out_at_once(app: &TestApp) {
    let partner = app.set_up().await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    let row = user(&partner, "manager@acme.example.com").await;
    let give = async |role: &str| {
        partner.done("users/change_role", &form(&[("user", &row.id.to_string()), ("role", role)])).await
    };
    give("Manager").await;
    assert_eq!(manager.get("/projects").await.status, 200, "nothing changed");
    for role in ["User", "Partner"] {
        let before = app.signed_in(&row.email).await;
        give(role).await;
        for ended in [&manager, &before] {
            assert!(ended.get("/projects").await.location().starts_with("/login"), "{role}");
            assert_eq!(ended.ask("projects/list", &json!({ "query": ListQuery::default() })).await.status, 401);
        }
    }
    assert_eq!(app.signed_in(&row.email).await.get("/organizations").await.status, 200);
}

async fn the_last_partner_stays(app: &TestApp) {
    let partner = app.set_up().await;
    let own = user(&partner, PARTNER).await;
    let demoted = partner.call("users/change_role", &form(&[("user", &own.id.to_string()), ("role", "User")])).await;
    assert_eq!((demoted.status, demoted.error().to_string().contains("last Partner")), (409, true));
    assert_eq!(partner.call("users/remove", &named(&own)).await.status, 409);
    let second = app.person(Role::Partner, ORGANIZATION).await;
    second.done("users/remove", &named(&own)).await;
    assert!(partner.get("/").await.location().starts_with("/login"));
}

async fn a_manager_manages_users_and_managers_of_the_own_organization(app: &TestApp) {
    let partner = app.set_up().await;
    app.organization("globex").await;
    app.person(Role::User, "globex").await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    let list = users(&manager).await;
    assert_eq!(list.roles, [Role::User, Role::Manager]);
    assert!(list.page.rows.iter().all(|row| row.organization == ORGANIZATION));
    let other = user(&partner, "user@globex.example.com").await;
    let own_partner = user(&partner, PARTNER).await;
    for (row, status) in [(&other, 404), (&own_partner, 403)] {
        assert_eq!(manager.call("users/remove", &named(row)).await.status, status);
        assert_eq!(manager.call("users/reset_password", &named(row)).await.status, status);
    }
    let partners = form(&[("email", "eve@example.com"), ("role", "Partner")]);
    assert_eq!(manager.call("users/invite", &partners).await.status, 403, "nobody gives more than they have");
    invite(&manager, "bob@example.com", "User").await;
    let bob = user(&manager, "bob@example.com").await;
    manager.done("users/change_role", &form(&[("user", &bob.id.to_string()), ("role", "Manager")])).await;
    assert_eq!(user(&manager, "bob@example.com").await.role, Role::Manager);
}

async fn a_changed_password_ends_the_other_sessions(app: &TestApp) {
    let here = app.set_up().await;
    let there = app.signed_in(PARTNER).await;
    let profile: ProfileView = here.read("profile/get", &json!({})).await;
    assert_eq!(profile.sessions.len(), 2);
    assert_eq!(profile.sessions.iter().filter(|session| session.current).count(), 1);
    assert!(profile.sessions.iter().all(|session| session.address == "127.0.0.1"));
    let wrong = form(&[("current_password", "wrong"), ("new_password", ANOTHER)]);
    let errors = here.call("profile/change_password", &wrong).await.form_errors();
    assert!(errors.message_for("current_password").is_some());
    here.done("profile/change_password", &form(&[("current_password", PASSWORD), ("new_password", ANOTHER)])).await;
    assert_eq!(here.get("/profile").await.status, 200, "this one goes on");
    assert!(there.get("/profile").await.location().starts_with("/login"), "the other one has ended");

    let other = app.browser();
    other.done("session/sign_in", &form(&[("email", PARTNER), ("password", ANOTHER)])).await;
    let profile: ProfileView = here.read("profile/get", &json!({})).await;
    let ended = profile.sessions.iter().find(|session| !session.current).unwrap();
    here.done("profile/end_session", &form(&[("session", &ended.handle)])).await;
    assert!(other.get("/profile").await.location().starts_with("/login"));
}

async fn an_organization_goes_only_when_it_is_empty(app: &TestApp) {
    let partner = app.set_up().await;
    // Not one that a source root names: that could not be renamed.
    app.organization("umbrella").await;
    app.person(Role::User, "umbrella").await;
    let globex = organizations(&partner).await.into_iter().find(|row| row.name == "umbrella").unwrap();
    assert_eq!(globex.users, 1);
    let id = globex.id.to_string();
    let refused = partner.call("organizations/remove", &form(&[("organization", &id)])).await;
    assert_eq!(refused.status, 409);
    assert!(refused.error().to_string().contains("1 user(s), 0 project(s)"), "{}", refused.text());
    let taken = form(&[("organization", id.as_str()), ("name", "ACME")]);
    assert!(partner.call("organizations/update", &taken).await.form_errors().message_for("name").is_some());
    let renamed = form(&[("organization", id.as_str()), ("name", "initech"), ("time_zone", "Europe/Prague")]);
    partner.done("organizations/update", &renamed).await;
    let user = user(&partner, "user@umbrella.example.com").await;
    partner.done("users/remove", &named(&user)).await;
    partner.done("organizations/remove", &form(&[("organization", &id)])).await;
    assert_eq!(organizations(&partner).await.len(), 1);
    let log = audit(&partner, AuditQuery { action: "organization removed".to_owned(), ..AuditQuery::default() }).await;
    assert_eq!(log.page.rows[0].subject_name, "initech", "the entry outlives what it speaks of");
}

async fn a_change_is_told_by_what_it_changed(app: &TestApp) {
    let partner = app.set_up().await;
    let update = async |name: &str, zone: &str| {
        let fields = form(&[("organization", "1"), ("name", name), ("time_zone", zone)]);
        partner.done("organizations/update", &fields).await.message
    };
    assert_eq!(update(ORGANIZATION, "UTC").await, "Nothing changed");
    assert_eq!(update(ORGANIZATION, "Europe/Ljubljana").await, "Organization acme saved");
    let of_organizations = AuditQuery { action: "organization changed".to_owned(), ..AuditQuery::default() };
    let told = audit(&partner, of_organizations).await;
    let [entry] = &told.page.rows[..] else { panic!("{told:?}") };
    let fields: Vec<_> = entry.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(fields, ["time zone"], "the name stayed");

    let same = form(&[("user", "1"), ("role", "Partner")]);
    assert_eq!(partner.done("users/change_role", &same).await.message, format!("{PARTNER} is Partner already"));
    let of_roles = AuditQuery { action: "role changed".to_owned(), ..AuditQuery::default() };
    assert_eq!(audit(&partner, of_roles).await.page.total, 0);
}

async fn nobody_is_offered_to_remove_themselves(app: &TestApp) {
    let partner = app.set_up().await;
    assert!(!partner.get("/users").await.text().contains("Remove User"), "the own row alone");
    app.person(Role::User, ORGANIZATION).await;
    assert_eq!(partner.get("/users").await.text().matches("Remove User").count(), 1);
    let refused = partner.call("users/remove", &form(&[("user", "1")])).await;
    assert_eq!(refused.error().to_string(), "You cannot remove yourself. Ask another Partner or Manager");
}

async fn the_audit_log_tells_who_did_what_and_no_secret(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let log = audit(&partner, AuditQuery::default()).await;
    let actions: Vec<_> = log.page.rows.iter().rev().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        ["account created", "backup credential added", "project created", "backup enabled", "policy added"]
    );
    let added = log.page.rows.iter().find(|row| row.action == "backup credential added").unwrap();
    assert_eq!((added.person.as_str(), added.address.as_str()), (PARTNER, "127.0.0.1"));
    let secret = added.changes.iter().find(|change| change.field == "secret key").unwrap();
    assert_eq!(secret.after.as_deref(), Some("changed"));

    let search = ListQuery { search: "NIGHTLY".to_owned(), ..ListQuery::default() };
    let found = audit(&partner, AuditQuery { list: search, ..AuditQuery::default() }).await;
    assert_eq!(found.page.total, 1);
    let before = audit(&partner, AuditQuery { to: "2020-01-01".to_owned(), ..AuditQuery::default() }).await;
    assert_eq!(before.page.total, 0);

    let csv = partner.get("/audit-log/export?action=policy+added").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = csv.text();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("\"nightly\"") && !text.contains(SECRET_KEY));
    let exported = audit(&partner, AuditQuery { action: "audit log exported".to_owned(), ..AuditQuery::default() });
    assert_eq!(exported.await.page.total, 1);
}

async fn invite(browser: &Browser, email: &str, role: &str) -> String {
    browser.done("users/invite", &form(&[("email", email), ("role", role)])).await.link.unwrap()
}

fn token(link: &str) -> String {
    link.strip_prefix("/set-password?token=").unwrap().to_owned()
}

async fn users(browser: &Browser) -> UserList {
    browser.read("users/list", &json!({ "query": ListQuery::default() })).await
}

async fn user(browser: &Browser, email: &str) -> UserRow {
    users(browser).await.page.rows.into_iter().find(|row| row.email == email).unwrap()
}

fn named(user: &UserRow) -> Vec<(String, String)> {
    form(&[("user", &user.id.to_string())])
}

async fn organizations(browser: &Browser) -> Vec<OrganizationRow> {
    browser.read("organizations/list", &json!({})).await
}

async fn audit(browser: &Browser, query: AuditQuery) -> AuditLog {
    browser.read("audit/list", &json!({ "query": query })).await
}
