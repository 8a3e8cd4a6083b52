//! Nodes that should not be there: with another clock, with another key, or back from the dead.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use model::{backup::BackupPhase, node::NodeRow};
use sea_orm::{ConnectionTrait, sea_query::Query};
use serde_json::json;
use server::startup::Application;
use services::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{
    Browser, Database, TestApp,
    app::{PARTNER, PASSWORD, SECRET_KEY},
    deeds::{credential_form, until},
    files, form, on,
    stall::Stall,
};

const A_MOMENT: Duration = Duration::from_secs(30);

/// Another node on the database of a test's server, with a clock and a key of its own.
struct Node {
    browser: Browser,
    ahead: Arc<AtomicI64>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Node {
    async fn start(app: &TestApp, ahead: TimeDelta, change: impl FnOnce(&mut server::config::Config)) -> Self {
        let ahead = Arc::new(AtomicI64::new(ahead.num_seconds()));
        let shown = ahead.clone();
        let clock = Clock::new(move || Utc::now() + TimeDelta::seconds(shown.load(Ordering::Relaxed)));
        let mut config = app.config.clone();
        "stranger".clone_into(&mut config.node);
        change(&mut config);
        let application = Application::build_with_clock(&config, clock).await.unwrap();
        let (browser, stop) = (Browser::new(application.address()), CancellationToken::new());
        let serving = application.run_until(stop.clone().cancelled_owned());
        Self { browser, ahead, stop, running: tokio::spawn(async { serving.await.unwrap() }) }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

/// Until when the running backup's lease lasts, and whose it is.
async fn lease(app: &TestApp) -> (Option<DateTime<Utc>>, Option<String>) {
    let db = sea_orm::Database::connect(app.config.database.expose()).await.unwrap();
    let lease = Query::select().columns(["lease_until", "lease_owner"]).from("backup").to_owned();
    let row = db.query_one(&lease).await.unwrap().unwrap();
    db.close().await.unwrap();
    (row.try_get("", "lease_until").unwrap(), row.try_get("", "lease_owner").unwrap())
}

async fn nodes(partner: &Browser) -> Vec<NodeRow> {
    partner.read("nodes/list", &json!({})).await
}

/// A node whose clock is hours or weeks off takes no run from a node that works, ends no session, and deletes nothing
/// before its time; as soon as its clock is set it takes part.
#[test]
fn a_node_with_another_clock_takes_no_part() {
    for ahead in [TimeDelta::hours(3), TimeDelta::days(60), -TimeDelta::hours(3)] {
        on(Database::Postgres, async |app| {
            let partner = app.set_up().await;
            let s3 = app.own_s3().await;
            let stall = Stall::start(s3).await;
            let mut fields = form(&credential_form(stall.endpoint().as_str(), SECRET_KEY));
            fields[0].1 = "Stalled S3".to_owned();
            partner.done("credentials/add", &fields).await;
            let credential = partner.credentials().await.remove(0);
            files::write_sample(&app.source());
            let project = partner.add_project("web-shop", &app.source(), Some(&credential)).await;
            let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
            stall.hold();
            partner.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
            let working = |run: &model::backup::BackupRow| run.phase == BackupPhase::InProgress;
            partner.newest_backup(project, A_MOMENT, working).await;
            let (_, owner) = lease(app).await;

            let stranger = Node::start(app, ahead, |_| {}).await;
            // It dispatches every second, and the lease is renewed every two.
            let (begun, _) = lease(app).await;
            let later = begun.map(|until| until + TimeDelta::seconds(9));
            until(A_MOMENT, async || lease(app).await, |(until, holder)| *until > later || *holder != owner).await;
            assert_eq!(lease(app).await.1, owner, "{ahead}: the run stays with the node that works on it");
            assert_eq!(nodes(&partner).await.len(), 1, "{ahead}: it is no node to reckon with");
            stall.go_on();
            let ended = partner.newest_backup(project, A_MOMENT, |run| !run.phase.is_active()).await;
            assert_eq!((ended.phase, ended.attempt), (BackupPhase::Completed, 1), "{ahead}: {:?}", ended.cause);
            assert_eq!(partner.get("/").await.status, 200, "{ahead}: no session has ended");

            stranger.ahead.store(0, Ordering::Relaxed);
            until(A_MOMENT, async || nodes(&partner).await, |nodes| nodes.len() == 2).await;
            stranger.stop().await;
        });
    }
}

/// Two nodes that were started on an empty database, each with a master key of its own: neither could be refused.
#[test]
fn a_node_with_another_key_seals_nothing() {
    on(Database::Postgres, async |app| {
        let partner = app.set_up().await;
        let other = app.folder().join("other.key");
        fs::write(&other, format!("{}\n", "d".repeat(42) + "g=")).unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
        let stranger = Node::start(app, TimeDelta::zero(), |config| config.master_key_file.clone_from(&other)).await;
        partner.add_credential(app.own_s3().await).await;

        let elsewhere = stranger.browser.clone();
        elsewhere.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        let endpoint = app.own_s3().await.endpoint();
        let mut second = form(&credential_form(endpoint.as_str(), SECRET_KEY));
        second[0].1 = "Second S3".to_owned();
        let hook = crate::support::deeds::webhook_form("hook", "http://127.0.0.1:1/hook");
        for (function, fields) in [
            ("credentials/add", second),
            ("second_factor/begin", form(&[("password", PASSWORD)])),
            ("notifications/add_channel", form(&hook)),
        ] {
            let refused = elsewhere.call(function, &fields).await;
            assert_eq!(refused.status, 500, "{function}: {}", refused.text());
        }
        let rows = [app.rows("backup_credential").await, app.rows("second_factor").await];
        assert_eq!((rows, app.rows("notification_channel").await), ([1, 0], 0), "nothing that only it could open");
        stranger.stop().await;
        let mut config = app.config.clone();
        config.master_key_file = other;
        let refused = Application::build_with_clock(&config, Clock::system()).await.err().unwrap().to_string();
        assert!(refused.contains("is not the one that the secrets in the database are sealed under"), "{refused}");
        partner.add_channel(&hook).await;
    });
}
