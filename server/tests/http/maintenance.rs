//! Repositories: kept small, verified, repaired.

use std::{fs, path::PathBuf, time::Duration};

use futures::future::join_all;
use model::{
    backup::BackupPhase,
    ids::ProjectId,
    maintenance::{Damage, DamagedKind, Health, MaintenanceKind, MaintenancePhase, RepositoryState},
};

use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::support::{Browser, TestApp, deeds::until, files, form, on_both_databases, receivers::Hooks};

on_both_databases!(
    what_a_deleted_backup_leaves_is_cleaned_up,
    a_repository_is_verified_every_week,
    damage_is_found_named_and_repaired,
    what_cannot_be_repaired_is_named_until_it_is_deleted,
    a_backup_waits_for_a_repair,
    a_clean_up_makes_way_for_a_backup,
    one_of_a_kind_waits_and_can_be_cancelled,
    of_many_that_ask_at_once_one_is_queued,
    a_project_that_is_deleted_meanwhile_is_not_found,
);

/// How long several runs, one after the other, may take that have hardly anything to do.
const A_WHILE: Duration = Duration::from_secs(90);

async fn state(browser: &Browser, project: ProjectId) -> RepositoryState {
    browser.repository(project).await.repository.unwrap()
}

async fn ask(browser: &Browser, function: &str, project: ProjectId) {
    browser.done(&format!("maintenance/{function}"), &form(&[("project", &project.to_string())])).await;
}

async fn of_many_that_ask_at_once_one_is_queued(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let asked = form(&[("project", &project.to_string())]);
    for function in ["maintenance/prune", "maintenance/verify"] {
        for _ in 0..5 {
            let answers = join_all((0..8).map(|_| partner.call(function, &asked))).await;
            let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{function}: {statuses:?}");
        }
    }
}

/// The packs that are stored, the largest first.
fn packs(app: &TestApp) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![app.folder().join("s3")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.parent().and_then(|folder| folder.parent()).is_some_and(|folder| folder.ends_with("data")) {
                found.push(entry);
            }
        }
    }
    found.sort_by_key(|pack| std::cmp::Reverse(pack.metadata().unwrap().len()));
    found
}

async fn what_a_deleted_backup_leaves_is_cleaned_up(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let old = partner.backup_now(project, policy).await;
    fs::remove_file(app.source().join("letters/2026/numbers.bin")).unwrap();
    partner.backup_now(project, policy).await;
    assert_eq!(state(&partner, project).await.prune_due, None, "there is nothing to remove");

    partner.done("backups/delete", &form(&[("backup", &old.id.to_string())])).await;
    until(A_WHILE, async || state(&partner, project).await, |state| state.prune_due.is_some()).await;
    app.pass(3700);
    let run = partner.maintained(project, MaintenanceKind::Prune).await;
    assert_eq!((run.phase, run.cause.as_deref()), (MaintenancePhase::Completed, None));
    assert_eq!(run.created_by, None, "it was due");
    let outcome = run.outcome.unwrap();
    assert!(
        outcome.starts_with("Nothing removed. ") && outcome.ends_with(" not needed any more go later"),
        "{outcome}"
    );
    let known = state(&partner, project).await;
    assert!(known.stored > known.unused && known.unused > Some(250_000), "{known:?}");
    assert!(known.pruned.is_some() && known.prune_due > known.pruned, "{known:?}");
}

async fn a_repository_is_verified_every_week(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    let planned = until(A_WHILE, async || state(&partner, project).await, |state| state.verify_due.is_some()).await;
    assert_eq!(planned.health, Health::NotVerified);
    assert_eq!(partner.project(project).await.health, Some(Health::NotVerified));
    let in_days = (planned.verify_due.unwrap() - chrono::Utc::now()).num_hours() / 24;
    assert!((6..=7).contains(&in_days), "{in_days}");
    app.execute("UPDATE repository SET verify_due_at = '2026-11-24T00:00:00Z'").await;
    let run = partner.maintained(project, MaintenanceKind::Verification).await;
    assert_eq!((run.phase, run.created_by), (MaintenancePhase::Completed, None));
    assert!(run.outcome.unwrap().starts_with("Sound. "));
    let known = state(&partner, project).await;
    assert_eq!(known.health, Health::Sound);
    assert!(known.verify_due.unwrap() - known.verified.unwrap() > chrono::TimeDelta::days(6));
}

