//! Open pages are told when runs move: those of the person's tenants, until the session ends.

use std::time::Duration;

use model::people::Role;
use reqwest::{Method, Response};
use tokio::time::timeout;

use crate::support::{Browser, TestApp, app::ORGANIZATION, deeds::until, form, on_both_databases};

on_both_databases!(
    who_may_see_a_project_hears_of_its_runs_and_nobody_else,
    a_backup_that_is_gone_in_a_moment_is_told_of,
    a_connection_ends_with_its_session,
    a_session_has_four_places,
    a_server_that_stops_ends_what_it_tells,
);

const A_MOMENT: Duration = Duration::from_mins(1);

/// What a page listens to.
struct Ear {
    response: Response,
    heard: String,
}

impl Browser {
    async fn listen(&self) -> Ear {
        let response = self.request(Method::GET, "/events").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Ear { response, heard: String::new() }
    }
}

impl Ear {
    /// Listens until `word` is heard.
    async fn until(&mut self, word: &str) {
        let hear = async {
            while !self.heard.contains(word) {
                let chunk = self.response.chunk().await.unwrap().expect("it goes on");
                self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        timeout(A_MOMENT, hear).await.unwrap_or_else(|_| panic!("{word} is never heard"));
    }

    /// Listens until the server ends, and returns all that was heard.
    async fn all(mut self) -> String {
        let hear = async {
            while let Some(chunk) = self.response.chunk().await.unwrap() {
                self.heard.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        timeout(A_MOMENT, hear).await.expect("it ends");
        self.heard
    }
}

async fn who_may_see_a_project_hears_of_its_runs_and_nobody_else(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    app.organization("globex").await;
    let (user, neighbour) = (app.person(Role::User, ORGANIZATION).await, app.person(Role::Manager, "globex").await);
    let stranger = app.another_account().await;
    let mut may_hear = [partner.listen().await, user.listen().await];
    let must_not_hear = [(&neighbour, neighbour.listen().await), (&stranger, stranger.listen().await)];

    partner.backup_now(project, policy).await;
    for ear in &mut may_hear {
        ear.until(&format!("data: {project}\n")).await;
    }
    for (browser, ear) in must_not_hear {
        browser.done("session/sign_out", &form(&[])).await;
        let heard = ear.all().await;
        // Which version it is, every page is told.
        let (_, moved) = heard.split_once("event: version\ndata: ").expect("the version comes first");
        assert!(!moved.contains("data:"), "{heard}");
    }
}

/// A removal takes a fraction of the second between two looks.
async fn a_backup_that_is_gone_in_a_moment_is_told_of(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    for _ in 0..3 {
        let backup = partner.backup_now(project, policy).await;
        let mut ear = partner.listen().await;
        partner.done("backups/delete", &form(&[("backup", &backup.id.to_string())])).await;
        ear.until(&format!("data: {project}\n")).await;
        until(A_MOMENT, async || partner.backups(project).await.len(), |count| *count == 0).await;
    }
}

async fn a_connection_ends_with_its_session(app: &TestApp) {
    let partner = app.set_up().await;
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    let (signs_out, runs_out) = (partner.listen().await, manager.listen().await);
    partner.done("session/sign_out", &form(&[])).await;
    signs_out.all().await;
    app.pass(8 * 24 * 3600);
    runs_out.all().await;
}

async fn a_session_has_four_places(app: &TestApp) {
    let partner = app.set_up().await;
    let mut ears = Vec::new();
    for _ in 0..4 {
        ears.push(partner.listen().await);
    }
    let refused = partner.head_through_a_proxy("/events").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    app.person(Role::User, ORGANIZATION).await.listen().await;
}

async fn a_server_that_stops_ends_what_it_tells(app: &TestApp) {
    let partner = app.set_up().await;
    let ear = partner.listen().await;
    let stopped = timeout(Duration::from_secs(10), app.stop());
    let (stopped, _) = tokio::join!(stopped, ear.all());
    stopped.expect("nobody who listens holds it up");
}
