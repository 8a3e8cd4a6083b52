//! The master key is changed while everybody changes secrets.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
};

use model::people::Role;
use sea_orm::{ConnectionTrait, sea_query::Query};
use services::{Clock, Services};

use crate::support::{
    Browser, TestApp,
    app::{ORGANIZATION, PASSWORD, SECRET_KEY},
    authenticator::STEP,
    deeds::{credential_form, webhook_form},
    form, on_both_databases,
};

on_both_databases!(whatever_is_sealed_during_a_change_of_the_key_opens_afterwards);

/// Tables and columns of sealed texts.
const SEALED: [(&str, &str); 8] = [
    ("backup_credential", "secret_key_sealed"),
    ("repository", "password_sealed"),
    ("project", "source_url_sealed"),
    ("notification_channel", "url_sealed"),
    ("notification_channel", "secret_sealed"),
    ("policy", "ping_url_sealed"),
    ("second_factor", "secret_sealed"),
    ("second_factor", "fresh_codes_sealed"),
];

const ROTATIONS: usize = 3;

impl TestApp {
    async fn change_the_key(&self) -> u64 {
        let command = Services::open(self.config.services(Clock::system(), false)).await.unwrap();
        services::rotate_master_key(&command).await.unwrap().sealed
    }

    /// How many sealed texts there are.
    async fn sealed_texts(&self) -> u64 {
        let db = sea_orm::Database::connect(self.config.database.expose()).await.unwrap();
        let mut texts = 0;
        for (table, column) in SEALED {
            let rows = db.query_all(Query::select().column(column).from(table)).await.unwrap();
            let sealed = |row: &sea_orm::QueryResult| row.try_get::<Option<Vec<u8>>>("", column).unwrap();
            texts += rows.iter().filter_map(sealed).filter(|text| !text.is_empty()).count() as u64;
        }
        db.close().await.unwrap();
        texts
    }
}

/// Adds and changes credentials, as long as the key is changed.
async fn credentials(partner: &Browser, endpoint: &str, over: &AtomicBool) -> usize {
    let mut turns = 0;
    while !over.load(Ordering::Relaxed) {
        let name = format!("S3 number {turns}");
        let mut fields = credential_form(endpoint, SECRET_KEY);
        fields[0].1 = &name;
        partner.done("credentials/add", &form(&fields)).await;
        let credential = partner.credentials().await.pop().unwrap();
        let (id, version) = (credential.id.to_string(), credential.version.to_string());
        let again = [
            ("credential", id.as_str()),
            ("version", version.as_str()),
            ("s3_name", credential.s3_name.as_str()),
            ("access_key_id", fields[1].1),
            ("secret_key", SECRET_KEY),
        ];
        partner.done("credentials/update", &form(&again)).await;
        turns += 1;
    }
    turns
}

/// Adds channels with a secret each, and policies with a Ping URL.
async fn channels(partner: &Browser, over: &AtomicBool) -> usize {
    let mut turns = 0;
    while !over.load(Ordering::Relaxed) {
        partner.add_channel(&webhook_form(&format!("hook number {turns}"), "http://127.0.0.1:1/hook")).await;
        turns += 1;
    }
    turns
}

/// Begins a second factor again and again, and sets it up at last.
async fn second_factors(person: &Browser, over: &AtomicBool) -> (usize, crate::support::authenticator::Authenticator) {
    let mut turns = 0;
    let mut authenticator = person.draft_second_factor().await;
    while !over.load(Ordering::Relaxed) {
        authenticator = person.draft_second_factor().await;
        turns += 1;
    }
    (turns, authenticator)
}

/// Signs in again and again; each of the sessions goes on.
async fn sign_ins(app: &TestApp, email: &str, over: &AtomicBool) -> Vec<Browser> {
    let mut signed_in = vec![app.signed_in(email).await];
    // Not more than a person may have.
    while !over.load(Ordering::Relaxed) && signed_in.len() < 15 {
        signed_in.push(app.signed_in(email).await);
        for browser in &signed_in {
            assert_eq!(browser.get("/profile").await.status, 200, "a session ends with no key");
        }
    }
    signed_in
}

async fn whatever_is_sealed_during_a_change_of_the_key_opens_afterwards(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let (user, manager) = (app.person(Role::User, ORGANIZATION).await, app.person(Role::Manager, ORGANIZATION).await);
    let (endpoint, over) = (app.own_s3().await.endpoint().to_string(), AtomicBool::new(false));
    let change = async {
        let mut sealed = 0;
        for _ in 0..ROTATIONS {
            sealed = app.change_the_key().await;
        }
        over.store(true, Ordering::Relaxed);
        sealed
    };
    let (sealed, added, told, (drafted, authenticator), signed_in) = tokio::join!(
        change,
        credentials(&partner, &endpoint, &over),
        channels(&manager, &over),
        second_factors(&user, &over),
        sign_ins(app, "manager@acme.example.com", &over),
    );
    println!(
        "{ROTATIONS} changes, {sealed} secrets at the last; meanwhile {added} credentials, {told} channels, {drafted} drafts \
         of a second factor, {} sessions",
        signed_in.len()
    );
    assert!(added > 0 && told > 0 && drafted > 0, "there was something to disturb it");

    let file = fs::read_to_string(&app.config.master_key_file).unwrap();
    assert_eq!(file.lines().count(), 1, "of the keys the newest is left");
    assert_eq!(app.change_the_key().await, app.sealed_texts().await, "each secret opened under that one alone");
    for browser in signed_in.iter().chain([&partner, &user, &manager]) {
        assert_eq!(browser.get("/profile").await.status, 200);
    }
    user.done("second_factor/confirm", &form(&[("code", &authenticator.code(app.now()))])).await;
    app.pass(STEP);
    let again = app.browser();
    again.done("session/sign_in", &form(&[("email", "user@acme.example.com"), ("password", PASSWORD)])).await;
    assert_eq!(again.enter_code(&authenticator.code(app.now())).await.status, 200);
    let backup = partner.backup_now(project, policy).await;
    assert_eq!(backup.phase, model::backup::BackupPhase::Completed, "{:?}", backup.cause);
}
