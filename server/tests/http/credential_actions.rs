//! What is done with a backup credential, by one person and by several at once.

use chrono::TimeDelta;
use futures::future::join_all;
use model::{
    backup::BackupPhase,
    credential::CredentialRow,
    dashboard::{Dashboard, Trouble},
    form::FormErrors,
    project::Backup,
};
use serde_json::json;

use crate::support::{
    Answer, Browser, TestApp,
    app::{ACCESS_KEY, SECRET_KEY},
    deeds::credential_form,
    files, form, on_both_databases,
};

on_both_databases!(
    the_default_moves_and_a_locked_one_cannot_become_it,
    locking_is_refused_where_it_is_done_already,
    a_locked_credential_stops_backups_and_lets_restores_go_on,
    keys_that_stopped_working_are_one_alarm,
    an_update_keeps_the_secret_that_is_not_typed,
    the_later_of_two_updates_is_told_of_the_earlier,
    only_an_empty_unlocked_credential_is_deleted,
    ten_new_defaults_at_once_leave_one,
    a_deletion_and_an_enabling_at_once_leave_no_project_without_its_credential,
);

async fn the_default_moves_and_a_locked_one_cannot_become_it(app: &TestApp) {
    let (partner, [first, second]) = two_credentials(app).await;
    assert!(first.default && !second.default, "the first one is the default");
    partner.done("credentials/set_default", &named(&second)).await;
    assert_eq!(defaults(&partner).await, [second.id]);
    partner.done("credentials/lock", &named(&first)).await;
    assert_eq!(conflict(&partner, "set_default", &first).await, "Backup credential is locked");
    assert_eq!(defaults(&partner).await, [second.id]);
}

async fn locking_is_refused_where_it_is_done_already(app: &TestApp) {
    let (partner, [first, _]) = two_credentials(app).await;
    assert_eq!(conflict(&partner, "unlock", &first).await, "Backup credential already unlocked");
    partner.done("credentials/lock", &named(&first)).await;
    assert_eq!(conflict(&partner, "lock", &first).await, "Backup credential already locked");
    partner.done("credentials/unlock", &named(&first)).await;
    assert!(!partner.credentials().await[0].locked);
}

async fn a_locked_credential_stops_backups_and_lets_restores_go_on(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let credential = partner.credentials().await.remove(0);
    partner.done("credentials/lock", &named(&credential)).await;
    app.pass(60);
    let skipped = partner.backup_now(project, policy).await;
    assert_eq!(skipped.phase, BackupPhase::Skipped);
    assert!(skipped.cause.as_deref().unwrap().contains("Main S3 is locked"), "{skipped:?}");
    let target = app.files().join("restored");
    partner.restore(project, backup.id, "", &target).await;
    assert_eq!(files::tree(&target), files::tree(&app.source()), "what is there is still there for people");
}

/// Found by a person, or by itself after a day.
async fn keys_that_stopped_working_are_one_alarm(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let credential = partner.credentials().await.remove(0);
    let added = credential.checked.expect("it was tried before it was stored");
    let alarms = async || {
        let dashboard: Dashboard = partner.read("dashboard/get", &json!({})).await;
        dashboard.attention.into_iter().filter(|item| item.trouble == Trouble::CredentialFails).collect::<Vec<_>>()
    };
    app.pass(60);
    let works = partner.done("credentials/check", &named(&credential)).await;
    assert_eq!(works.message, "The keys of Main S3 work");
    assert!(partner.credentials().await[0].checked > Some(added));

    app.execute("UPDATE backup_credential SET access_key_id = 'another'").await;
    let fails = partner.done("credentials/check", &named(&credential)).await;
    assert!(fails.message.contains("do not work"), "{fails:?}");
    assert!(partner.credentials().await[0].check_failure.is_some());
    let alarm = alarms().await;
    assert_eq!((alarm.len(), alarm[0].name.as_str()), (1, "Main S3"));
    assert!(alarm[0].detail.ends_with("1 project cannot be backed up with it"), "{alarm:?}");

    app.execute(&format!("UPDATE backup_credential SET access_key_id = '{ACCESS_KEY}'")).await;
    services::credentials::check_next(&app.services, app.now()).await.unwrap();
    assert_eq!(alarms().await.len(), 1, "the last answer is not a day old");
    services::credentials::check_next(&app.services, app.now() + TimeDelta::days(1)).await.unwrap();
    assert!(alarms().await.is_empty());
}

async fn an_update_keeps_the_secret_that_is_not_typed(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let credential = partner.credentials().await.remove(0);
    partner.done("credentials/update", &update(&credential, "Renamed", "")).await;
    let renamed = partner.credentials().await.remove(0);
    assert_eq!((renamed.s3_name.as_str(), renamed.version), ("Renamed", credential.version + 1));
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    assert_eq!(partner.backup_now(project, policy).await.phase, BackupPhase::Completed);

    let wrong = partner.call("credentials/update", &update(&renamed, "Renamed", "wrong-secret")).await;
    assert_eq!(wrong.form_errors().summary, "Invalid S3 credentials");
    assert_eq!(partner.credentials().await.remove(0).version, renamed.version, "nothing was stored");
}

