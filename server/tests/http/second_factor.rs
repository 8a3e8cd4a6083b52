//! The second factor: set up, asked for, lost, and wanted by the account.

use chrono::TimeDelta;
use futures::future::join_all;
use leptos::server_fn::axum::server_fn_paths;
use model::{
    audit::{AuditLog, AuditQuery},
    list::ListQuery,
    people::Role,
    second_factor::{AccountView, RECOVERY_CODES, SecondFactor},
    user::{SignsIn, UserList},
};
use serde_json::json;

use crate::support::{
    Answer, Browser, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD},
    authenticator::{Authenticator, STEP, steps_later, until_next_step},
    form, on_both_databases,
};

on_both_databases!(
    it_counts_once_a_code_confirms_it,
    what_is_not_confirmed_in_time_is_forgotten,
    without_the_code_nothing_opens,
    a_code_is_good_once_and_for_its_neighbours_in_time,
    guesses_of_codes_wait_longer_and_longer,
    a_recovery_code_leads_in_once,
    new_recovery_codes_end_the_ones_from_before,
    turned_off_after_the_password,
    partners_who_must_have_one_do_nothing_else_before,
    a_lost_one_is_reset_by_who_manages_the_person,
    what_is_owed_ends_with_the_persons_sessions,
    a_one_time_link_does_not_replace_the_code,
    the_whole_story_works_without_scripts,
);

async fn it_counts_once_a_code_confirms_it(app: &TestApp) {
    let (partner, elsewhere) = (app.set_up().await, app.signed_in(PARTNER).await);
    assert_eq!(partner.second_factor().await.state, SecondFactor::Off);
    let wrong = partner.call("second_factor/begin", &form(&[("password", "not the password")])).await;
    assert!(wrong.form_errors().message_for("password").is_some());

    let authenticator = partner.draft_second_factor().await;
    assert_eq!((authenticator.secret().len(), authenticator.recovery_codes.len()), (32, RECOVERY_CODES));
    let page = partner.get("/profile/second-factor").await.text();
    assert!(page.contains("qr-code-modules") && page.contains(&authenticator.recovery_codes[0]));
    app.signed_in(PARTNER).await;
    assert_eq!(elsewhere.get("/").await.status, 200, "nothing of it counts yet");
    for wrong in ["000000", "12345", "ABCDE-FGHJK", ""] {
        let refused = partner.call("second_factor/confirm", &form(&[("code", wrong)])).await;
        assert!(refused.form_errors().message_for("code").is_some(), "{wrong}");
    }

    let code = authenticator.code(app.now());
    let before = session_ids(app).await;
    partner.done("second_factor/confirm", &form(&[("code", &code)])).await;
    assert_eq!(elsewhere.get("/").await.location(), "/login", "the other sessions have ended");
    assert_eq!(partner.get("/").await.status, 200, "this one goes on");
    assert!(session_ids(app).await.iter().all(|id| !before.contains(id)), "under another id");
    let SecondFactor::On { recovery_codes, fresh_codes, .. } = partner.second_factor().await.state else { panic!() };
    assert_eq!((recovery_codes, fresh_codes), (10, Vec::new()));
    assert!(!partner.get("/profile/second-factor").await.text().contains(&authenticator.recovery_codes[0]));
    let hashes = app.column("recovery_code", "code_hash").await;
    assert!(hashes.len() == RECOVERY_CODES && hashes.iter().all(|hash| hash.starts_with("$argon2id$")));
    for secret in authenticator.recovery_codes.iter().map(String::as_str).chain([authenticator.secret()]) {
        assert!(!app.stores(secret), "who reads the database cannot sign in");
    }
    let again = partner.call("second_factor/begin", &form(&[("password", PASSWORD)])).await;
    assert_eq!(again.status, 409, "another one would replace it without a question");
    assert_eq!(told(&partner).await, ["second factor set up"]);
}

async fn what_is_not_confirmed_in_time_is_forgotten(app: &TestApp) {
    let partner = app.set_up().await;
    let first = partner.draft_second_factor().await;
    let second = partner.draft_second_factor().await;
    let of_the_first = partner.call("second_factor/confirm", &form(&[("code", &first.code(app.now()))])).await;
    assert_eq!(of_the_first.status, 422, "the newer one has taken its place");
    app.pass(15 * 60);
    assert_eq!(partner.second_factor().await.state, SecondFactor::Off);
    let late = partner.call("second_factor/confirm", &form(&[("code", &second.code(app.now()))])).await;
    assert_eq!(late.status, 409);
    app.signed_in(PARTNER).await;
}

