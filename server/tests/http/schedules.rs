//! Schedules: paused, resumed, edited; runs that are skipped, tried again, kept, and taken in turns.

use std::{net::SocketAddr, time::Duration};

use chrono::TimeDelta;
use model::{
    audit::AuditLog,
    backup::{BackupPhase, BackupRow, Expiry},
    ids::{PolicyId, ProjectId},
    policy::{PolicyDraft, PolicyRow, SchedulePhase},
};
use serde_json::json;

use crate::support::{
    Browser, Database, TestApp,
    app::{ORGANIZATION, PARTNER},
    deeds::until,
    files, form, on, on_both_databases,
};

on_both_databases!(
    a_paused_schedule_goes_on_at_its_next_time,
    a_policy_is_edited,
    a_stored_schedule_that_never_fires_can_be_mended,
    the_later_of_two_who_edit_a_policy_is_told,
    a_form_starts_with_the_zone_of_the_organization,
    a_clock_that_is_set_back_repeats_nothing,
    organizations_take_turns,
);

const A_MOMENT: Duration = Duration::from_secs(30);

/// How long several runs may take that go one after the other, since another organization keeps the second worker.
const A_WHILE: Duration = Duration::from_secs(90);

impl Browser {
    pub async fn to_policy(&self, deed: &str, policy: PolicyId) {
        self.done(&format!("policies/{deed}"), &form(&[("policy", &policy.to_string())])).await;
    }

    async fn draft(&self, project: ProjectId, policy: Option<PolicyId>) -> PolicyDraft {
        self.read("policies/draft", &json!({ "project": project, "policy": policy })).await
    }

    async fn only_policy(&self, project: ProjectId) -> PolicyRow {
        let mut policies = self.policies(project).await;
        assert_eq!(policies.len(), 1);
        policies.remove(0)
    }
}

/// The form of a policy as it was opened, with some fields changed.
fn edited(draft: &PolicyDraft, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let opened = &draft.form;
    let mut fields = vec![
        ("policy", opened.policy.as_str()),
        ("version", &opened.version),
        ("name", &opened.name),
        ("cron_period", &opened.cron_period),
        ("cron_expression", &opened.cron_expression),
        ("time_zone", &opened.time_zone),
        ("retention", &opened.retention),
        ("include", &opened.include),
        ("exclude", &opened.exclude),
    ];
    fields.retain(|(field, _)| changes.iter().all(|(changed, _)| changed != field));
    fields.extend(changes);
    form(&fields)
}

async fn a_paused_schedule_goes_on_at_its_next_time(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    app.to_half_past();
    let policy = partner.add_policy(project, "hourly", "0 * * * *").await;
    partner.to_policy("pause", policy).await;
    let paused = partner.only_policy(project).await;
    assert_eq!((paused.phase, paused.next_run), (SchedulePhase::Paused, None));
    let again = partner.call("policies/pause", &form(&[("policy", &policy.to_string())])).await;
    assert_eq!((again.status, again.error().to_string().as_str()), (409, "Schedule already paused"));

    app.pass(5 * 3600);
    partner.to_policy("resume", policy).await;
    let resumed = partner.only_policy(project).await;
    assert_eq!(resumed.phase, SchedulePhase::Enabled);
    let again = partner.call("policies/resume", &form(&[("policy", &policy.to_string())])).await;
    assert_eq!((again.status, again.error().to_string().as_str()), (409, "Schedule is not paused"));
    assert!(partner.backups(project).await.is_empty(), "what was missed meanwhile is not made good");

    app.pass(3600);
    let backup = partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::Completed).await;
    let due = resumed.next_run.unwrap().format("%Y%m%d%H%M%S");
    assert_eq!(backup.name, format!("hourly-{due}"));
    assert_eq!(partner.backups(project).await.len(), 1);

    let policy = partner.add_policy_in(project, "in-tokyo", "0 0 29 2 *", "Asia/Tokyo").await;
    let backup = partner.backup_now(project, policy).await;
    let in_tokyo = backup.queued + TimeDelta::hours(9);
    assert_eq!(backup.name, in_tokyo.format("manual-%Y%m%d%H%M%S").to_string(), "the time of the schedule's zone");
}