async fn damage_is_found_named_and_repaired(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let hooks = Hooks::start().await;
    let url = hooks.url("/hook");
    partner.add_channel(&[("name", "Hook"), ("kind", "slack"), ("slack_url", &url), ("damage", "on")]).await;
    let pack = packs(app).remove(0);
    fs::remove_file(&pack).unwrap();
    ask(&partner, "verify", project).await;
    let run = partner.maintained(project, MaintenanceKind::Verification).await;
    assert!(run.outcome.as_deref().unwrap().starts_with("1 damaged file, 1 backup not whole"), "{run:?}");

    let known = state(&partner, project).await;
    assert_eq!(known.health, Health::Damaged);
    let named: Vec<_> = known.damaged.iter().map(|file| (file.kind, file.id.as_str(), file.damage)).collect();
    assert_eq!(named, [(DamagedKind::Pack, pack.file_name().unwrap().to_str().unwrap(), Damage::Missing)]);
    assert_eq!(known.damaged_backups.iter().map(|named| named.id).collect::<Vec<_>>(), [backup.id]);
    assert!(partner.projects().await.page.rows[0].damaged && partner.backups(project).await[0].damaged);
    let page = partner.get(&format!("/projects/{project}/repository")).await.text();
    assert!(page.contains("This repository is damaged") && page.contains(&backup.name), "{page}");

    ask(&partner, "repair", project).await;
    let repair = partner.maintained(project, MaintenanceKind::Repair).await;
    assert_eq!(repair.phase, MaintenancePhase::Completed, "{repair:?}");
    let sound = async || state(&partner, project).await;
    let known = until(A_WHILE, sound, |state| state.health == Health::Sound).await;
    assert_eq!((known.damaged.len(), known.damaged_backups.len()), (0, 0));
    let newest = &partner.backups(project).await[0];
    assert!(newest.id != backup.id && newest.phase == BackupPhase::Completed, "it was backed up again: {newest:?}");

    let target = app.files().join("restored");
    partner.restore(project, backup.id, "", &target).await;
    assert_eq!(files::tree(&target), files::tree(&app.source()), "the old backup is whole again");
    let told: Vec<_> = partner.all_delivered(2).await.into_iter().map(|told| told.subject).collect();
    let subject = |what: &str| format!("[acme] The repository of web-shop {what}");
    assert_eq!(told, [subject("is sound again"), subject("is damaged")]);
    let log = partner.get("/audit-log").await.text();
    for deed in ["damage found in repository", "repository repaired", "repository sound again"] {
        assert!(log.contains(deed), "{deed}");
    }
}

async fn what_cannot_be_repaired_is_named_until_it_is_deleted(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    fs::remove_file(packs(app).remove(0)).unwrap();
    // The source has it no more either.
    fs::remove_file(app.source().join("letters/2026/numbers.bin")).unwrap();
    ask(&partner, "verify", project).await;
    partner.maintained(project, MaintenanceKind::Verification).await;
    ask(&partner, "repair", project).await;
    let known = async || state(&partner, project).await;
    let known = until(A_WHILE, known, |state| state.damaged.is_empty()).await;
    assert_eq!(known.health, Health::Damaged);
    assert_eq!(known.damaged_backups.len(), 1);
    assert_eq!(partner.call("maintenance/repair", &form(&[("project", &project.to_string())])).await.status, 409);

    partner.done("backups/delete", &form(&[("backup", &backup.id.to_string())])).await;
    let known = async || state(&partner, project).await;
    until(A_WHILE, known, |state| state.health == Health::Sound).await;
}

/// Puts a maintenance that another process works on behind the server's back.
async fn begin_elsewhere(app: &TestApp, kind: &str) {
    app.execute(&format!(
        "INSERT INTO maintenance (project_id, repository_id, kind, phase, queued_at, not_before, started_at, lease_owner, lease_until) \
         SELECT project_id, id, '{kind}', 'InProgress', '2026-11-24T00:00:00Z', '2026-11-24T00:00:00Z', '2026-11-24T00:00:00Z', 'elsewhere', '2099-01-01T00:00:00Z' FROM repository"
    ))
    .await;
}

