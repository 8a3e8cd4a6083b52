//! Between the password and the code: what opens, what can be replayed, and what ends it.

use futures::future::join_all;
use leptos::server_fn::axum::server_fn_paths;
use model::people::Role;
use serde_json::json;

use crate::support::{
    Answer, Browser, TestApp,
    app::{ORGANIZATION, PARTNER, PASSWORD, setup_form},
    authenticator::{STEP, steps_later},
    form, on_both_databases,
    program::Program,
    tell,
};

on_both_databases!(half_a_sign_in_opens_no_more_than_none, whatever_ends_sessions_ends_half_a_sign_in);

const MANAGER: &str = "manager@acme.example.com";

/// Every function and every address that the server has, asked by somebody who owes a code, and by nobody.
async fn half_a_sign_in_opens_no_more_than_none(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    partner.set_up_second_factor(app.now()).await;
    let (owing, nobody) = (app.owing().await, app.browser());
    let before = app.column("audit_entry", "action").await.len();

    for route in server::addresses() {
        // These are the sign-in's own.
        if ["/login", "/login/code", "/login/oidc", "/login/oidc/callback"].contains(&route.as_str()) {
            continue;
        }
        let address = route.replace("{project}", &project.to_string()).replace("{backup}", &backup.id.to_string());
        for address in [address.clone(), format!("{address}?path=README.md&as=zip")] {
            let half = owing.head_through_a_proxy(&address).await;
            assert_eq!(half.status, nobody.head_through_a_proxy(&address).await.status, "{address}");
            assert!(half.status != 303 || half.location() == "/login/code", "{address}");
        }
    }
    for (path, _) in server_fn_paths() {
        let function = path.trim_start_matches("/api/");
        if function.starts_with("session/") {
            continue;
        }
        let fields =
            form(&[("password", PASSWORD), ("code", "123456"), ("user", "1"), ("project", "1"), ("token", "x")]);
        let arguments = json!({ "query": {}, "project": project, "policy": policy, "credential": 1, "token": "x" });
        for (half, none) in [
            (owing.call(function, &fields).await, nobody.call(function, &fields).await),
            (owing.ask(function, &arguments).await, nobody.ask(function, &arguments).await),
        ] {
            assert_eq!((half.status, half.text()), (none.status, none.text()), "{function}");
            assert!((400..500).contains(&half.status), "{function}: {}", half.status);
        }
    }
    assert_eq!(app.column("audit_entry", "action").await.len(), before, "nothing was done");
    assert_eq!(owing.get("/").await.location(), "/login/code", "and it is still owed");
}

async fn whatever_ends_sessions_ends_half_a_sign_in(app: &TestApp) {
    let partner = app.set_up().await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    let mut authenticator = manager.set_up_second_factor(app.now()).await;
    let owing = async || {
        let browser = app.browser();
        let done = browser.done("session/sign_in", &form(&[("email", MANAGER), ("password", PASSWORD)])).await;
        assert_eq!(done.goto, "/login/code");
        browser
    };
    let user = form(&[("user", "2")]);

    let half = owing().await;
    partner.done("users/change_role", &form(&[("user", "2"), ("role", "User")])).await;
    app.pass(STEP);
    assert_eq!(half.enter_code(&authenticator.code(app.now())).await.status, 401, "another role");

    let half = owing().await;
    partner.done("users/reset_second_factor", &user).await;
    assert_eq!(half.enter_code(&authenticator.recovery_codes[0]).await.status, 401, "the second factor was reset");
    let again = app.signed_in(MANAGER).await;
    authenticator = again.set_up_second_factor(app.now()).await;
    app.pass(STEP);
    assert_eq!(half.enter_code(&authenticator.code(app.now())).await.status, 401, "and a new one does not revive it");

    let half = owing().await;
    let link = partner.done("users/reset_password", &user).await.link.unwrap();
    let token = link.strip_prefix("/set-password?token=").unwrap();
    let other = form(&[("token", token), ("password", "another good password")]);
    app.browser().done("users/set_password", &other).await;
    app.pass(STEP);
    assert_eq!(half.enter_code(&authenticator.code(app.now())).await.status, 401, "another password");
    partner.done("users/remove", &user).await;
    assert_eq!(half.enter_code(&authenticator.recovery_codes[1]).await.status, 401, "no such person any more");
}

/// So many browsers on each of two nodes, in each of which the Partner owes a code.
async fn owing_on(nodes: [&Browser; 2], each: usize) -> Vec<Browser> {
    let mut browsers = Vec::new();
    for node in nodes.iter().cycle().take(2 * each) {
        let browser = node.of_somebody_else();
        let done = browser.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        assert_eq!(done.goto, "/login/code");
        browsers.push(browser);
    }
    browsers
}

fn let_in(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[test]
fn codes_are_good_once_on_all_nodes_and_guessed_slowly_on_all() {
    tell(async {
        let first = Program::on_postgres();
        let one = first.serve();
        let partner = one.browser();
        partner.done("session/set_up", &setup_form()).await;
        let two = first.another("two").serve();
        let nodes = [&one.browser(), &two.browser()];
        let authenticator = partner.set_up_second_factor(chrono::Utc::now()).await;

        let browsers = owing_on(nodes, 2).await;
        let code = authenticator.code(steps_later(chrono::Utc::now(), 1));
        let answers = join_all(browsers.iter().map(|browser| browser.enter_code(&code))).await;
        assert_eq!(let_in(&answers), 1, "a code of the app, on two nodes at once");
        let browsers = owing_on(nodes, 1).await;
        let code = &authenticator.recovery_codes[0];
        let answers = join_all(browsers.iter().map(|browser| browser.enter_code(code))).await;
        assert_eq!(let_in(&answers), 1, "a recovery code, on two nodes at once");

        let browsers = owing_on(nodes, 4).await;
        let mut statuses = Vec::new();
        for browser in &browsers {
            statuses.push(browser.enter_code("000000").await.status);
        }
        assert!(statuses.contains(&429), "another session on another node makes nobody guess faster: {statuses:?}");
        assert_eq!([one.terminate(), two.terminate()], [Some(0); 2]);
    });
}
