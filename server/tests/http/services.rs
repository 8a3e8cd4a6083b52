//! S3 services as they really are: slow, strict, moved, used by somebody before.

use std::{fs, path::Path, time::Duration};

use model::{
    backup::{BackupPhase, BackupRow},
    credential::CredentialRow,
    dashboard::{Dashboard, Trouble},
    ids::ProjectId,
    maintenance::MaintenanceKind,
    people::Role,
    project::{Backup, SetUpStep},
};
use serde_json::json;
use server::config::Key;

use crate::support::{
    Browser, Database, TestApp,
    app::{ACCESS_KEY, ORGANIZATION, SECRET_KEY},
    deeds::{credential_form, until},
    files, form,
    form::input,
    on_both_databases,
    proxy::{Proxy, document, refusal},
};

on_both_databases!(
    a_refused_removal_is_told_and_can_be_tried_again_or_given_up,
    an_endpoint_moves_with_all_that_lies_there,
    a_moved_endpoint_without_all_backups_is_refused,
    keys_out_of_reach_are_stored_only_when_that_is_wanted,
    a_failed_set_up_leaves_no_bucket_behind,
    a_slow_set_up_goes_on_and_ends,
    a_foreign_repository_is_adopted_with_its_password,
    a_bucket_that_keeps_versions_is_told,
    what_a_service_cannot_do_is_told_where_it_was_chosen,
    spaces_around_keys_are_cut_off,
    a_private_authority_and_addressing_are_kept_with_the_credential,
);

/// Longer than the deadlines of what is looked for.
const A_WHILE: Duration = Duration::from_mins(1);

/// A bucket that was there before Holdfast.
const BUCKET: &str = "team-backups";

impl TestApp {
    /// A Partner, a way to S3 with quirks, and a credential that goes that way. The bucket is there.
    async fn behind(&self) -> (Browser, Proxy, CredentialRow) {
        let partner = self.set_up().await;
        let proxy = Proxy::start(self.own_s3().await).await;
        partner.done("credentials/add", &form(&credential_form(proxy.endpoint().as_str(), SECRET_KEY))).await;
        fs::create_dir(self.buckets().join(BUCKET)).unwrap();
        let credential = partner.credentials().await.remove(0);
        (partner, proxy, credential)
    }

    fn buckets(&self) -> std::path::PathBuf {
        self.folder().join("s3")
    }

