//! Secrets go in and come out nowhere: no page, function, error, log line, export, and no row of the database in clear.

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt, path::Path, process::Stdio, time::Duration};

use chrono::Utc;
use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use leptos::server_fn::axum::server_fn_paths;
use model::{
    backup::BackupPhase,
    ids::{PolicyId, ProjectId},
    policy::PolicyDraft,
};
use serde_json::json;
use test_openid::{Person, Provider};

use crate::{
    openid,
    support::{
        Answer, Browser,
        app::{ACCESS_KEY, ORGANIZATION, PARTNER, PASSWORD, SECRET_KEY, setup_form},
        deeds::{credential_form, until},
        files, form,
        program::Program,
        receivers::Hooks,
        tell,
    },
};

const WRONG_SECRET: &str = "mistyped-secret-4711-abcdef";
const OTHER_SECRET: &str = "secret-that-s3-has-from-now-on";
const WRONG_PASSWORD: &str = "mistyped password 4711";
const NEW_PASSWORD: &str = "another good password";
const CONNECTION: &str = "postgres://ann:hidden-in-the-address@db/shop";
const HOOK_TOKEN: &str = "token-in-a-hooks-address-4711";
const WRONG_HOOK: &str = "https://hooks.example.invalid/mistyped-token-4711#fragment";
const SIGNING_SECRET: &str = "what-signs-the-messages-4711";
const ACCESS_TOKEN: &str = "tk_opens-the-topic-4711";
const PING_TOKEN: &str = "token-in-a-ping-address-4711";
const MAIL_PASSWORD: &str = "opens-the-mail-server-4711";

#[test]
fn nothing_leaks_with_sqlite() {
    let program = logging_everything();
    let key = program.folder().join("data/master.key");
    tell(async { nothing_leaks(program, &key, None).await });
}

#[test]
fn nothing_leaks_with_postgresql() {
    let (program, database) = (logging_everything(), test_postgres::new_database());
    let key = program.folder().join("master.key");
    fs::write(&key, format!("{}\n", "b".repeat(42) + "g=")).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let program =
        program.with("HOLDFAST_DATABASE_URL", &database).with("HOLDFAST_MASTER_KEY_FILE", &key.display().to_string());
    tell(async { nothing_leaks(program, &key, Some(&database)).await });
}

/// With a mail server that takes no password.
fn logging_everything() -> Program {
    let mail = format!("smtp://ann:{MAIL_PASSWORD}@127.0.0.1:1");
    let program = Program::new().with("HOLDFAST_LOG", "trace").with("HOLDFAST_SMTP_URL", &mail);
    program.with("HOLDFAST_SMTP_FROM", "backups@example.com")
}

fn with_provider(program: Program, provider: &Provider) -> Program {
    let secret = program.folder().join("client-secret");
    fs::write(&secret, test_openid::CLIENT_SECRET).unwrap();
    program
        .with("HOLDFAST_OIDC_ISSUER", &provider.issuer())
        .with("HOLDFAST_OIDC_CLIENT_ID", test_openid::CLIENT_ID)
        .with("HOLDFAST_OIDC_CLIENT_SECRET_FILE", &secret.display().to_string())
        .with("HOLDFAST_OIDC_ALLOW_NETWORKS", "127.0.0.0/8")
}

/// All that was answered.
#[derive(Default)]
struct Seen(String);

impl Seen {
    fn keep(&mut self, answer: Answer) -> Answer {
        self.0.push_str(&answer.text());
        self.0.push_str(answer.header("location"));
        answer
    }
}

async fn nothing_leaks(program: Program, key: &Path, database: Option<&str>) {
    let provider = Provider::start(SocketAddr::from(([127, 0, 0, 1], 0)), Person::new(PARTNER, &[])).await;
    let program = &with_provider(program, &provider);
    let log = program.folder().join("server.log");
    let running = program.serve_logging_to(Stdio::from(fs::File::create(&log).unwrap()));
    let s3 = s3(program, SECRET_KEY, SocketAddr::from(([127, 0, 0, 1], 0))).await;
    let (partner, mut seen) = (running.browser(), Seen::default());
    let mut secrets = secrets_that_are_typed();
    secrets.push(("the master key", fs::read_to_string(key).unwrap().trim().to_owned()));

    let project = work(program, &partner, &s3, &mut seen).await;
    secrets.extend(links_and_passwords(&partner, project).await);
    notify(&partner, project, &mut seen).await;
    seen.keep(openid::come(&running.browser()).await);
    secrets.extend(second_factor(program, &running.browser(), &mut seen).await);
    ask_everything(&partner, &secrets, &mut seen).await;
    open_everything(&partner, &mut seen).await;
    fail(program, &partner, s3, &mut seen).await;
    guess(&running.browser(), &mut seen).await;
    assert_eq!(running.terminate(), Some(0));

    assert_secret("an answer", seen.0.as_bytes(), &secrets);
    let log = fs::read(&log).unwrap();
    assert!(log.len() > 10_000, "the log is there: {} bytes", log.len());
    assert_secret("the log", &log, &secrets);
    for (name, bytes) in database_files(program, database) {
        assert_secret(&name, &bytes, &secrets);
    }
}