async fn without_the_code_nothing_opens(app: &TestApp) {
    let authenticator = app.set_up().await.set_up_second_factor(app.now()).await;
    let browser = app.browser();
    let mut fields = credentials();
    fields.extend(form(&[("next", "/projects?search=shop")]));
    let asked = browser.call("session/sign_in", &fields).await;
    let first = cookie(&asked);
    assert_eq!(asked.json::<model::form::Done>("sign in").goto, "/login/code");
    for page in
        ["/", "/projects", "/profile", "/profile/second-factor", "/projects/1/recovery-kit", "/audit-log/export"]
    {
        assert_eq!(browser.get(page).await.location(), "/login/code", "{page}");
    }
    let open = ["session/", "users/look_at_link", "users/set_password"];
    for (path, _) in server_fn_paths() {
        let function = path.trim_start_matches("/api/");
        if open.iter().any(|open| function.starts_with(open)) {
            continue;
        }
        let fields = form(&[("password", PASSWORD), ("code", "123456"), ("user", "1"), ("session", "x")]);
        let statuses =
            [browser.call(function, &fields).await.status, browser.ask(function, &json!({ "query": {} })).await.status];
        assert!(statuses.iter().all(|status| [400, 401, 415].contains(status)), "{function}: {statuses:?}");
    }
    assert_eq!(browser.ask("profile/get", &json!({})).await.status, 401);
    assert_eq!(browser.ask("second_factor/get", &json!({})).await.status, 401);

    app.pass(STEP);
    let done = browser.enter_code(&authenticator.code(app.now())).await;
    let second = cookie(&done);
    assert_eq!(done.json::<model::form::Done>("code").goto, "/projects?search=shop");
    assert_ne!(first, second, "the session has another id at each step");
    assert_eq!(browser.get("/projects").await.status, 200);
    assert_eq!(browser.get("/login/code").await.location(), "/");
    assert_eq!(app.browser().get("/login/code").await.location(), "/login");
    assert_eq!(app.browser().enter_code(&authenticator.code(app.now())).await.status, 401);
}

