//! Enabling backup on a bad day: what lies in a bucket is never left without its only password.

use std::fs;

use model::{
    credential::CredentialRow,
    form::Done,
    ids::ProjectId,
    project::{Backup, Encryption, KmsKey, ObjectOptions, ProjectRow},
};

use crate::support::{
    Browser, TestApp, app::SECRET_KEY, deeds::credential_form, form, on_both_databases, proxy::Proxy,
};

on_both_databases!(
    a_repository_whose_making_was_not_answered_is_found_again,
    a_new_project_whose_repository_was_not_answered_stays,
    a_failed_try_keeps_the_password_of_an_emptied_repository,
    a_save_that_changes_nothing_succeeds_quietly,
    how_objects_are_kept_can_be_chosen_and_changed,
);

/// A bucket that was there before Holdfast.
const BUCKET: &str = "team-backups";

async fn a_repository_whose_making_was_not_answered_is_found_again(app: &TestApp) {
    let (partner, proxy, credential) = bad_day(app).await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    proxy.lose_the_next_repository();
    let failed = partner.call("projects/save_backup_settings", &into_the_bucket(project, &credential)).await;
    assert!(failed.form_errors().summary.starts_with("Opening the repository failed"), "{}", failed.text());
    assert!(proxy.has_lost_it() && made(app), "the repository is there all the same");
    assert_eq!(partner.project(project).await.backup, Backup::Off);

    partner.done("projects/save_backup_settings", &into_the_bucket(project, &credential)).await;
    assert_ne!(partner.project(project).await.backup, Backup::Off, "the second try has the right password");
}

async fn a_new_project_whose_repository_was_not_answered_stays(app: &TestApp) {
    let (partner, proxy, credential) = bad_day(app).await;
    let (directory, id) = (app.files().display().to_string(), credential.id.to_string());
    let mut fields = form(&[("project_name", "web-shop"), ("directory", &directory)]);
    fields.extend(bucket_fields(&id));
    proxy.lose_the_next_repository();
    let failed = partner.call("projects/create", &fields).await.form_errors().summary;
    assert!(failed.starts_with("Project web-shop is created, but without backup. Opening the repository"), "{failed}");
    assert!(failed.ends_with("Enable it in the project's Settings"), "{failed}");

    let projects = partner.projects().await.page.rows;
    let [ProjectRow { id: project, backup_enabled: false, .. }] = projects[..] else { panic!("{projects:?}") };
    partner.done("projects/save_backup_settings", &into_the_bucket(project, &credential)).await;
    assert_ne!(partner.project(project).await.backup, Backup::Off);
}

async fn a_failed_try_keeps_the_password_of_an_emptied_repository(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    fs::create_dir(app.folder().join("s3").join(BUCKET)).unwrap();
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let on = into_the_bucket(project, &credential);
    partner.done("projects/save_backup_settings", &on).await;
    partner.done("projects/disable_backup", &form(&[("project", &project.to_string())])).await;

    let address = s3.endpoint().socket_addrs(|| None).unwrap()[0];
    s3.shutdown().await;
    let other_keys = app.s3_with("other-keys-for-a-while", address).await;
    assert_eq!(partner.call("projects/save_backup_settings", &on).await.status, 422);
    other_keys.shutdown().await;
    let _s3 = app.s3_with(SECRET_KEY, address).await;
    partner.done("projects/save_backup_settings", &on).await;
    assert_ne!(partner.project(project).await.backup, Backup::Off, "no backup lay there, and its password was kept");
}