async fn a_policy_is_edited(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let draft = partner.draft(project, Some(policy)).await;
    assert_eq!((draft.form.cron_period.as_str(), draft.form.cron_expression.as_str()), ("custom", "0 0 29 2 *"));
    assert_eq!(draft.preview.as_ref().map(|preview| preview.next_runs.len()), Some(5));

    let done = partner.done("policies/update", &edited(&draft, &[])).await;
    assert_eq!(done.message, "Nothing changed in policy nightly");
    let changes = [("name", "hourly"), ("cron_period", "0 * * * *"), ("exclude", "**/*.tmp"), ("keep.daily", "7")];
    partner.done("policies/update", &edited(&draft, &changes)).await;
    let row = partner.only_policy(project).await;
    assert_eq!((row.name.as_str(), row.cron_words.as_str()), ("hourly", "Every hour"));
    assert_eq!((row.exclude.as_slice(), row.keep.as_str()), (&["**/*.tmp".to_owned()][..], "7 daily"));
    assert_eq!(row.modified_by.as_deref(), Some(PARTNER));

    let log: AuditLog = partner.read("audit/list", &json!({ "query": {} })).await;
    let entries: Vec<_> = log.page.rows.iter().filter(|entry| entry.action == "policy changed").collect();
    let [entry] = entries.as_slice() else { panic!("one change, one entry: {entries:?}") };
    let changed: Vec<_> = entry.changes.iter().map(|change| change.field.as_str()).collect();
    assert_eq!(changed, ["cron", "exclude", "keep", "name"]);

    app.pass(3600);
    let backup = partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::Completed).await;
    assert!(backup.name.starts_with("hourly-"), "the new schedule runs: {}", backup.name);
    for (field, value) in [("name", "No!"), ("retention", "soon"), ("keep.last", "many")] {
        let draft = partner.draft(project, Some(policy)).await;
        let errors = partner.call("policies/update", &edited(&draft, &[(field, value)])).await.form_errors();
        assert!(errors.message_for(field).is_some(), "{field}: {errors:?}");
    }
}

async fn a_stored_schedule_that_never_fires_can_be_mended(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    app.execute(&format!("UPDATE policy SET cron = '0 0 30 2 *' WHERE id = {policy}")).await;
    let draft = partner.draft(project, Some(policy)).await;
    assert_eq!((draft.form.cron_expression.as_str(), draft.preview.as_ref()), ("0 0 30 2 *", None));
    let page = partner.get(&format!("/projects/{project}/policies?dialog=update&id={policy}")).await;
    assert_eq!((page.status, page.text().contains("0 0 30 2 *")), (200, true), "the form shows what is to be mended");
    partner.done("policies/update", &edited(&draft, &[("cron_expression", "0 0 28 2 *")])).await;
    assert_eq!(partner.only_policy(project).await.cron, "0 0 28 2 *");
}

async fn the_later_of_two_who_edit_a_policy_is_told(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let draft = partner.draft(project, Some(policy)).await;
    partner.done("policies/update", &edited(&draft, &[("retention", "60d")])).await;
    let late = partner.call("policies/update", &edited(&draft, &[("retention", "90d")])).await.form_errors();
    assert!(late.summary.starts_with(&format!("{PARTNER} changed this policy")), "{late:?}");
    assert_eq!(late.message_for("retention"), Some("Stored meanwhile: 60d"));
    assert_eq!(partner.only_policy(project).await.retention, "60d", "nothing is overwritten");
}

async fn a_form_starts_with_the_zone_of_the_organization(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let zone = [("organization", "1"), ("name", ORGANIZATION), ("time_zone", "Europe/Prague")];
    partner.done("organizations/update", &form(&zone)).await;
    assert_eq!(partner.draft(project, None).await.form.time_zone, "Europe/Prague");
    let page = partner.get(&format!("/projects/{project}/policies?dialog=add")).await.text();
    assert!(page.contains("Europe/Prague") && page.contains("Next runs"), "the form comes complete in the page");
}

async fn a_clock_that_is_set_back_repeats_nothing(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    app.to_half_past();
    partner.add_policy(project, "hourly", "0 * * * *").await;
    app.pass(3600);
    partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::Completed).await;
    let next = partner.only_policy(project).await.next_run;
    app.pass(-3600);
    // A second policy is dispatched in the same turn as the first one would be.
    let marker = partner.add_policy(project, "marker", "0 * * * *").await;
    app.execute(&format!("UPDATE policy SET next_run_at = created_at WHERE id = {marker}")).await;
    let ran = |backup: &BackupRow| backup.policy.as_deref() == Some("marker") && backup.phase == BackupPhase::Completed;
    partner.newest_backup(project, A_MOMENT, ran).await;
    assert_eq!(partner.backups(project).await.len(), 2, "the hour that the clock showed twice was run once");
    let hourly = partner.policies(project).await.into_iter().find(|policy| policy.name == "hourly").unwrap();
    assert_eq!(hourly.next_run, next);
}

