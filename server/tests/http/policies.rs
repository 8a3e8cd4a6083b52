//! Backup policies, and the schedule that runs them.

use std::time::Duration;

use app::api::policies::Judged;
use model::{backup::BackupPhase, schedule::CronPreview};
use serde_json::json;

use crate::support::{Database, TestApp, form, on, on_both_databases};

on_both_databases!(
    a_policy_runs_when_its_time_has_come,
    a_deleted_policy_runs_no_more,
    what_is_wrong_with_a_policy_is_told_at_its_fields,
    a_preview_says_what_an_expression_means,
    a_run_missed_while_nothing_was_up_is_made_good_once,
);

const A_MOMENT: Duration = Duration::from_secs(20);

async fn a_policy_runs_when_its_time_has_come(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    partner.add_policy(project, "hourly", "0 * * * *").await;
    assert!(partner.backups(project).await.is_empty(), "the first run comes at the next cron time, not at once");
    app.pass(3600);
    let backup = partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::Completed).await;
    assert_eq!(backup.policy.as_deref(), Some("hourly"));
    assert!(backup.name.starts_with("hourly-"), "{}", backup.name);
    assert_eq!(partner.backups(project).await.len(), 1, "once");
}

async fn a_deleted_policy_runs_no_more(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let hourly = partner.add_policy(project, "hourly", "0 * * * *").await;
    partner.add_policy(project, "other", "0 * * * *").await;
    partner.done("policies/delete", &form(&[("policy", &hourly.to_string())])).await;
    app.pass(3600);
    let backup = partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::Completed).await;
    assert_eq!(backup.policy.as_deref(), Some("other"));
    assert_eq!(partner.backups(project).await.len(), 1);
}

async fn what_is_wrong_with_a_policy_is_told_at_its_fields(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let id = project.to_string();
    let refused = async |field: &str, value: &str| {
        let mut fields = vec![
            ("project", id.as_str()),
            ("name", "nightly"),
            ("cron_period", "custom"),
            ("cron_expression", "0 0 29 2 *"),
            ("time_zone", "UTC"),
            ("retention", "30d"),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let errors = partner.call("policies/add", &form(&fields)).await.form_errors();
        errors.message_for(field).unwrap_or_else(|| panic!("{field}: {errors:?}")).to_owned()
    };
    assert_eq!(refused("cron_expression", "0 0 30 2 *").await, "Cron Expression never fires: no such date exists");
    assert!(refused("cron_expression", "61 * * * *").await.contains("not understood"));
    assert!(refused("name", "Nightly!").await.contains("lower-case letters"));
    assert!(refused("time_zone", "Mars/Olympus").await.contains("Europe/Prague"));
    assert!(refused("retention", "soon").await.contains("30d"));
    assert!(refused("include", "../**").await.contains("leaves the source"));
    assert!(partner.policies(project).await.is_empty());
}

async fn a_preview_says_what_an_expression_means(app: &TestApp) {
    let partner = app.set_up().await;
    let preview = async |expression: &str| {
        let asked = json!({ "expression": expression, "time_zone": "Europe/Prague" });
        partner.read::<Judged<CronPreview>>("policies/preview_cron", &asked).await
    };
    let daily = preview("30 2 * * *").await.unwrap();
    assert_eq!((daily.words.as_str(), daily.next_runs.len()), ("Every day at 02:30", 5));
    assert_eq!(preview("@hourly").await.unwrap().words, "Every hour");
    let typing = preview("30 2 *").await.unwrap_err();
    assert!(typing.message_for("cron_expression").is_some(), "while it is typed it is an answer, and no failure");
}

async fn a_run_missed_while_nothing_was_up_is_made_good_once(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    partner.add_policy(project, "hourly", "0 * * * *").await;
    app.pass(5 * 3600);
    let backup = partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::Completed).await;
    assert!(backup.made_good, "it says so");
    assert_eq!(partner.backups(project).await.len(), 1, "once, not five times");
}

/// The real clock, once: what the other stories set ahead.
#[test]
fn a_policy_of_every_minute_runs_by_itself_within_a_minute() {
    on(Database::Sqlite, async |app| {
        let (partner, project) = app.backed_up_project().await;
        partner.add_policy(project, "every-minute", "* * * * *").await;
        let patience = Duration::from_secs(75);
        partner.newest_backup(project, patience, |backup| backup.phase == BackupPhase::Completed).await;
    });
}
