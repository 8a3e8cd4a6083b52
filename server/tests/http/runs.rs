//! Runs beside each other: no organization has all workers, none takes for ever, and one that its process did not survive
//! is tried once more, alone.

use std::path::Path;

use chrono::TimeDelta;
use embedded_s3::EmbeddedS3;
use model::{
    backup::{BackupPhase, BackupRow, RestorePhase},
    ids::{PolicyId, ProjectId},
    maintenance::{MaintenanceKind, MaintenancePhase},
    node::NodeRow,
    people::Role,
};
use serde_json::json;
use server::config::Key;

use crate::support::{
    Browser, Database, TestApp,
    app::SECRET_KEY,
    deeds::{TIMEOUT, credential_form, until},
    files, form, on_both_databases,
    stall::Stall,
    tell,
};

on_both_databases!(an_organization_leaves_a_worker_to_others);

/// A project, and a policy of it that is not due for years.
type Place = (ProjectId, PolicyId);

/// Projects whose S3 service can be made to hang.
async fn slow_projects<const COUNT: usize>(app: &TestApp, browser: &Browser, stall: &Stall) -> [Place; COUNT] {
    let mut fields = credential_form(stall.endpoint().as_str(), SECRET_KEY);
    fields[0].1 = "Slow S3";
    browser.done("credentials/add", &form(&fields)).await;
    let credential = browser.credentials().await.into_iter().find(|row| row.s3_name == "Slow S3").unwrap();
    files::write_sample(&app.source());
    let mut places = Vec::new();
    for number in 0..COUNT {
        let project = browser.add_project(&format!("slow-{number}"), &app.source(), Some(&credential)).await;
        places.push((project, browser.add_policy(project, "yearly", "0 0 29 2 *").await));
    }
    places.try_into().unwrap()
}

async fn quick_project(directory: &Path, browser: &Browser, s3: &EmbeddedS3) -> Place {
    let credential = browser.add_credential(s3).await;
    let project = browser.add_project("quick", directory, Some(&credential)).await;
    (project, browser.add_policy(project, "yearly", "0 0 29 2 *").await)
}

impl Browser {
    async fn start(&self, (project, policy): Place) -> BackupRow {
        self.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
        self.backups(project).await.remove(0)
    }

    async fn started(&self, place: Place) -> BackupRow {
        let queued = self.start(place).await;
        self.backup_when(place.0, queued.id, |run| run.phase == BackupPhase::InProgress).await
    }

    async fn verify(&self, project: ProjectId) {
        self.done("maintenance/verify", &form(&[("project", &project.to_string())])).await;
    }
}

/// One organization's S3 service hangs, and it has a backup, a restore and a verification waiting.
async fn an_organization_leaves_a_worker_to_others(app: &TestApp) {
    let partner = app.set_up().await;
    app.organization("globex").await;
    let globex = app.person(Role::Manager, "globex").await;
    let s3 = app.own_s3().await;
    let stall = Stall::start(s3).await;
    let [first, second, third] = slow_projects(app, &partner, &stall).await;
    let small = quick_project(&app.files_of("globex"), &globex, s3).await;
    let backup = partner.backup_now(first.0, first.1).await;
    assert_eq!(backup.phase, BackupPhase::Completed, "{:?}", backup.cause);

    stall.hold();
    let (id, target) = (backup.id.to_string(), app.files().join("restored").display().to_string());
    let restore = [
        ("backup", id.as_str()),
        ("restore_name", "slow-restore"),
        ("target", "directory"),
        ("target_directory", &target),
        ("on_conflict", "skip"),
    ];
    partner.done("restores/add", &form(&restore)).await;
    let begun = async || partner.restores(first.0).await.remove(0);
    until(TIMEOUT, begun, |restore| restore.phase == RestorePhase::InProgress).await;
    let waiting = partner.start(second).await;
    partner.verify(third.0).await;
    for _ in 0..2 {
        let run = globex.backup_now(small.0, small.1).await;
        assert_eq!(run.phase, BackupPhase::Completed, "{:?}", run.cause);
        app.pass(1);
    }
    assert_eq!(partner.backups(second.0).await.remove(0).phase, BackupPhase::Queued, "the last worker is kept free");
    let verification = partner.repository(third.0).await.runs.remove(0);
    assert_eq!(verification.phase, MaintenancePhase::Queued);

    stall.go_on();
    let done = |run: &BackupRow| run.phase == BackupPhase::Completed;
    partner.backup_when(second.0, waiting.id, done).await;
    assert_eq!(partner.newest_restore(first.0).await.phase, RestorePhase::Completed);
    let verified = partner.maintained(third.0, MaintenanceKind::Verification).await;
    assert_eq!(verified.phase, MaintenancePhase::Completed);
}

/// As if the process that works on it had died.
async fn die(app: &TestApp, table: &str, which: &str) {
    let dead = "lease_owner = 'dead', lease_until = '2026-01-01T00:00:00Z'";
    app.execute(&format!("UPDATE {table} SET {dead} WHERE phase = 'InProgress' AND {which}")).await;
}

