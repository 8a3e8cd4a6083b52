//! The master key: changed while the server runs, and refused where it is the wrong one.

use std::{fs, os::unix::fs::PermissionsExt};

use model::backup::BackupPhase;
use sea_orm::{ConnectionTrait, sea_query::Query};
use services::{Clock, Rotation, Services};

use crate::support::{
    Browser, TestApp,
    app::{PARTNER, PASSWORD, SECRET_KEY, setup_form},
    authenticator::STEP,
    deeds::credential_form,
    form, on_both_databases,
    program::Program,
    tell,
};

on_both_databases!(
    the_key_is_changed_while_the_server_runs,
    a_change_that_was_killed_goes_on_with_the_same_key,
    secrets_that_arrive_during_the_change_are_kept,
    a_wrong_or_missing_key_stops_the_start,
);

async fn the_key_is_changed_while_the_server_runs(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let authenticator = partner.set_up_second_factor(app.now()).await;
    partner.done("second_factor/new_codes", &form(&[("password", PASSWORD)])).await;
    let (first_key, before) = (key_file(app), sealed(app).await);
    let Rotation { sealed: anew, retired } = app.rotate().await;
    let after = sealed(app).await;
    assert_eq!(anew, 4, "a secret key, a repository's password, a second factor, recovery codes that are shown");
    assert!(before.iter().zip(&after).all(|(before, after)| before != after), "all is sealed anew");
    assert_eq!(key_file(app).lines().count(), 1);
    assert_eq!(fs::read_to_string(&retired).unwrap(), first_key, "the old key is kept beside");

    let backup = partner.backup_now(project, policy).await;
    assert_eq!(backup.phase, BackupPhase::Completed, "the running server opens them: {:?}", backup.cause);
    assert_eq!(app.rotate().await.sealed, 4, "once more, under a third key");
    partner.done("second_factor/use_codes", &[]).await;
    let again = app.signed_in(PARTNER).await;
    app.pass(STEP);
    assert_eq!(again.enter_code(&authenticator.code(app.now())).await.status, 200);
    assert_eq!(fs::read_to_string(&retired).unwrap().lines().count(), 2);
    assert_eq!(partner.recovery_kit(project).await.status, 200);
}

async fn a_change_that_was_killed_goes_on_with_the_same_key(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let old = key_file(app);
    // As a command leaves it that was killed before it sealed anything anew.
    let new = format!("{}\n", "b".repeat(42) + "g=");
    fs::write(&app.config.master_key_file, format!("{new}{old}")).unwrap();
    let kit = partner.recovery_kit(project).await;
    assert_eq!(kit.status, 200, "in between both keys open");
    assert_eq!(app.rotate().await.sealed, 2);
    assert_eq!(key_file(app), new, "no third key is made");
}

async fn secrets_that_arrive_during_the_change_are_kept(app: &TestApp) {
    let partner = app.set_up().await;
    let s3 = app.s3().await;
    let add = async |name: String| {
        let endpoint = s3.endpoint();
        let mut fields = credential_form(endpoint.as_str(), SECRET_KEY);
        fields[0].1 = &name;
        partner.done("credentials/add", &form(&fields)).await;
    };
    for number in 0..5 {
        add(format!("before {number}")).await;
    }
    let (_, ()) = tokio::join!(app.rotate(), async {
        for number in 0..10 {
            add(format!("meanwhile {number}")).await;
        }
    });
    add("afterwards".to_owned()).await;
    // A process that starts now knows the new key alone.
    let fresh = app.fresh().await.unwrap();
    let project = partner.add_project("web-shop", &app.files(), None).await;
    for credential in partner.credentials().await {
        let id = credential.id.to_string();
        let on = form(&[("project", &project.to_string()), ("backup.enable_backup", "on"), ("backup.credential", &id)]);
        partner.done("projects/save_backup_settings", &on).await;
    }
    assert_eq!(services::rotate_master_key(&fresh).await.unwrap().sealed, 17, "16 credentials and a repository open");
}

async fn a_wrong_or_missing_key_stops_the_start(app: &TestApp) {
    app.backed_up_project().await;
    let right = key_file(app);
    fs::write(&app.config.master_key_file, format!("{}\n", "c".repeat(42) + "g=")).unwrap();
    let refused = app.fresh().await.err().unwrap().to_string();
    assert!(refused.contains("is not the one that the secrets in the database are sealed under"), "{refused}");
    fs::remove_file(&app.config.master_key_file).unwrap();
    let refused = app.fresh().await.err().unwrap().to_string();
    assert!(refused.contains("is missing, and the database holds secrets"), "{refused}");
    assert!(!app.config.master_key_file.exists(), "and no other one is made in its place");
    fs::write(&app.config.master_key_file, right).unwrap();
    fs::set_permissions(&app.config.master_key_file, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = app.fresh().await.err().unwrap().to_string();
    assert!(refused.contains("may be read by others (mode 644)"), "{refused}");
    fs::set_permissions(&app.config.master_key_file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(app.fresh().await.is_ok());
}

#[test]
fn the_command_changes_the_key_of_a_running_server() {
    tell(async {
        let program = Program::new();
        let running = program.serve();
        running.browser().done("session/set_up", &setup_form()).await;
        let before = fs::read_to_string(program.folder().join("data/master.key")).unwrap();
        let output = program.run(&["rotate-master-key"], "");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            told.starts_with("0 secrets are sealed under the new key in ") && told.contains("master.key.retired"),
            "{told}"
        );
        assert_eq!(fs::read_to_string(program.folder().join("data/master.key.retired")).unwrap(), before);
        let browser: Browser = running.browser();
        browser.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        assert_eq!(running.terminate(), Some(0));
    });
}

impl TestApp {
    /// Services of another process on the same database.
    async fn fresh(&self) -> Result<Services, services::StartError> {
        Services::open(self.config.services(Clock::system(), false)).await
    }

    /// What the command does.
    async fn rotate(&self) -> Rotation {
        services::rotate_master_key(&self.fresh().await.unwrap()).await.unwrap()
    }
}

fn key_file(app: &TestApp) -> String {
    fs::read_to_string(&app.config.master_key_file).unwrap()
}

/// The sealed texts, read behind the server's back.
async fn sealed(app: &TestApp) -> Vec<Vec<u8>> {
    let db = sea_orm::Database::connect(app.config.database.expose()).await.unwrap();
    let mut texts = Vec::new();
    for (table, column) in [
        ("backup_credential", "secret_key_sealed"),
        ("repository", "password_sealed"),
        ("second_factor", "secret_sealed"),
        ("second_factor", "fresh_codes_sealed"),
    ] {
        let rows = db.query_all(Query::select().column(column).from(table)).await.unwrap();
        texts.extend(rows.iter().map(|row| row.try_get::<Vec<u8>>("", column).unwrap()));
    }
    db.close().await.unwrap();
    texts
}