async fn the_later_of_two_updates_is_told_of_the_earlier(app: &TestApp) {
    let (partner, [first, _]) = two_credentials(app).await;
    partner.done("credentials/update", &update(&first, "Ann's name", "")).await;
    let later = partner.call("credentials/update", &update(&first, "Ben's name", "")).await;
    let errors: FormErrors = later.form_errors();
    assert!(errors.summary.contains("partner@example.com changed this backup credential"), "{errors:?}");
    assert_eq!(errors.message_for("s3_name"), Some("Stored meanwhile: Ann's name"));
    assert_eq!(partner.credentials().await[0].s3_name, "Ann's name", "nothing was overwritten");
}

async fn only_an_empty_unlocked_credential_is_deleted(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let credential = partner.credentials().await.remove(0);
    assert_eq!(conflict(&partner, "delete", &credential).await, "Backup credential is used by 1 project(s)");
    partner.done("projects/disable_backup", &form(&[("project", &project.to_string())])).await;
    partner.done("credentials/lock", &named(&credential)).await;
    assert_eq!(conflict(&partner, "delete", &credential).await, "Backup credential is locked");
    partner.done("credentials/unlock", &named(&credential)).await;
    partner.done("credentials/delete", &named(&credential)).await;
    assert!(partner.credentials().await.is_empty());
}

async fn ten_new_defaults_at_once_leave_one(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    for number in 0..10 {
        add(&partner, s3.endpoint().as_str(), &format!("Number {number}")).await;
    }
    let credentials = partner.credentials().await;
    let answers = join_all(credentials.iter().map(|credential| {
        let partner = partner.clone();
        async move { partner.call("credentials/set_default", &named(credential)).await.status }
    }));
    // The one that is the default already may be asked first.
    assert!(answers.await.iter().all(|status| [200, 409].contains(status)), "and nothing fails");
    assert_eq!(defaults(&partner).await.len(), 1);
}

async fn a_deletion_and_an_enabling_at_once_leave_no_project_without_its_credential(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.own_s3().await);
    files::write_sample(&app.source());
    let project = partner.add_project("web-shop", &app.source(), None).await;
    for round in 0..5 {
        let credential = add(&partner, s3.endpoint().as_str(), &format!("Round {round}")).await;
        let fields = [
            ("project", project.to_string()),
            ("backup.enable_backup", "on".to_owned()),
            ("backup.credential", credential.id.to_string()),
        ];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (enabling, deletion) = (form(&fields), named(&credential));
        let (enabled, deleted) = tokio::join!(
            partner.call("projects/save_backup_settings", &enabling),
            partner.call("credentials/delete", &deletion),
        );
        let on = matches!(partner.project(project).await.backup, Backup::On { .. });
        let there = partner.credentials().await.iter().any(|row| row.id == credential.id);
        assert_eq!(on, enabled.status == 200, "{}", enabled.text());
        assert_eq!(there, deleted.status != 200, "{}", deleted.text());
        assert!(there || !on, "a project without its credential");
        assert!(enabled.status < 500 && deleted.status < 500);
        if on {
            partner.done("projects/disable_backup", &form(&[("project", &project.to_string())])).await;
        }
    }
}

async fn two_credentials(app: &TestApp) -> (Browser, [CredentialRow; 2]) {
    let (partner, s3) = (app.set_up().await, app.own_s3().await);
    let first = add(&partner, s3.endpoint().as_str(), "First").await;
    let second = add(&partner, s3.endpoint().as_str(), "Second").await;
    (partner, [first, second])
}

async fn add(partner: &Browser, endpoint: &str, name: &str) -> CredentialRow {
    let mut fields = credential_form(endpoint, SECRET_KEY);
    fields[0].1 = name;
    partner.done("credentials/add", &form(&fields)).await;
    partner.credentials().await.into_iter().find(|credential| credential.s3_name == name).unwrap()
}

fn named(credential: &CredentialRow) -> Vec<(String, String)> {
    form(&[("credential", &credential.id.to_string())])
}

fn update(credential: &CredentialRow, name: &str, secret: &str) -> Vec<(String, String)> {
    form(&[
        ("credential", &credential.id.to_string()),
        ("version", &credential.version.to_string()),
        ("s3_name", name),
        ("access_key_id", ACCESS_KEY),
        ("secret_key", secret),
    ])
}

async fn defaults(partner: &Browser) -> Vec<model::ids::CredentialId> {
    let credentials = partner.credentials().await;
    credentials.into_iter().filter(|credential| credential.default).map(|credential| credential.id).collect()
}

async fn conflict(partner: &Browser, action: &str, credential: &CredentialRow) -> String {
    let answer: Answer = partner.call(&format!("credentials/{action}"), &named(credential)).await;
    assert_eq!(answer.status, 409, "{action}: {}", answer.text());
    answer.error().to_string()
}