#[test]
fn a_run_that_ended_its_process_waits_until_it_can_be_alone() {
    tell(async {
        for database in [Database::Sqlite, Database::Postgres] {
            let app = &TestApp::spawn_with(database, &[(Key::BackupWorkers, "3")]).await;
            let partner = app.set_up().await;
            let s3 = app.own_s3().await;
            let stall = Stall::start(s3).await;
            let [first, second] = slow_projects(app, &partner, &stall).await;
            let quick = quick_project(&app.source(), &partner, s3).await;
            stall.hold();
            let (crashing, beside) = (partner.started(first).await, partner.started(second).await);
            die(app, "backup", &format!("id = {}", crashing.id)).await;
            let again = |run: &BackupRow| run.phase == BackupPhase::Queued && run.attempt == 2;
            let queued = partner.backup_when(first.0, crashing.id, again).await;
            assert!(queued.cause.unwrap().contains("as soon as nothing else runs beside it"));
            // A worker is free, and passes it over.
            assert_eq!(partner.backup_now(quick.0, quick.1).await.phase, BackupPhase::Completed);
            assert_eq!(partner.backups(first.0).await.remove(0).phase, BackupPhase::Queued);
            stall.go_on();
            let done = |run: &BackupRow| run.phase == BackupPhase::Completed;
            let beside = partner.backup_when(second.0, beside.id, done).await;
            let alone = partner.backup_when(first.0, crashing.id, done).await;
            assert!(alone.started >= beside.finished, "{:?} {:?}", alone.started, beside.finished);

            nothing_is_claimed_beside_it(app, &partner, &stall, [first, quick], &alone).await;
            app.stop().await;
        }
    });
}

/// The same run once more, as one that a process has not survived.
async fn nothing_is_claimed_beside_it(
    app: &TestApp,
    partner: &Browser,
    stall: &Stall,
    [first, quick]: [Place; 2],
    run: &BackupRow,
) {
    stall.hold();
    app.execute(&format!("UPDATE backup SET phase = 'Queued', crashes = 1 WHERE id = {}", run.id)).await;
    partner.backup_when(first.0, run.id, |run| run.phase == BackupPhase::InProgress).await;
    let waiting = partner.start(quick).await;
    let node = async || partner.read::<Vec<NodeRow>>("nodes/list", &json!({})).await.remove(0).seen;
    let before = node().await;
    // Twice as long as a worker waits before it looks again.
    until(TIMEOUT, node, |seen| *seen - before > TimeDelta::seconds(4)).await;
    assert_eq!(partner.backups(quick.0).await.remove(0).phase, BackupPhase::Queued);
    stall.go_on();
    let done = |run: &BackupRow| run.phase == BackupPhase::Completed;
    let alone = partner.backup_when(first.0, run.id, done).await;
    let after = partner.backup_when(quick.0, waiting.id, done).await;
    assert!(after.started >= alone.finished, "{:?} {:?}", after.started, alone.finished);
}

#[test]
fn a_run_that_ended_its_process_twice_has_failed() {
    tell(async {
        for database in [Database::Sqlite, Database::Postgres] {
            let app = &TestApp::spawn_with(database, &[(Key::BackupWorkers, "3")]).await;
            let partner = app.set_up().await;
            let stall = Stall::start(app.own_s3().await).await;
            let [first, second] = slow_projects(app, &partner, &stall).await;
            let backup = partner.backup_now(first.0, first.1).await;
            stall.hold();
            let crashing = partner.started(second).await;
            partner.verify(first.0).await;
            let verification = async || partner.repository(first.0).await.runs.remove(0);
            until(TIMEOUT, verification, |run| run.phase == MaintenancePhase::InProgress).await;
            let (id, target) = (backup.id.to_string(), app.files().join("restored").display().to_string());
            let restore = [
                ("backup", id.as_str()),
                ("restore_name", "slow-restore"),
                ("target", "directory"),
                ("target_directory", &target),
                ("on_conflict", "skip"),
            ];
            partner.done("restores/add", &form(&restore)).await;
            let begun = async || partner.restores(first.0).await.remove(0);
            until(TIMEOUT, begun, |restore| restore.phase == RestorePhase::InProgress).await;

            for table in ["backup", "restore", "maintenance"] {
                app.execute(&format!("UPDATE {table} SET crashes = 1 WHERE phase = 'InProgress'")).await;
                die(app, table, "crashes = 1").await;
            }
            let words = "The server stopped in the middle of this, and once more when nothing else ran beside it";
            let told = |cause: &Option<String>| cause.as_deref().is_some_and(|cause| cause.starts_with(words));
            let failed = |run: &BackupRow| run.phase == BackupPhase::Failed;
            let failed = partner.backup_when(second.0, crashing.id, failed).await;
            assert!(told(&failed.cause) && failed.retry_at.is_none(), "{failed:?}");
            let restored = partner.newest_restore(first.0).await;
            assert!(restored.phase == RestorePhase::Failed && told(&restored.cause), "{restored:?}");
            let verified = partner.maintained(first.0, MaintenanceKind::Verification).await;
            assert!(verified.phase == MaintenancePhase::Failed && told(&verified.cause), "{verified:?}");
            stall.go_on();
            app.stop().await;
        }
    });
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_has_failed() {
    tell(async {
        let app = &TestApp::spawn_with(Database::Sqlite, &[(Key::RunLimit, "2s")]).await;
        let partner = app.set_up().await;
        let stall = Stall::start(app.own_s3().await).await;
        let [place] = slow_projects(app, &partner, &stall).await;
        stall.hold();
        let run = partner.started(place).await;
        let took = async || app.now() - run.started.unwrap();
        until(TIMEOUT, took, |took| *took > TimeDelta::seconds(4)).await;
        stall.go_on();
        let ended = partner.backup_when(place.0, run.id, |run| !run.phase.is_active()).await;
        assert_eq!((ended.phase, ended.retry_at), (BackupPhase::Failed, None));
        let cause = ended.cause.unwrap();
        assert!(
            cause.starts_with("Stopped after 2 s, the longest that a run may take (HOLDFAST_RUN_LIMIT)"),
            "{cause}"
        );
        app.stop().await;
    });
}