async fn a_save_that_changes_nothing_succeeds_quietly(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    fs::create_dir(app.folder().join("s3").join(BUCKET)).unwrap();
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let (id, off) = (credential.id.to_string(), form(&[("project", &project.to_string())]));
    let save = async |fields: &[(String, String)]| partner.call("projects/save_backup_settings", fields).await;

    assert_eq!(save(&off).await.json::<model::form::Done>("off").message, "Nothing changed");
    partner.done("projects/save_backup_settings", &into_the_bucket(project, &credential)).await;
    let told = app.column("audit_entry", "action").await.len();
    let mut same = off.clone();
    same.extend(form(&[("backup.enable_backup", "on"), ("backup.credential", &id)]));
    for unchanged in [&same, &into_the_bucket(project, &credential)] {
        assert_eq!(save(unchanged).await.json::<model::form::Done>("on").message, "Nothing changed");
    }
    assert_eq!(app.column("audit_entry", "action").await.len(), told, "and nothing is told of it");

    for (bucket, name) in [("create", ""), ("existing", "other-backups")] {
        let mut elsewhere = same.clone();
        elsewhere.extend(form(&[("backup.bucket", bucket), ("backup.bucket_name", name)]));
        let refused = save(&elsewhere).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
        assert_eq!(refused.error().to_string(), "Backup already enabled for this project");
    }
}

async fn how_objects_are_kept_can_be_chosen_and_changed(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    fs::create_dir(app.folder().join("s3").join(BUCKET)).unwrap();
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let save = async |class: &str, encryption: &str, key: &str| {
        let mut fields = into_the_bucket(project, &credential);
        let objects = [("backup.storage_class", class), ("backup.encryption", encryption), ("backup.kms_key", key)];
        fields.extend(form(&objects));
        partner.call("projects/save_backup_settings", &fields).await
    };
    let kept = async || match partner.project(project).await.backup {
        Backup::On { objects, .. } => objects,
        other => panic!("backup is not on: {other:?}"),
    };
    let key = Some(KmsKey::parse("alias/backups").unwrap());
    save("", "aws:kms", "alias/backups").await.json::<Done>("on");
    let encrypted = |encryption| ObjectOptions { storage_class: None, encryption: Some(encryption) };
    assert_eq!(kept().await, encrypted(Encryption::Kms { key }));

    let told = app.column("audit_entry", "action").await.len();
    assert_eq!(save("", "aws:kms", "alias/backups").await.json::<Done>("same").message, "Nothing changed");
    save("", "AES256", "alias/backups").await.json::<Done>("other encryption");
    assert_eq!(kept().await, encrypted(Encryption::S3));
    let unknown = save("STANDARD_IA", "AES256", "").await.form_errors();
    let message = unknown.message_for("backup.storage_class").unwrap();
    assert!(message.contains("does not know this storage class"), "the embedded server has but one: {message}");
    assert_eq!(kept().await, encrypted(Encryption::S3), "what fails changes nothing");
    save("", "", "").await.json::<Done>("the bucket's own");
    assert_eq!(kept().await, ObjectOptions::default());
    let told = app.column("audit_entry", "action").await.split_off(told);
    assert_eq!(told, ["storage class or encryption of backups changed"; 2]);

    let refused = save("DEEP_ARCHIVE", "rot13", "").await.form_errors();
    assert!(refused.message_for("backup.storage_class").is_some(), "what cannot be read at once is no choice");
    assert!(refused.message_for("backup.encryption").is_some());
}

/// A Partner, a way to S3 that can be spoiled, and a credential that goes that way. The bucket is there.
async fn bad_day(app: &TestApp) -> (Browser, Proxy, CredentialRow) {
    let partner = app.set_up().await;
    let proxy = Proxy::start(app.own_s3().await).await;
    partner.done("credentials/add", &form(&credential_form(proxy.endpoint().as_str(), SECRET_KEY))).await;
    fs::create_dir(app.folder().join("s3").join(BUCKET)).unwrap();
    let credential = partner.credentials().await.remove(0);
    (partner, proxy, credential)
}

/// Save in Settings, with backup on in the bucket.
fn into_the_bucket(project: ProjectId, credential: &CredentialRow) -> Vec<(String, String)> {
    let mut fields = form(&[("project", &project.to_string())]);
    fields.extend(bucket_fields(&credential.id.to_string()));
    fields
}

fn bucket_fields(credential: &str) -> Vec<(String, String)> {
    form(&[
        ("backup.enable_backup", "on"),
        ("backup.credential", credential),
        ("backup.bucket", "existing"),
        ("backup.bucket_name", BUCKET),
        ("backup.prefix", "web"),
    ])
}

/// Whether the repository lies in the bucket.
fn made(app: &TestApp) -> bool {
    app.folder().join("s3").join(BUCKET).join("web/config").exists()
}