/// What somebody types, rightly or not.
fn secrets_that_are_typed() -> Vec<(&'static str, String)> {
    [
        ("the S3 secret key", SECRET_KEY),
        ("a mistyped S3 secret key", WRONG_SECRET),
        ("the password", PASSWORD),
        ("a mistyped password", WRONG_PASSWORD),
        ("a new password", NEW_PASSWORD),
        ("a connection URL", CONNECTION),
        ("a hook's token", HOOK_TOKEN),
        ("a mistyped hook", WRONG_HOOK),
        ("a signing secret", SIGNING_SECRET),
        ("an access token", ACCESS_TOKEN),
        ("a Ping URL's token", PING_TOKEN),
        ("the mail server's password", MAIL_PASSWORD),
        ("the secret that Holdfast and the sign-in provider share", test_openid::CLIENT_SECRET),
    ]
    .map(|(name, secret)| (name, secret.to_owned()))
    .to_vec()
}

/// Account, credential, project, backup, restore: and the same with what is refused.
async fn work(program: &Program, partner: &Browser, s3: &EmbeddedS3, seen: &mut Seen) -> ProjectId {
    seen.keep(partner.call("session/set_up", &setup_form()).await);
    let endpoint = s3.endpoint();
    seen.keep(partner.call("credentials/add", &form(&credential_form(endpoint.as_str(), WRONG_SECRET))).await);
    seen.keep(partner.call("credentials/add", &form(&credential_form("http://127.0.0.1:1", SECRET_KEY))).await);
    seen.keep(partner.call("credentials/add", &form(&credential_form("no address", SECRET_KEY))).await);
    seen.keep(partner.ask("credentials/add", &json!({ "form": { "secret_key": SECRET_KEY, "version": [] } })).await);
    let credential = partner.add_credential(s3).await;
    let source = program.files().join("web-shop");
    files::write_sample(&source);
    let project = partner.add_project("web-shop", &source, Some(&credential)).await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    partner.restore(project, backup.id, "", &program.files().join("restored")).await;
    project
}

/// Channels of every kind, of which some answer and some do not, and a Ping URL.
async fn notify(partner: &Browser, project: ProjectId, seen: &mut Seen) {
    let hooks = Hooks::start().await;
    let (hook, dead) = (hooks.url(&format!("/{HOOK_TOKEN}")), format!("http://127.0.0.1:1/{HOOK_TOKEN}"));
    let secret = ("signing_secret", SIGNING_SECRET);
    let token = ("access_token", ACCESS_TOKEN);
    let addresses = ("addresses", "ann@example.com");
    for (name, kind, fields) in [
        ("hook", "webhook", vec![("webhook_url", hook.as_str()), secret]),
        ("dead hook", "webhook", vec![("webhook_url", dead.as_str()), secret]),
        ("wrong hook", "webhook", vec![("webhook_url", WRONG_HOOK), secret]),
        ("chat", "slack", vec![("slack_url", hook.as_str())]),
        ("phone", "ntfy", vec![("topic_url", hook.as_str()), token]),
        ("mail", "email", vec![addresses]),
    ] {
        let mut all = vec![("name", name), ("kind", kind), ("failure", "on"), ("recovery", "on")];
        all.extend(fields);
        seen.keep(partner.call("notifications/add_channel", &form(&all)).await);
    }
    let channels = partner.channels().await;
    assert_eq!(channels.len(), 5, "all but the wrong one");
    for channel in channels {
        seen.keep(partner.call("notifications/send_test", &form(&[("channel", &channel.id.to_string())])).await);
    }
    let ping = hooks.url(&format!("/{PING_TOKEN}"));
    let draft: PolicyDraft = partner.read("policies/draft", &json!({ "project": project, "policy": 1 })).await;
    let fields = [
        ("policy", "1"),
        ("version", &draft.form.version),
        ("name", &draft.form.name),
        ("cron_period", "custom"),
        ("cron_expression", &draft.form.cron_expression),
        ("time_zone", &draft.form.time_zone),
        ("retention", &draft.form.retention),
        ("include", &draft.form.include),
        ("ping_url", &ping),
    ];
    partner.done("policies/update", &form(&fields)).await;
    partner.backup_now(project, PolicyId(1)).await;
    let path = format!("/{PING_TOKEN}");
    until(Duration::from_secs(30), async || hooks.at(&path).len(), |pings| *pings == 1).await;
    assert!(hooks.at(&format!("/{HOOK_TOKEN}")).len() >= 3, "the tests of three channels arrived");
}