async fn end_elsewhere(app: &TestApp) {
    app.execute("UPDATE maintenance SET lease_until = '2026-11-24T00:00:00Z' WHERE lease_owner = 'elsewhere'").await;
}

async fn a_backup_waits_for_a_repair(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    begin_elsewhere(app, "Repair").await;
    partner.to_policy("run_now", policy).await;
    let credential = partner.credentials().await.remove(0);
    let other = partner.add_project("other", &app.source(), Some(&credential)).await;
    let its_policy = partner.add_policy(other, "nightly", "0 0 29 2 *").await;
    partner.backup_now(other, its_policy).await;
    assert_eq!(partner.backups(project).await[0].phase, BackupPhase::Queued, "another project's came first");
    end_elsewhere(app).await;
    let backup = partner.newest_backup(project, A_WHILE, |run| !run.phase.is_active()).await;
    assert_eq!(backup.phase, BackupPhase::Completed);
}

async fn a_clean_up_makes_way_for_a_backup(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    begin_elsewhere(app, "Prune").await;
    partner.to_policy("run_now", policy).await;
    let runs = async || partner.repository(project).await.runs;
    until(A_WHILE, runs, |runs| runs[0].cancel_requested).await;
    end_elsewhere(app).await;
    let backup = partner.newest_backup(project, A_WHILE, |run| !run.phase.is_active()).await;
    let pruned = partner.maintained(project, MaintenanceKind::Prune).await;
    assert_eq!((backup.phase, pruned.phase), (BackupPhase::Completed, MaintenancePhase::Completed));
    assert!(pruned.started > backup.started, "the backup went first");
}

async fn one_of_a_kind_waits_and_can_be_cancelled(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    begin_elsewhere(app, "Repair").await;
    ask(&partner, "verify", project).await;
    let again = form(&[("project", &project.to_string())]);
    assert_eq!(partner.call("maintenance/verify", &again).await.status, 409);
    let waiting = partner.repository(project).await.runs.remove(0);
    assert_eq!(waiting.phase, MaintenancePhase::Queued);
    let cancel = form(&[("maintenance", &waiting.id.to_string())]);
    partner.done("maintenance/cancel", &cancel).await;
    assert_eq!(partner.call("maintenance/cancel", &cancel).await.status, 409);
    assert_eq!(partner.repository(project).await.runs[0].phase, MaintenancePhase::Cancelled);
}

async fn a_project_that_is_deleted_meanwhile_is_not_found(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let credential = partner.credentials().await.remove(0);
    let named = |project: ProjectId| form(&[("project", &project.to_string())]);
    for round in 0..5 {
        let name = format!("short-lived-{round}");
        let project = partner.add_project(&name, &app.source(), Some(&credential)).await;
        let fields = form(&[("project", &project.to_string()), ("confirm_name", &name)]);
        let call = async |function: &str| partner.call(function, &fields).await;
        let answers = tokio::join!(
            call("maintenance/prune"),
            call("projects/delete"),
            call("maintenance/verify"),
            call("maintenance/repair"),
        );
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            assert!([200, 404, 409].contains(&answer.status), "{}: {}", answer.status, answer.text());
        }
    }
    if !app.config.database.is_postgres() {
        return;
    }
    // Held in the middle: one has deleted it and not committed yet, the other has found it and waits to refer to it.
    let db = sea_orm::Database::connect(app.config.database.expose()).await.unwrap();
    let deleting = db.begin().await.unwrap();
    deleting.execute_unprepared(&format!("DELETE FROM project WHERE id = {project}")).await.unwrap();
    let waits = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let fields = named(project);
    let commit = async {
        let waiting = async || db.execute_unprepared(waits).await.unwrap().rows_affected();
        until(A_WHILE, waiting, |waiting| *waiting > 0).await;
        deleting.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(partner.call("maintenance/prune", &fields), commit);
    assert_eq!(answer.status, 404, "{}", answer.text());
    db.close().await.unwrap();
}