    /// The names of all buckets.
    fn bucket_names(&self) -> Vec<String> {
        let names =
            fs::read_dir(self.buckets()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }
}

/// Settings with backup on, in the bucket below a prefix.
fn into_bucket(project: ProjectId, credential: &CredentialRow, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let (project, credential) = (project.to_string(), credential.id.to_string());
    let mut fields = form(&[
        ("project", project.as_str()),
        ("backup.enable_backup", "on"),
        ("backup.credential", &credential),
        ("backup.bucket", "existing"),
        ("backup.bucket_name", BUCKET),
        ("backup.prefix", "web"),
    ]);
    fields.extend(form(more));
    fields
}

fn named(credential: &CredentialRow) -> Vec<(String, String)> {
    form(&[("credential", &credential.id.to_string())])
}

async fn save(partner: &Browser, fields: &[(String, String)]) -> crate::support::Answer {
    partner.call("projects/save_backup_settings", fields).await
}

async fn failed_removals(partner: &Browser) -> Vec<model::dashboard::Attention> {
    let dashboard: Dashboard = partner.read("dashboard/get", &json!({})).await;
    dashboard.attention.into_iter().filter(|item| item.trouble == Trouble::RemovalFails).collect()
}

async fn a_refused_removal_is_told_and_can_be_tried_again_or_given_up(app: &TestApp) {
    let (partner, proxy, credential) = app.behind().await;
    // A project whose backups shall go, where the service lets nothing be deleted any more.
    let held_up = async |name: &str| {
        proxy.answer(|_| None);
        let project = partner.add_project(name, &app.files(), None).await;
        save(&partner, &into_bucket(project, &credential, &[])).await.json::<model::form::Done>("on");
        proxy.answer(|head| {
            let deletes = head.starts_with("DELETE ") || head.lines().next().unwrap().contains("?delete");
            deletes.then(|| refusal("403 Forbidden", "AccessDenied", "Not by this policy"))
        });
        let id = project.to_string();
        let fields = [("project", id.as_str()), ("confirm_name", name), ("delete_backups", "on")];
        partner.done("projects/delete", &form(&fields)).await;
        until(A_WHILE, async || failed_removals(&partner).await, |failed| !failed.is_empty()).await.remove(0)
    };
    let lies_there = || app.buckets().join(BUCKET).join("web/config").exists();

    let failed = held_up("web-shop").await;
    assert_eq!(failed.name, "web-shop");
    assert!(failed.detail.contains(BUCKET) && failed.detail.contains("AccessDenied"), "{failed:?}");
    let again = failed.again.unwrap();
    assert!(again.at > app.now(), "the next try is told");
    let kept = partner.call("credentials/delete", &named(&credential)).await;
    let told = kept.error().to_string();
    assert!(kept.status == 409 && told.contains("web-shop") && told.contains("Needs Attention"), "{told}");
    // What is removed later must not be another's by then.
    let regret = partner.add_project("regret", &app.files(), None).await;
    let refused = save(&partner, &into_bucket(regret, &credential, &[("backup.repository_password", "x")])).await;
    let told = refused.form_errors();
    assert!(told.message_for("backup.prefix").unwrap().contains("still being removed from this place"), "{told:?}");
    let elsewhere = moved(&credential, "http://127.0.0.1:1", SECRET_KEY);
    assert_eq!(partner.call("credentials/move_endpoint", &elsewhere).await.status, 409);
    proxy.answer(|_| None);
    let removal = form(&[("removal", &again.removal.to_string())]);
    app.organization("globex").await;
    for (who, status) in [
        (app.person(Role::User, ORGANIZATION).await, 403),
        (app.person(Role::Manager, "globex").await, 404),
        (app.another_account().await, 404),
    ] {
        assert!(failed_removals(&who).await.is_empty(), "what nobody there can do anything about is not shown");
        for function in ["projects/retry_removal", "projects/give_up_removal"] {
            assert_eq!(who.call(function, &removal).await.status, status, "{function}");
        }
    }
    partner.done("projects/retry_removal", &removal).await;
    until(A_WHILE, async || failed_removals(&partner).await, Vec::is_empty).await;
    assert!(!lies_there(), "now it is gone");
    assert_eq!(partner.call("projects/retry_removal", &removal).await.status, 404);

    let failed = held_up("second").await;
    let removal = form(&[("removal", &failed.again.unwrap().removal.to_string())]);
    let told = partner.done("projects/give_up_removal", &removal).await.message;
    assert!(told.contains(BUCKET) && told.contains("below web"), "{told}");
    assert!(failed_removals(&partner).await.is_empty() && lies_there(), "it stays");
    partner.done("credentials/delete", &named(&credential)).await;
}

/// The form that moves a credential.
fn moved(credential: &CredentialRow, endpoint: &str, secret: &str) -> Vec<(String, String)> {
    let (id, version) = (credential.id.to_string(), credential.version.to_string());
    form(&[
        ("credential", id.as_str()),
        ("version", &version),
        ("endpoint", endpoint),
        ("region", embedded_s3::REGION),
        ("access_key_id", ACCESS_KEY),
        ("secret_key", secret),
    ])
}

async fn an_endpoint_moves_with_all_that_lies_there(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let credential = partner.credentials().await.remove(0);
    // A place that no project uses at the moment goes along.
    let former = partner.add_project("former", &app.files(), Some(&credential)).await;
    partner.done("projects/disable_backup", &form(&[("project", &former.to_string())])).await;

    let proxy = Proxy::start(app.own_s3().await).await;
    let there = proxy.endpoint().to_string();
    let unsigned = partner.call("credentials/move_endpoint", &moved(&credential, &there, "")).await.form_errors();
    assert!(unsigned.message_for("secret_key").is_some(), "a stored secret is sent to no other address: {unsigned:?}");
    let told = partner.done("credentials/move_endpoint", &moved(&credential, &there, SECRET_KEY)).await.message;
    assert!(told.contains("moved to"), "{told}");
    let after = partner.credentials().await.remove(0);
    assert_eq!(
        (after.endpoint.trim_end_matches('/'), after.version),
        (there.trim_end_matches('/'), credential.version + 1)
    );
    let endpoints = app.column("repository", "endpoint").await;
    assert_eq!(endpoints, vec![there.trim_end_matches('/').to_owned(); 2]);

    let target = app.files().join("restored");
    partner.restore(project, backup.id, "", &target).await;
    assert_eq!(files::tree(&target), files::tree(&app.source()), "the history is within reach");
    assert_eq!(partner.backup_now(project, policy).await.phase, BackupPhase::Completed);
    let again = partner.call("credentials/move_endpoint", &moved(&after, &there, SECRET_KEY)).await.form_errors();
    assert!(again.message_for("endpoint").unwrap().contains("already"), "{again:?}");
    assert!(app.column("audit_entry", "action").await.iter().any(|deed| deed.contains("moved to another endpoint")));
}

async fn a_moved_endpoint_without_all_backups_is_refused(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    let credential = partner.credentials().await.remove(0);
    // A copy from before the backup: the repository is there, and its snapshot is not.
    let proxy = Proxy::start(app.own_s3().await).await;
    let empty = "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated></ListBucketResult>";
    proxy.answer(move |head| {
        let lists = head.starts_with("GET ") && head.lines().next().unwrap().contains("snapshots");
        lists.then(|| document("200 OK", empty))
    });
    let there = proxy.endpoint().to_string();
    let refused =
        partner.call("credentials/move_endpoint", &moved(&credential, &there, SECRET_KEY)).await.form_errors();
    let message = refused.message_for("endpoint").unwrap();
    assert!(message.contains("Nothing was moved") && message.contains("web-shop"), "{message}");
    assert_eq!(partner.credentials().await.remove(0), credential);

    let elsewhere = tempfile::tempdir().unwrap();
    fs::create_dir(elsewhere.path().join("s3")).unwrap();
    let config = embedded_s3::EmbeddedS3Config {
        folder: elsewhere.path().join("s3"),
        access_key_id: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    let other = embedded_s3::EmbeddedS3::start(config).await.unwrap();
    let there = other.endpoint().to_string();
    let refused =
        partner.call("credentials/move_endpoint", &moved(&credential, &there, SECRET_KEY)).await.form_errors();
    assert!(refused.message_for("endpoint").unwrap().contains("web-shop"), "{refused:?}");
    assert_eq!(partner.backup_now(project, policy).await.phase, BackupPhase::Completed, "all is where it was");
}

async fn keys_out_of_reach_are_stored_only_when_that_is_wanted(app: &TestApp) {
    let (partner, proxy, credential) = app.behind().await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    save(&partner, &into_bucket(project, &credential, &[])).await.json::<model::form::Done>("on");
    proxy.answer(|head| {
        let of_bucket = head.lines().next().unwrap().contains(BUCKET);
        of_bucket.then(|| refusal("403 Forbidden", "AccessDenied", "Not this bucket"))
    });
    let update = |name: &str, secret: &str, anyway: bool| {
        let (id, version) = (credential.id.to_string(), credential.version.to_string());
        let mut fields = form(&[
            ("credential", id.as_str()),
            ("version", &version),
            ("s3_name", name),
            ("access_key_id", ACCESS_KEY),
            ("secret_key", secret),
        ]);
        if anyway {
            fields.extend(form(&[("store_anyway", "on")]));
        }
        fields
    };
    let asked = partner.call("credentials/update", &update("Other keys", SECRET_KEY, false)).await.form_errors();
    assert!(asked.summary.contains("do not reach the backups of 1 of 1"), "{asked:?}");
    let which = asked.message_for("store_anyway").unwrap();
    assert!(which.contains("web-shop") && which.contains(BUCKET) && which.contains("AccessDenied"), "{which}");
    assert_eq!(partner.credentials().await.remove(0).version, credential.version, "nothing was stored");
    partner.done("credentials/update", &update("Other keys", SECRET_KEY, true)).await;
    let stored = partner.credentials().await.remove(0);
    assert_eq!(stored.s3_name, "Other keys");
    // A new name alone asks no bucket.
    let (id, version) = (stored.id.to_string(), stored.version.to_string());
    let renamed =
        [("credential", id.as_str()), ("version", &version), ("s3_name", "Third"), ("access_key_id", ACCESS_KEY)];
    partner.done("credentials/update", &form(&renamed)).await;
}

async fn a_failed_set_up_leaves_no_bucket_behind(app: &TestApp) {
    let (partner, proxy, credential) = app.behind().await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let (id, credential) = (project.to_string(), credential.id.to_string());
    let create = form(&[("project", &id), ("backup.enable_backup", "on"), ("backup.credential", &credential)]);
    let puts_an_object = |head: &str| {
        let first = head.lines().next().unwrap();
        first.starts_with("PUT /")
            && first.split([' ', '?']).nth(1).unwrap().trim_end_matches('/').matches('/').count() > 1
    };
    proxy.answer(move |head| puts_an_object(head).then(|| refusal("403 Forbidden", "AccessDenied", "No objects")));
    for _ in 0..3 {
        let failed = save(&partner, &create).await.form_errors();
        assert!(failed.summary.contains("probe object failed"), "{failed:?}");
    }
    assert_eq!(app.bucket_names(), [BUCKET], "no empty bucket is left");

    // Where it cannot be removed it is named.
    proxy.answer(move |head| {
        let refused = puts_an_object(head) || head.starts_with("DELETE ");
        refused.then(|| refusal("403 Forbidden", "AccessDenied", "No objects"))
    });
    let failed = save(&partner, &create).await.form_errors();
    let left = app.bucket_names().into_iter().find(|name| name != BUCKET).unwrap();
    assert!(failed.summary.contains(&left), "{failed:?}");

    proxy.answer(|head| head.starts_with("PUT /holdfast-").then(|| refusal("403 Forbidden", "AccessDenied", "No")));
    let failed = save(&partner, &create).await.form_errors();
    let told = failed.message_for("backup.bucket").unwrap();
    assert!(told.contains("Use an existing bucket"), "{told}");
}

async fn a_slow_set_up_goes_on_and_ends(app: &TestApp) {
    let (partner, proxy, credential) = app.behind().await;
    proxy.delay(Duration::from_secs(3));
    let (directory, id) = (app.files().display().to_string(), credential.id.to_string());
    let mut fields = form(&[("project_name", "web-shop"), ("directory", &directory)]);
    fields.extend(form(&[("backup.enable_backup", "on"), ("backup.credential", &id)]));
    fields.extend(form(&[("first.cron_period", "30 2 * * *"), ("first.back_up_now", "on")]));
    let began = std::time::Instant::now();
    let told = partner.done("projects/create", &fields).await;
    assert!(began.elapsed() < Duration::from_secs(15), "the form waited {:?}", began.elapsed());
    assert!(told.message.contains("is being set up"), "{told:?}");
    let project = partner.projects().await.page.rows[0].id;
    let backup = partner.project(project).await.backup;
    let Backup::SettingUp { step, .. } = backup else { panic!("{backup:?}") };
    let page = partner.get(&format!("/projects/{project}/settings")).await.text();
    assert!(page.contains("Setting up") && SetUpStep::ALL.iter().all(|each| page.contains(each.label())), "{step}");
    let twice = form(&[("project", &project.to_string()), ("backup.enable_backup", "on"), ("backup.credential", &id)]);
    let refused = save(&partner, &twice).await;
    assert!(refused.status == 409 && refused.error().to_string().contains("being set up"), "{}", refused.text());
    until(A_WHILE * 2, async || partner.project(project).await.backup, Backup::is_on).await;
    // With its first policy and its first backup, and nothing is left of it.
    until(A_WHILE, async || partner.policies(project).await.len(), |policies| *policies == 1).await;
    until(A_WHILE, async || partner.backups(project).await.len(), |backups| *backups == 1).await;
    until(A_WHILE, async || app.column("set_up", "step").await.len(), |set_ups| *set_ups == 0).await;

    // What fails late is told on the page, and the next try begins anew.
    let second = partner.add_project("second", &app.files(), None).await;
    proxy.answer(|head| head.contains("/config").then(|| refusal("403 Forbidden", "AccessDenied", "Too late")));
    let again = form(&[("project", &second.to_string()), ("backup.enable_backup", "on"), ("backup.credential", &id)]);
    assert!(save(&partner, &again).await.json::<model::form::Done>("goes on").message.contains("is being set up"));
    let failed = until(A_WHILE * 2, async || partner.project(second).await.set_up_failure, Option::is_some).await;
    assert!(failed.as_deref().unwrap().contains("AccessDenied"), "{failed:?}");
    let page = partner.get(&format!("/projects/{second}/settings")).await.text();
    assert!(page.contains("Setting up failed"), "and stands in Settings");
    proxy.answer(|_| None);
    proxy.delay(Duration::ZERO);
    save(&partner, &again).await.json::<model::form::Done>("on");
    assert_eq!(partner.project(second).await.set_up_failure, None);
}

async fn a_foreign_repository_is_adopted_with_its_password(app: &TestApp) {
    let (partner, _, credential) = app.behind().await;
    files::write_sample(&app.source());
    let first = partner.add_project("first", &app.source(), None).await;
    save(&partner, &into_bucket(first, &credential, &[])).await.json::<model::form::Done>("on");
    let policy = partner.add_policy(first, "nightly", "0 0 29 2 *").await;
    let made = partner.backup_now(first, policy).await;
    let kit = partner.recovery_kit(first).await.text();
    let password = kit.lines().find_map(|line| line.strip_prefix("Repository password")).unwrap().trim().to_owned();
    let restic = kit.lines().filter(|line| line.starts_with("restic ")).collect::<Vec<_>>();
    assert!(restic.len() == 2 && restic.iter().all(|line| line.contains("--no-lock")), "{restic:?}");
    let id = first.to_string();
    partner.done("projects/delete", &form(&[("project", &id), ("confirm_name", "first")])).await;

    let second = partner.add_project("second", &app.source(), None).await;
    let foreign = save(&partner, &into_bucket(second, &credential, &[])).await.form_errors();
    let told = foreign.message_for("backup.repository_password").unwrap();
    assert!(told.contains("adopt it") && told.contains("another prefix"), "{told}");
    let wrong = [("backup.repository_password", "not this one")];
    let wrong = save(&partner, &into_bucket(second, &credential, &wrong)).await.form_errors();
    assert!(wrong.message_for("backup.repository_password").is_some(), "{wrong:?}");
    let nowhere = [("backup.repository_password", "not this one")];
    let mut nowhere = into_bucket(second, &credential, &nowhere);
    nowhere.retain(|(name, _)| *name != input("backup.prefix"));
    nowhere.extend(form(&[("backup.prefix", "nowhere")]));
    let nothing = save(&partner, &nowhere).await.form_errors();
    assert!(nothing.message_for("backup.prefix").unwrap().contains("no repository"), "{nothing:?}");
    assert!(!app.buckets().join(BUCKET).join("nowhere/config").exists(), "and none was made");
    let right = [("backup.repository_password", password.as_str())];
    let done = save(&partner, &into_bucket(second, &credential, &right)).await.json::<model::form::Done>("adopted");
    assert!(done.message.contains("1 backup that was there is listed"), "{done:?}");
    assert!(!app.stores(&password), "it is stored sealed");

    let adopted = partner.backups(second).await.remove(0);
    assert_eq!((adopted.phase, adopted.policy.as_deref()), (BackupPhase::Completed, None));
    assert!(adopted.name.starts_with("adopted-") && adopted.files == made.files, "{adopted:?}");
    let target = app.files().join("restored");
    partner.restore(second, adopted.id, "", &target).await;
    assert_eq!(files::tree(&target), files::tree(&app.source()));
    services::expire_backups(&app.services, app.now() + chrono::TimeDelta::days(4000)).await.unwrap();
    assert_eq!(partner.backups(second).await.len(), 1, "retention leaves it alone");
    let policy = partner.add_policy(second, "daily", "0 0 29 2 *").await;
    assert_eq!(partner.backup_now(second, policy).await.phase, BackupPhase::Completed, "and backups go on beside it");
}

async fn a_bucket_that_keeps_versions_is_told(app: &TestApp) {
    const NAMESPACE: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    let (partner, proxy, credential) = app.behind().await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    proxy.answer(|head| {
        let first = head.lines().next().unwrap();
        if first.contains("?versioning") {
            let kept =
                format!("<VersioningConfiguration {NAMESPACE}><Status>Enabled</Status></VersioningConfiguration>");
            return Some(document("200 OK", &kept));
        }
        let version = |latest: bool, size: u32| {
            format!("<Version><Key>web/data/00/x</Key><IsLatest>{latest}</IsLatest><Size>{size}</Size></Version>")
        };
        let versions = format!(
            "<ListVersionsResult {NAMESPACE}><IsTruncated>false</IsTruncated>{}{}{}</ListVersionsResult>",
            version(true, 5000),
            version(false, 1 << 20),
            version(false, 2 << 20)
        );
        first.contains("?versions").then(|| document("200 OK", &versions))
    });
    let told = save(&partner, &into_bucket(project, &credential, &[])).await.json::<model::form::Done>("on").message;
    assert!(told.contains("keeps versions") && told.contains("lifecycle rule for noncurrent versions"), "{told}");
    let settings = partner.get(&format!("/projects/{project}/settings")).await.text();
    assert!(settings.contains("The bucket keeps versions"), "it stands in Settings");
    partner.done("maintenance/verify", &form(&[("project", &project.to_string())])).await;
    partner.maintained(project, MaintenanceKind::Verification).await;
    let state = partner.repository(project).await.repository.unwrap();
    assert_eq!((state.keeps_versions, state.noncurrent), (true, Some(3 << 20)));
}

async fn what_a_service_cannot_do_is_told_where_it_was_chosen(app: &TestApp) {
    let (partner, proxy, credential) = app.behind().await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    proxy.answer(|head| {
        let header = |name: &str| head.to_lowercase().contains(&format!("\r\n{name}:"));
        let put = head.starts_with("PUT ");
        (put && header("x-amz-server-side-encryption"))
            .then(|| refusal("501 Not Implemented", "NotImplemented", ""))
            .or_else(|| {
                (put && header("x-amz-storage-class")).then(|| refusal("400 Bad Request", "InvalidArgument", ""))
            })
    });
    let chosen = async |options: &[(&str, &str)]| {
        save(&partner, &into_bucket(project, &credential, options)).await.form_errors()
    };
    let encryption = chosen(&[("backup.encryption", "AES256")]).await;
    let told = encryption.message_for("backup.encryption").unwrap();
    assert!(told.contains("cannot store objects with this encryption (NotImplemented)"), "{told}");
    let class = chosen(&[("backup.storage_class", "STANDARD_IA")]).await;
    assert!(class.message_for("backup.storage_class").unwrap().contains("a storage class"), "{class:?}");

    let rule = "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ID>tidy</ID>\
        <Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>\
        </LifecycleConfiguration>";
    proxy.answer(move |head| head.lines().next().unwrap().contains("?lifecycle").then(|| document("200 OK", rule)));
    let refused = chosen(&[]).await;
    assert!(refused.message_for("backup.bucket_name").unwrap().contains("\"tidy\""), "{refused:?}");
    assert_eq!(partner.project(project).await.backup, Backup::Off);
}

async fn spaces_around_keys_are_cut_off(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let (endpoint, key, secret) = (s3.endpoint().to_string(), format!(" {ACCESS_KEY} "), format!("{SECRET_KEY}\n"));
    let mut padded = credential_form(&endpoint, &secret);
    padded[1].1 = &key;
    partner.done("credentials/add", &form(&padded)).await;
    assert_eq!(partner.credentials().await[0].access_key_id, ACCESS_KEY);
}

async fn a_private_authority_and_addressing_are_kept_with_the_credential(app: &TestApp) {
    const AUTHORITY: &str = include_str!("../../engine/tests/engine/support/certificates/authority.pem");
    let (partner, s3) = (app.set_up().await, app.own_s3().await);
    let add = async |more: &[(&str, &str)]| {
        let mut fields = form(&credential_form(s3.endpoint().as_str(), SECRET_KEY));
        fields.extend(form(more));
        partner.call("credentials/add", &fields).await
    };
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    let key = format!("{AUTHORITY}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----");
    for bad in ["a certificate", broken, key.as_str()] {
        assert!(add(&[("ca_certificate", bad)]).await.form_errors().message_for("ca_certificate").is_some(), "{bad}");
    }
    assert!(add(&[("addressing", "sideways")]).await.form_errors().message_for("addressing").is_some());
    add(&[("ca_certificate", AUTHORITY), ("addressing", "path")]).await.json::<model::form::Done>("added");
    let credential = partner.credentials().await.remove(0);
    assert_eq!(credential.addressing, model::credential::Addressing::Path);
    assert_eq!(credential.ca_certificate.trim(), AUTHORITY.trim());

    files::write_sample(&app.source());
    let project = partner.add_project("web-shop", &app.source(), Some(&credential)).await;
    let kit = partner.recovery_kit(project).await.text();
    assert!(kit.contains("--cacert ca.pem") && kit.contains(AUTHORITY.trim()), "{kit}");

    let (id, version) = (credential.id.to_string(), credential.version.to_string());
    let kept = [("credential", id.as_str()), ("version", &version), ("s3_name", "Kept"), ("access_key_id", ACCESS_KEY)];
    partner.done("credentials/update", &form(&kept)).await;
    let after = partner.credentials().await.remove(0);
    assert_eq!(after.ca_certificate, credential.ca_certificate, "what is not said stays");
    let version = after.version.to_string();
    let without = [
        ("credential", id.as_str()),
        ("version", &version),
        ("s3_name", "Kept"),
        ("access_key_id", ACCESS_KEY),
        ("addressing", "automatic"),
        ("ca_certificate", ""),
    ];
    partner.done("credentials/update", &form(&without)).await;
    let after = partner.credentials().await.remove(0);
    assert_eq!((after.addressing, after.ca_certificate.as_str()), (model::credential::Addressing::Automatic, ""));
}

/// A turn of a removal is shorter than what other runs wait for a service.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_at_a_service_that_is_away_is_told() {
    let app = &TestApp::spawn_with(Database::Sqlite, &[(Key::S3OutageLimit, "10m")]).await;
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    let project = partner.add_project("web-shop", &app.files(), Some(&credential)).await;
    s3.shutdown().await;
    let id = project.to_string();
    let fields = [("project", id.as_str()), ("confirm_name", "web-shop"), ("delete_backups", "on")];
    partner.done("projects/delete", &form(&fields)).await;
    let failed = until(A_WHILE * 2, async || failed_removals(&partner).await, |failed| !failed.is_empty()).await;
    assert!(failed[0].detail.contains("does not accept connections"), "{failed:?}");
}

/// With the settings of an installation: those of the tests let no run wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_service_says_so_and_goes_on() {
    let app = &TestApp::spawn_with(Database::Sqlite, &[(Key::S3OutageLimit, "5m")]).await;
    let (partner, proxy, credential) = app.behind().await;
    files::write_sample(&app.source());
    fill(&app.source(), 24 << 20);
    let project = partner.add_project("web-shop", &app.source(), None).await;
    save(&partner, &into_bucket(project, &credential, &[])).await.json::<model::form::Done>("on");
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let away = |head: &str| {
        let stores = head.starts_with("PUT ") && head.contains("/data/");
        stores.then(|| refusal("503 Service Unavailable", "ServiceUnavailable", "Back soon"))
    };
    proxy.answer(away);
    partner.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
    let run = async || partner.backups(project).await.remove(0);
    let waits = |row: &BackupRow| row.progress.waiting_since.is_some();
    until(A_WHILE * 2, run, waits).await;
    let page = partner.get(&format!("/projects/{project}/policies?tab=backups")).await.text();
    assert!(page.contains("The S3 service does not answer"), "the page says so");
    proxy.answer(|_| None);
    let ended = until(A_WHILE * 2, run, |row| row.phase != BackupPhase::InProgress).await;
    assert_eq!((ended.phase, ended.attempt), (BackupPhase::Completed, 1), "{ended:?}");
}

fn fill(folder: &Path, bytes: usize) {
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    fs::write(folder.join("noise"), noise.take(bytes).collect::<Vec<_>>()).unwrap();
}