/// The one-time links' tokens, and the repository's password out of the recovery kit.
async fn links_and_passwords(partner: &Browser, project: ProjectId) -> Vec<(&'static str, String)> {
    let token = |link: Option<String>| link.unwrap().strip_prefix("/set-password?token=").unwrap().to_owned();
    let invited = form(&[("email", "ann@example.com"), ("role", "Manager")]);
    let invited = token(partner.done("users/invite", &invited).await.link);
    let reset = token(partner.done("users/reset_password", &form(&[("user", "1")])).await.link);
    let kit = partner.recovery_kit(project).await.text();
    let password = kit.lines().find_map(|line| line.strip_prefix("Repository password")).unwrap().trim().to_owned();
    vec![("an invitation's token", invited), ("a reset's token", reset), ("the repository's password", password)]
}

/// What somebody with a second factor is shown once, and uses.
async fn second_factor(program: &Program, eve: &Browser, seen: &mut Seen) -> Vec<(&'static str, String)> {
    let add = ["user", "add", "eve@example.com", "--organization", ORGANIZATION, "--role", "partner"];
    assert_eq!(program.run(&add, &format!("{PASSWORD}\n")).status.code(), Some(0));
    let credentials = form(&[("email", "eve@example.com"), ("password", PASSWORD)]);
    seen.keep(eve.call("session/sign_in", &credentials).await);
    let authenticator = eve.draft_second_factor().await;
    let mut secrets = vec![("the secret of a second factor", authenticator.secret().to_owned())];
    secrets.extend(authenticator.recovery_codes.iter().flat_map(|code| {
        [("a recovery code", code.clone()), ("a recovery code without its hyphen", code.replace('-', ""))]
    }));
    let page = "/profile/second-factor";
    // The answer is the page, which shows the codes for fifteen minutes, and not in the field.
    let typed = &authenticator.recovery_codes[0];
    let refused = eve.post(page, "second_factor/confirm", &form(&[("code", typed)])).await;
    assert!(refused.status == 422 && !refused.text().contains(&format!("value=\"{typed}")), "{}", refused.text());
    let code = authenticator.code(Utc::now());
    seen.keep(eve.post(page, "second_factor/confirm", &form(&[("code", &code)])).await);
    seen.keep(eve.get(page).await);
    seen.keep(eve.call("session/sign_out", &[]).await);
    seen.keep(eve.post("/login", "session/sign_in", &credentials).await);
    for code in [&authenticator.recovery_codes[0], &authenticator.recovery_codes[0]] {
        let code = form(&[("code", code)]);
        seen.keep(eve.post("/login/code", "session/sign_in_with_code", &code).await);
        seen.keep(eve.get("/login/code").await);
    }
    secrets
}

/// Every function, as scripts and as plain forms do, with secrets in the fields that are for them. The two that make a
/// one-time link show it on purpose.
async fn ask_everything(partner: &Browser, secrets: &[(&str, String)], seen: &mut Seen) {
    let token = &secrets.iter().find(|(name, _)| *name == "an invitation's token").unwrap().1;
    let fields = form(&[
        ("password", WRONG_PASSWORD),
        ("current_password", WRONG_PASSWORD),
        ("new_password", NEW_PASSWORD),
        ("secret_key", WRONG_SECRET),
        ("setup_code", token),
        ("connection_url", CONNECTION),
        ("kind", "webhook"),
        ("webhook_url", WRONG_HOOK),
        ("slack_url", WRONG_HOOK),
        ("topic_url", WRONG_HOOK),
        ("ping_url", WRONG_HOOK),
        ("signing_secret", SIGNING_SECRET),
        ("access_token", ACCESS_TOKEN),
        ("channel", "1"),
        ("policy", "1"),
        ("project", "1"),
        ("credential", "1"),
        ("version", "1"),
        ("s3_name", "Main S3"),
        ("access_key_id", ACCESS_KEY),
    ]);
    let left_out =
        ["session/sign_out", "users/invite", "users/reset_password", "projects/disable_backup", "policies/delete"];
    let functions = server_fn_paths().map(|(path, _)| path.trim_start_matches("/api/"));
    for function in functions.filter(|function| !left_out.contains(function)) {
        seen.keep(partner.call(function, &fields).await);
        seen.keep(partner.post("/backup-credentials?dialog=add", function, &fields).await);
        seen.keep(partner.get("/backup-credentials?dialog=add").await);
        let query = json!({ "project": 1, "backup": 1, "path": "", "search": "" });
        let arguments = json!({ "query": query, "project": 1, "credential": 1, "token": WRONG_PASSWORD });
        seen.keep(partner.ask(function, &arguments).await);
    }
}