async fn a_code_is_good_once_and_for_its_neighbours_in_time(app: &TestApp) {
    app.pass(until_next_step(app.now()));
    let authenticator = app.set_up().await.set_up_second_factor(app.now()).await;
    let enter = async |code: &str| app.owing().await.enter_code(code).await.status;
    assert_eq!(enter(&authenticator.code(app.now())).await, 422, "the one that confirmed it is used up");
    app.pass(10 * STEP);
    let now = app.now();
    assert_eq!(enter(&authenticator.code(steps_later(now, -2))).await, 422);
    assert_eq!(enter(&authenticator.code(steps_later(now, 3))).await, 422);
    assert_eq!(enter(&authenticator.code(steps_later(now, -1))).await, 200, "a slow typist");
    assert_eq!(enter(&authenticator.code(steps_later(now, -1))).await, 422);

    let code = authenticator.code(now);
    let browsers = [app.owing().await, app.owing().await, app.owing().await];
    let answers = join_all(browsers.iter().map(|browser| browser.enter_code(&code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "of several at once one is in time");
    assert_eq!(enter(&authenticator.code(steps_later(now, 1))).await, 200, "a clock that is fast");
    assert_eq!(enter(&code).await, 422, "and none from before counts any more");
}

async fn guesses_of_codes_wait_longer_and_longer(app: &TestApp) {
    let authenticator = app.set_up().await.set_up_second_factor(app.now()).await;
    let browser = app.owing().await;
    for _ in 0..5 {
        assert_eq!(browser.enter_code("ABCDE-FGHJK").await.status, 422);
    }
    let failed = app.now();
    let waits = browser.enter_code("ABCDE-FGHJK").await;
    assert!(waits.status == 429 && waits.text().contains("Too many failed attempts"), "{}", waits.text());
    let again = app.owing().await;
    app.set_clock(failed + TimeDelta::seconds(1));
    assert_eq!(
        again.enter_code(&authenticator.recovery_codes[0]).await.status,
        429,
        "a right password forgives nothing"
    );
    app.pass(5);
    assert_eq!(again.enter_code(&authenticator.recovery_codes[0]).await.status, 200);
    let refusals = told(&again).await.iter().filter(|action| *action == "second factor refused").count();
    assert_eq!(refusals, 5, "who has the password and not the code is in the audit log");
}

async fn a_recovery_code_leads_in_once(app: &TestApp) {
    let authenticator = app.set_up().await.set_up_second_factor(app.now()).await;
    let typed = authenticator.recovery_codes[3].to_lowercase().replace('-', " ");
    let browser = app.owing().await;
    let done: model::form::Done = browser.enter_code(&typed).await.json("recovery code");
    assert_eq!(done.message, "Signed in. You have 9 recovery code(s) left");
    assert_eq!(browser.get("/projects").await.status, 200);
    assert_eq!(app.owing().await.enter_code(&typed).await.status, 422);
    let code = &authenticator.recovery_codes[4];
    let browsers = [app.owing().await, app.owing().await];
    let answers = join_all(browsers.iter().map(|browser| browser.enter_code(code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(told(&browser).await.contains(&"recovery code used".to_owned()));
}

async fn new_recovery_codes_end_the_ones_from_before(app: &TestApp) {
    let partner = app.set_up().await;
    let old = partner.set_up_second_factor(app.now()).await;
    let wrong = partner.call("second_factor/new_codes", &form(&[("password", "not the password")])).await;
    assert!(wrong.form_errors().message_for("password").is_some());
    assert_eq!(partner.call("second_factor/use_codes", &[]).await.status, 409, "there are none to use");

    partner.done("second_factor/new_codes", &form(&[("password", PASSWORD)])).await;
    let SecondFactor::On { recovery_codes: 10, fresh_codes, .. } = partner.second_factor().await.state else {
        panic!()
    };
    assert_eq!(fresh_codes.len(), RECOVERY_CODES);
    assert_eq!(app.owing().await.enter_code(fresh_codes[0].expose()).await.status, 422, "they do not count yet");
    assert_eq!(app.owing().await.enter_code(&old.recovery_codes[0]).await.status, 200);

    partner.done("second_factor/use_codes", &[]).await;
    let SecondFactor::On { recovery_codes, fresh_codes: shown, .. } = partner.second_factor().await.state else {
        panic!()
    };
    assert_eq!((recovery_codes, shown.len()), (10, 0));
    assert_eq!(app.owing().await.enter_code(&old.recovery_codes[1]).await.status, 422);
    assert_eq!(app.owing().await.enter_code(fresh_codes[0].expose()).await.status, 200);
    assert!(!app.stores(fresh_codes[1].expose()));

    partner.done("second_factor/new_codes", &form(&[("password", PASSWORD)])).await;
    app.pass(15 * 60);
    assert_eq!(partner.call("second_factor/use_codes", &[]).await.status, 409, "not used in time");
    assert!(told(&partner).await.contains(&"recovery codes renewed".to_owned()));
}

async fn turned_off_after_the_password(app: &TestApp) {
    let partner = app.set_up().await;
    partner.set_up_second_factor(app.now()).await;
    let owing = app.owing().await;
    let wrong = partner.call("second_factor/turn_off", &form(&[("password", "not the password")])).await;
    assert!(wrong.form_errors().message_for("password").is_some());
    partner.done("second_factor/turn_off", &form(&[("password", PASSWORD)])).await;
    assert_eq!(partner.get("/").await.status, 200);
    assert_eq!(owing.get("/").await.location(), "/login", "who owed a code signs in anew");
    assert_eq!(app.signed_in(PARTNER).await.get("/").await.status, 200);
    assert!(app.column("recovery_code", "code_hash").await.is_empty());
    let again = partner.call("second_factor/turn_off", &form(&[("password", PASSWORD)])).await;
    assert_eq!(again.status, 409);
    assert!(told(&partner).await.contains(&"second factor turned off".to_owned()));
}

async fn partners_who_must_have_one_do_nothing_else_before(app: &TestApp) {
    let partner = app.set_up().await;
    let (second, manager) =
        (app.person(Role::Partner, ORGANIZATION).await, app.person(Role::Manager, ORGANIZATION).await);
    let demand = form(&[("account", "1"), ("partners_need_second_factor", "on")]);
    let refused = partner.call("account/save", &demand).await.form_errors();
    assert!(refused.message_for("partners_need_second_factor").is_some(), "who demands it has one");
    partner.set_up_second_factor(app.now()).await;
    partner.done("account/save", &demand).await;
    assert!(partner.read::<AccountView>("account/get", &json!({})).await.partners_need_second_factor);
    assert_eq!(manager.get("/projects").await.status, 200, "of others none is wanted");
    assert_eq!(partner.get("/projects").await.status, 200);

    for page in ["/", "/users", "/profile", "/projects/1/recovery-kit", "/audit-log/export"] {
        assert_eq!(second.get(page).await.location(), "/profile/second-factor", "{page}");
    }
    assert_eq!(second.ask("users/list", &json!({ "query": ListQuery::default() })).await.status, 401);
    assert_eq!(second.call("profile/change_password", &form(&[("current_password", PASSWORD)])).await.status, 401);
    let page = second.get("/profile/second-factor").await;
    assert!(page.status == 200 && page.text().contains("Partners of your account must use a second factor"));
    assert!(page.text().contains("Sign Out"));
    assert!(second.second_factor().await.required);
    second.set_up_second_factor(app.now()).await;
    assert_eq!(second.get("/users").await.status, 200);

    let off = partner.call("second_factor/turn_off", &form(&[("password", PASSWORD)])).await;
    assert_eq!(off.status, 409, "{}", off.text());
    partner.done("account/save", &form(&[("account", "1")])).await;
    partner.done("second_factor/turn_off", &form(&[("password", PASSWORD)])).await;
    assert_eq!(told(&partner).await.iter().filter(|action| *action == "account changed").count(), 2);
}

async fn a_lost_one_is_reset_by_who_manages_the_person(app: &TestApp) {
    let partner = app.set_up().await;
    partner.set_up_second_factor(app.now()).await;
    let (manager, user) = (app.person(Role::Manager, ORGANIZATION).await, app.person(Role::User, ORGANIZATION).await);
    user.set_up_second_factor(app.now()).await;
    let list: UserList = manager.read("users/list", &json!({ "query": ListQuery::default() })).await;
    let row = |email: &str| list.page.rows.iter().find(|row| row.email == email).unwrap();
    let leads_in = [PARTNER, "user@acme.example.com", "manager@acme.example.com"].map(|email| row(email).signs_in);
    assert_eq!(leads_in, [SignsIn::WithSecondFactor, SignsIn::WithSecondFactor, SignsIn::WithPassword]);

    let named = |email: &str| form(&[("user", &row(email).id.to_string())]);
    assert_eq!(manager.call("users/reset_second_factor", &named(PARTNER)).await.status, 403);
    let without = partner.call("users/reset_second_factor", &named("manager@acme.example.com")).await;
    assert_eq!((without.status, without.error().to_string().as_str()), (409, "This user has no second factor"));
    let own = partner.call("users/reset_second_factor", &named(PARTNER)).await;
    assert_eq!(own.status, 409, "one's own is turned off with the password");
    assert!(manager.get("/users").await.text().contains("Reset Second Factor"));

    manager.done("users/reset_second_factor", &named("user@acme.example.com")).await;
    assert!(user.get("/projects").await.location().starts_with("/login"), "out at once");
    app.signed_in("user@acme.example.com").await;
    assert!(told(&partner).await.contains(&"second factor reset".to_owned()));
}

async fn what_is_owed_ends_with_the_persons_sessions(app: &TestApp) {
    let partner = app.set_up().await;
    let authenticator = partner.set_up_second_factor(app.now()).await;
    let forgotten = app.owing().await;
    app.pass(10 * 60);
    assert_eq!(forgotten.get("/login/code").await.location(), "/login");
    assert_eq!(forgotten.enter_code(&authenticator.code(app.now())).await.status, 401, "after ten minutes");

    let owing = app.owing().await;
    let change = form(&[("current_password", PASSWORD), ("new_password", "another good password")]);
    partner.done("profile/change_password", &change).await;
    assert_eq!(owing.enter_code(&authenticator.code(app.now())).await.status, 401, "the password was another one");
    let profile: model::profile::ProfileView = partner.read("profile/get", &json!({})).await;
    assert_eq!((profile.sessions.len(), profile.second_factor), (1, true));
}

async fn a_one_time_link_does_not_replace_the_code(app: &TestApp) {
    let partner = app.set_up().await;
    let user = app.person(Role::User, ORGANIZATION).await;
    let authenticator = user.set_up_second_factor(app.now()).await;
    let list: UserList = partner.read("users/list", &json!({ "query": ListQuery::default() })).await;
    let id = list.page.rows.iter().find(|row| row.email == "user@acme.example.com").unwrap().id.to_string();
    let link = partner.done("users/reset_password", &form(&[("user", &id)])).await.link.unwrap();
    let token = link.strip_prefix("/set-password?token=").unwrap();
    let browser = app.browser();
    let done =
        browser.done("users/set_password", &form(&[("token", token), ("password", "another good password")])).await;
    assert_eq!(done.goto, "/login/code");
    assert_eq!(browser.get("/projects").await.location(), "/login/code");
    app.pass(STEP);
    assert_eq!(browser.enter_code(&authenticator.code(app.now())).await.status, 200);
    assert_eq!(browser.get("/projects").await.status, 200);
}

async fn the_whole_story_works_without_scripts(app: &TestApp) {
    const PAGE: &str = "/profile/second-factor";
    let partner = app.set_up().await;
    assert!(partner.get("/profile").await.text().contains("Set Up Second Factor"));
    let begun = partner.post(PAGE, "second_factor/begin", &form(&[("password", PASSWORD)])).await;
    assert_eq!(begun.location(), PAGE);
    let SecondFactor::Draft(draft) = partner.second_factor().await.state else { panic!() };
    let authenticator = Authenticator::of(&draft);
    assert!(partner.get(PAGE).await.text().contains(draft.secret.expose()));
    let wrong = partner.post(PAGE, "second_factor/confirm", &form(&[("code", "1")])).await;
    assert!(wrong.status == 422 && wrong.text().contains("Code must be the 6 digits"));
    let code = form(&[("code", &authenticator.code(app.now()))]);
    assert_eq!(partner.post(PAGE, "second_factor/confirm", &code).await.location(), PAGE);
    assert!(partner.get(PAGE).await.text().contains("It is on"));

    let browser = app.browser();
    assert_eq!(browser.post("/login", "session/sign_in", &credentials()).await.location(), "/login/code");
    assert!(browser.get("/login/code").await.text().contains("Enter your code"));
    let wrong = browser.post("/login/code", "session/sign_in_with_code", &form(&[("code", "000000")])).await;
    assert!(wrong.status == 422 && wrong.text().contains("This code is wrong or was used already"));
    let right = form(&[("code", &authenticator.recovery_codes[0])]);
    assert_eq!(browser.post("/login/code", "session/sign_in_with_code", &right).await.location(), "/");
    assert!(browser.get("/").await.text().contains("9 recovery code(s) left"));

    let dialog = format!("{PAGE}?dialog=codes");
    assert!(browser.get(&dialog).await.text().contains("Show Codes"));
    let shown = browser.post(&dialog, "second_factor/new_codes", &form(&[("password", PASSWORD)])).await;
    assert_eq!(shown.location(), PAGE);
    assert!(browser.get(PAGE).await.text().contains("Use These Codes"));
    assert_eq!(browser.post(PAGE, "second_factor/use_codes", &[]).await.location(), PAGE);
    let dialog = format!("{PAGE}?dialog=turn-off");
    let wrong = browser.post(&dialog, "second_factor/turn_off", &form(&[("password", "not the password")])).await;
    assert!(wrong.status == 422 && wrong.text().contains("This is not your password"));
    browser.post(&dialog, "second_factor/turn_off", &form(&[("password", PASSWORD)])).await;
    assert!(browser.get(PAGE).await.text().contains("Set it up"));
}

pub fn credentials() -> Vec<(String, String)> {
    form(&[("email", PARTNER), ("password", PASSWORD)])
}

impl TestApp {
    /// A browser in which the Partner's password was right and a code is owed.
    pub async fn owing(&self) -> Browser {
        let browser = self.browser();
        let done = browser.done("session/sign_in", &credentials()).await;
        assert_eq!(done.goto, "/login/code");
        browser
    }
}

async fn session_ids(app: &TestApp) -> Vec<String> {
    app.column("session", "id").await
}

/// `name=value` of the session's cookie.
fn cookie(answer: &Answer) -> String {
    answer.cookie().unwrap().split(';').next().unwrap().to_owned()
}

/// What the audit log tells of second factors, recovery codes and the account.
async fn told(partner: &Browser) -> Vec<String> {
    let log: AuditLog = partner.read("audit/list", &json!({ "query": AuditQuery::default() })).await;
    let about = |action: &String| {
        ["second factor", "recovery code", "account changed"].iter().any(|word| action.contains(word))
    };
    log.page.rows.into_iter().map(|row| row.action).filter(about).collect()
}
