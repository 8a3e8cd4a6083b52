//! A run's page: its log, how long it takes, and what grew.

use std::fs;

use model::{
    backup::{BackupPhase, RestorePhase},
    ids::ProjectId,
    maintenance::{MaintenanceKind, MaintenancePhase},
    run::{Comparison, Grown, LONGEST_LOG, Run, RunRef, RunView},
};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, Browser, TestApp,
    deeds::{TIMEOUT, until},
    form, on_both_databases,
};

on_both_databases!(
    each_kind_of_run_has_its_log,
    a_failure_and_its_next_try_stand_in_the_log,
    a_log_goes_with_its_run,
    a_log_ends_when_it_is_full,
    what_grew_since_the_backup_before_is_told,
);

impl Browser {
    async fn run(&self, project: ProjectId, run: RunRef) -> RunView {
        self.read("runs/get", &json!({ "project": project, "run": run.to_string() })).await
    }

    async fn growth(&self, project: ProjectId, run: RunRef, compare: bool) -> Comparison {
        self.read("runs/growth", &json!({ "project": project, "run": run.to_string(), "compare": compare })).await
    }
}

fn texts(view: &RunView) -> Vec<&str> {
    view.log.iter().map(|line| line.text.as_str()).collect()
}

async fn each_kind_of_run_has_its_log(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let view = partner.run(project, RunRef::Backup(backup.id)).await;
    let lines = texts(&view);
    assert_eq!((lines[0], view.usual), ("Started", None));
    let files = format!("{} files backed up, ", backup.files.unwrap());
    assert!(lines.last().unwrap().starts_with(&files), "{lines:?}");
    assert!(view.log.iter().all(|line| !line.node.is_empty()));
    assert!(view.log.windows(2).all(|lines| lines[0].at <= lines[1].at));
    assert!(matches!(view.run, Run::Backup(row) if row == backup));

    let restored = partner.restore(project, backup.id, "", &app.files().join("restored")).await;
    assert_eq!(restored.phase, RestorePhase::Completed);
    let view = partner.run(project, RunRef::Restore(restored.id)).await;
    assert!(texts(&view).last().unwrap().contains(" restored, "), "{:?}", texts(&view));

    partner.done("maintenance/verify", &form(&[("project", &project.to_string()), ("whole", "on")])).await;
    let verified = partner.maintained(project, MaintenanceKind::Verification).await;
    assert_eq!(verified.phase, MaintenancePhase::Completed);
    let view = partner.run(project, RunRef::Maintenance(verified.id)).await;
    assert_eq!(texts(&view).last().copied(), verified.outcome.as_deref());

    let second = partner.backup_now(project, policy).await;
    assert!(partner.run(project, RunRef::Backup(second.id)).await.usual.is_some(), "the first one tells how long");
    for wrong in ["", "backup-0", "backup-999999", "restore-x", "policy-1", "../1"] {
        let answer = partner.ask("runs/get", &json!({ "project": project, "run": wrong })).await;
        assert_eq!(answer.status, 404, "{wrong}");
    }
    assert_eq!(partner.growth(project, RunRef::Restore(restored.id), true).await, Comparison::NoData);
}

async fn a_failure_and_its_next_try_stand_in_the_log(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let away = app.source().with_extension("away");
    fs::rename(app.source(), &away).unwrap();
    let failed = partner.backup_now(project, policy).await;
    assert_eq!(failed.phase, BackupPhase::Failed);
    let view = partner.run(project, RunRef::Backup(failed.id)).await;
    let cause = failed.cause.clone().unwrap();
    assert_eq!(texts(&view), ["Started", &cause, "It is tried again in 1 min"]);
    assert!(view.run.goes_on(), "the page goes on asking");

    fs::rename(&away, app.source()).unwrap();
    app.pass(61);
    let again = partner.newest_backup(project, TIMEOUT, |row| row.phase == BackupPhase::Completed).await;
    assert_eq!((again.id, again.attempt), (failed.id, 2));
    let view = partner.run(project, RunRef::Backup(failed.id)).await;
    assert_eq!(texts(&view)[3], "Started again, attempt 2");
    assert!(!view.run.goes_on());
    // Kept as data, it is worded for its reader.
    let czech = partner.request(Method::GET, &format!("/projects/{project}/runs/backup-{}", failed.id));
    let page = Answer::of(czech.header("accept-language", "cs")).await.text();
    assert!(page.contains("Zahájeno znovu, pokus 2"), "{page}");
}

async fn a_log_goes_with_its_run(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    assert!(app.rows("run_log").await >= 2);
    partner.done("backups/delete", &form(&[("backup", &backup.id.to_string())])).await;
    until(TIMEOUT, async || app.rows("run_log").await, |rows| *rows == 0).await;
    let gone = json!({ "project": project, "run": RunRef::Backup(backup.id).to_string() });
    assert_eq!(partner.ask("runs/get", &gone).await.status, 404);
}

async fn a_log_ends_when_it_is_full(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let away = app.source().with_extension("away");
    fs::rename(app.source(), &away).unwrap();
    let failed = partner.backup_now(project, policy).await;
    let long = "x".repeat(LONGEST_LOG - 200);
    app.execute(&format!("UPDATE run_log SET text = '{long}' WHERE text LIKE '%Started%'")).await;
    let lines = app.rows("run_log").await;
    fs::rename(&away, app.source()).unwrap();
    app.pass(61);
    let again = partner.newest_backup(project, TIMEOUT, |row| row.phase == BackupPhase::Completed).await;
    assert_eq!(again.id, failed.id, "no run fails for its log");
    assert_eq!(app.rows("run_log").await, lines);
}

async fn what_grew_since_the_backup_before_is_told(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let first = partner.backup_now(project, policy).await;
    assert_eq!(partner.growth(project, RunRef::Backup(first.id), false).await, Comparison::Offered);
    assert_eq!(partner.growth(project, RunRef::Backup(first.id), true).await, Comparison::First);
    app.pass(60);
    fs::write(app.source().join("grown.log"), vec![b'x'; 70_000]).unwrap();
    let second = partner.backup_now(project, policy).await;
    let grown = vec![Grown { path: "grown.log".to_owned(), is_folder: false, bytes: 70_000 }];
    let told = partner.growth(project, RunRef::Backup(second.id), true).await;
    assert_eq!(told, Comparison::Made { since: first.name, grown });
    let page = partner.get(&format!("/projects/{project}/runs/backup-{}?compare=1", second.id)).await.text();
    assert!(page.contains("grown.log"), "also without WASM");
}