/// One organization with much to do, another with little that comes due later.
async fn organizations_take_turns(app: &TestApp) {
    let partner = app.set_up().await;
    app.to_half_past();
    app.organization("globex").await;
    let s3 = app.own_s3().await;
    let busy = partner.add_credential(s3).await;
    files::write_sample(&app.source());
    let mut projects = Vec::new();
    for number in 1..=6 {
        let project = partner.add_project(&format!("busy-{number}"), &app.source(), Some(&busy)).await;
        partner.add_policy(project, "hourly", "0 * * * *").await;
        projects.push(project);
    }
    let globex = app.person(model::people::Role::Manager, "globex").await;
    let credential = globex.add_credential(s3).await;
    let small = globex.add_project("small", &app.files_of("globex"), Some(&credential)).await;
    globex.add_policy(small, "hourly", "1 * * * *").await;

    app.pass(3720);
    let mut started = Vec::new();
    for project in projects {
        let backup = partner.newest_backup(project, A_WHILE, |backup| !backup.phase.is_active()).await;
        started.push(backup.started.unwrap());
    }
    let small = globex.newest_backup(small, A_WHILE, |backup| !backup.phase.is_active()).await.started.unwrap();
    let before = started.iter().filter(|started| **started < small).count();
    // One each before the small organization's turn is known, and one of a worker that found its run just taken.
    assert!(before <= 3, "the two workers took {before} of 6 runs of the busy organization first");
}

fn write_large(app: &TestApp) {
    files::write_large(&app.source().join("large.bin"), 1024);
}

#[test]
fn a_run_is_skipped_while_the_previous_one_works() {
    on(Database::Sqlite, async |app| {
        let (partner, project) = app.backed_up_project().await;
        write_large(app);
        let policy = partner.add_policy(project, "yearly", "0 0 1 1 *").await;
        partner.to_policy("run_now", policy).await;
        let working = partner.newest_backup(project, A_MOMENT, |run| run.phase == BackupPhase::InProgress).await;
        app.execute(&format!("UPDATE policy SET next_run_at = created_at WHERE id = {policy}")).await;
        let skipped = partner.newest_backup(project, A_MOMENT, |run| run.phase == BackupPhase::Skipped).await;
        let cause = format!("The backup {} of this policy was still working", working.name);
        assert_eq!(skipped.cause, Some(cause));
        partner.done("backups/cancel", &form(&[("backup", &working.id.to_string())])).await;
        let cancelled = |run: &BackupRow| run.phase == BackupPhase::Cancelled;
        partner.backup_when(project, working.id, cancelled).await;
    });
}

#[test]
fn a_failed_run_is_tried_again_after_1_5_and_15_minutes() {
    on(Database::Sqlite, async |app| {
        let partner = app.set_up().await;
        let s3 = app.s3().await;
        let address: SocketAddr = s3.endpoint().socket_addrs(|| None).unwrap()[0];
        let credential = partner.add_credential(&s3).await;
        files::write_sample(&app.source());
        let project = partner.add_project("web-shop", &app.source(), Some(&credential)).await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        s3.shutdown().await;
        let _other_keys = app.s3_with("another-secret", address).await;
        let mut run = partner.backup_now(project, policy).await;
        for (attempt, minutes) in [(1, 1), (2, 5), (3, 15)] {
            assert_eq!((run.phase, run.attempt), (BackupPhase::Failed, attempt), "{:?}", run.cause);
            assert_eq!((run.retry_at.unwrap() - run.finished.unwrap()).num_minutes(), minutes);
            app.pass(minutes * 60 + 1);
            let ended = |run: &BackupRow| run.attempt == attempt + 1 && run.phase == BackupPhase::Failed;
            run = partner.backup_when(project, run.id, ended).await;
        }
        assert_eq!((run.attempt, run.retry_at), (4, None), "then it is up to people");
        assert_eq!(partner.backups(project).await.len(), 1, "one run, however often it is tried");
    });
}

/// Retention is looked at every minute of the real clock.
#[test]
fn counts_keep_backups_beyond_their_retention() {
    on(Database::Sqlite, async |app| {
        let (partner, project) = app.backed_up_project().await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        let draft = partner.draft(project, Some(policy)).await;
        partner.done("policies/update", &edited(&draft, &[("retention", "1h"), ("keep.last", "2")])).await;
        let mut names = Vec::new();
        for _ in 0..4 {
            names.push(partner.backup_now(project, policy).await.name);
            app.pass(60);
        }
        app.pass(2 * 3600);
        let left = async || partner.backups(project).await.into_iter().map(|backup| backup.name).collect::<Vec<_>>();
        let newest_two = [names[3].clone(), names[2].clone()];
        until(Duration::from_secs(90), left, |left| *left == newest_two).await;
        let left = partner.backups(project).await;
        let kept = |backup: &BackupRow| matches!(backup.expires, Some(Expiry::Kept(_)));
        assert!(left.iter().all(kept), "their date has passed, and the list says why they are there");
    });
}