async fn open_everything(partner: &Browser, seen: &mut Seen) {
    let pages = server::addresses().into_iter().filter(|address| {
        // The kit is a secret's own place, and events never end.
        !address.ends_with("recovery-kit") && address != "/events"
    });
    for page in pages {
        let page = page.replace("{project}", "1").replace("{backup}", "1");
        seen.keep(partner.get(&page).await);
        for dialog in ["add", "update", "delete", "disable", "describe", "restore", "recovery-kit"] {
            seen.keep(partner.get(&format!("{page}?dialog={dialog}&id=1&expand=1")).await);
        }
        for tab in ["backups", "restores"] {
            seen.keep(partner.get(&format!("{page}?tab={tab}&dialog=describe&id=1")).await);
        }
    }
}

/// S3 has other keys from now on: the run fails, and says why.
async fn fail(program: &Program, partner: &Browser, s3_before: EmbeddedS3, seen: &mut Seen) {
    let address = s3_before.endpoint().socket_addrs(|| None).unwrap()[0];
    s3_before.shutdown().await;
    let _s3 = s3(program, OTHER_SECRET, address).await;
    let project = ProjectId(1);
    partner.call("projects/unlock", &form(&[("project", "1")])).await;
    partner.call("credentials/unlock", &form(&[("credential", "1")])).await;
    partner.done("policies/run_now", &form(&[("policy", "1")])).await;
    let failed = partner.newest_backup(project, Duration::from_mins(1), |run| !run.phase.is_active()).await;
    assert_eq!(failed.phase, BackupPhase::Failed);
    seen.0.push_str(&failed.cause.unwrap());
    seen.keep(partner.get("/projects/1/policies?tab=backups").await);
    seen.keep(partner.get("/audit-log/export").await);
}

async fn guess(stranger: &Browser, seen: &mut Seen) {
    for (email, password) in [(PARTNER, WRONG_PASSWORD), (WRONG_PASSWORD, PASSWORD)] {
        let fields = form(&[("email", email), ("password", password)]);
        seen.keep(stranger.call("session/sign_in", &form(&[("email", PARTNER), ("password", password)])).await);
        // Somebody who types a password into the wrong field gets it back there, and nowhere else.
        stranger.call("session/sign_in", &fields).await;
    }
    seen.keep(stranger.call("users/set_password", &form(&[("token", "x"), ("password", NEW_PASSWORD)])).await);
    seen.keep(stranger.get(&format!("/projects?search={ORGANIZATION}")).await);
}

/// Files of the data folder, or the rows of PostgreSQL. The master key's own file is left out.
fn database_files(program: &Program, database: Option<&str>) -> Vec<(String, Vec<u8>)> {
    let data = program.folder().join("data");
    let entries = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file() && !path.ends_with("master.key"));
    let mut found: Vec<_> = files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    found.extend(database.map(|url| ("the database".to_owned(), test_postgres::dump(url))));
    assert!(!found.is_empty());
    found
}

/// None of the secrets stands there, as it is or as forms, addresses and binary columns write it.
fn assert_secret(place: &str, bytes: &[u8], secrets: &[(&str, String)]) {
    for (name, secret) in secrets {
        let digits = secret.bytes().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        for written in [secret.clone(), secret.replace(' ', "+"), secret.replace(' ', "%20"), digits] {
            let found = bytes.windows(written.len()).position(|window| window == written.as_bytes());
            let around = found.map(|at| {
                let part = &bytes[at.saturating_sub(300)..(at + 100).min(bytes.len())];
                String::from_utf8_lossy(part).into_owned()
            });
            assert_eq!(around, None, "{place} holds {name}");
        }
    }
}

async fn s3(program: &Program, secret_key: &str, listen: SocketAddr) -> EmbeddedS3 {
    let config = EmbeddedS3Config {
        folder: program.folder().join("s3"),
        access_key_id: ACCESS_KEY.to_owned(),
        secret_key: secret_key.to_owned(),
        listen,
    };
    EmbeddedS3::start(config).await.unwrap()
}
