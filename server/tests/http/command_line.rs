//! The binary: commands, exit codes, and what a killed process leaves behind.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Output,
    time::{Duration, Instant},
};

use chrono::Utc;
use model::backup::{BackupPhase, RestorePhase};

use crate::support::{
    app::{ORGANIZATION, PARTNER, PASSWORD, setup_form},
    files, form,
    program::Program,
    tell,
};

#[test]
fn help_and_version_end_well_and_wrong_words_do_not() {
    let program = Program::new();
    assert!(text(&program.run(&["--help"], "")).contains("check-config"));
    assert!(text(&program.run(&["--version"], "")).starts_with("holdfast 0."));
    for wrong in [&["sevre"][..], &["--nonsense"], &["user"], &["user", "add", "no-address", "--organization", "acme"]]
    {
        assert_eq!(program.run(wrong, "").status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn check_config_prints_what_is_in_force_without_secrets() {
    let program = Program::new()
        .with("HOLDFAST_DATABASE_URL", "postgres://holdfast:hunter2@db/holdfast")
        .with("HOLDFAST_MASTER_KEY_FILE", "/etc/holdfast.key");
    fs::write(program.folder().join("holdfast.toml"), "log = \"debug\"\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let output = program.run(&["check-config"], "");
    let printed = text(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(printed.contains("HOLDFAST_DATABASE_URL=postgres://holdfast:***@db/holdfast\n"), "{printed}");
    assert!(printed.contains("HOLDFAST_LOG=debug\n") && printed.contains("HOLDFAST_LISTEN=127.0.0.1:0\n"), "{printed}");
}

#[test]
fn projects_whose_database_may_not_be_dialled_any_more_are_named() {
    tell(async {
        let program = Program::new();
        let running = program.serve();
        let partner = running.browser();
        partner.done("session/set_up", &setup_form()).await;
        let database = test_postgres::cluster().new_database();
        let fields = [("project_name", "shop-db"), ("source", "postgresql"), ("connection_url", &database.url())];
        partner.done("projects/create", &form(&fields)).await;
        drop(running);
        let named = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
        let allowed = program.run(&["check-config"], "");
        assert_eq!((allowed.status.code(), named(&allowed)), (Some(0), String::new()));

        let narrowed = program.with("HOLDFAST_POSTGRES_ALLOW_NETWORKS", "10.0.0.0/8");
        let forbidden = narrowed.run(&["check-config"], "");
        let told = named(&forbidden);
        assert_eq!(forbidden.status.code(), Some(0));
        assert!(told.contains("shop-db") && told.contains("HOLDFAST_POSTGRES_ALLOW_NETWORKS"), "{told}");

        let log = narrowed.folder().join("log");
        let running = narrowed.serve_logging_to(fs::File::create(&log).unwrap().into());
        let began = Instant::now();
        while !fs::read_to_string(&log).unwrap().contains("shop-db") {
            assert!(began.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(running);
    });
}

#[test]
fn wrong_settings_are_named() {
    for (name, value) in
        [("HOLDFAST_LISTEN", "nowhere"), ("HOLDFAST_LISEN", "127.0.0.1:1"), ("HOLDFAST_BACKUP_WORKERS", "0")]
    {
        let output = Program::new().with(name, value).run(&["check-config"], "");
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(name), "{name}");
    }
}

#[test]
fn users_are_managed_from_the_machine() {
    tell(async {
        let program = Program::new();
        assert_eq!(program.run(&["migrate"], "").status.code(), Some(0));
        let running = program.serve();
        running.browser().done("session/set_up", &setup_form()).await;
        let add = ["user", "add", "Ann@example.com", "--organization", ORGANIZATION, "--role", "manager"];
        let short = program.run(&add, "short\n");
        assert_eq!(short.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&short.stderr).contains("12 to 256 characters"));
        assert_eq!(program.run(&add, &format!("{PASSWORD}\n")).status.code(), Some(0));
        assert_eq!(
            text(&program.run(&["user", "list"], "")),
            format!("ann@example.com\tManager\t{ORGANIZATION}\n{PARTNER}\tPartner\t{ORGANIZATION}\n")
        );

        let ann = running.browser();
        ann.done("session/sign_in", &form(&[("email", "ann@example.com"), ("password", PASSWORD)])).await;
        assert_eq!(ann.get("/").await.status, 200);
        let set = program.run(&["user", "set-password", "ann@example.com"], "another long password\n");
        assert_eq!(set.status.code(), Some(0));
        assert_eq!(ann.get("/").await.location(), "/login", "her sessions have ended");
        let named = program.run(&["user", "set-password", "ann@example.com"], "ann@example.com is me\n");
        assert!(String::from_utf8_lossy(&named.stderr).contains("must not contain your email"));
        assert_eq!(
            program.run(&["user", "set-password", "ann@example.com"], &format!("{PASSWORD}\n")).status.code(),
            Some(0)
        );

        ann.done("session/sign_in", &form(&[("email", "ann@example.com"), ("password", PASSWORD)])).await;
        ann.set_up_second_factor(Utc::now()).await;
        let reset = program.run(&["user", "reset-second-factor", "ann@example.com"], "");
        assert_eq!(text(&reset), "The second factor of ann@example.com is gone, and its sessions are ended.\n");
        assert_eq!(ann.get("/").await.location(), "/login");
        ann.done("session/sign_in", &form(&[("email", "ann@example.com"), ("password", PASSWORD)])).await;
        assert_eq!(ann.get("/").await.status, 200, "with the password alone");
        let again = program.run(&["user", "reset-second-factor", "ann@example.com"], "");
        assert_eq!(again.status.code(), Some(1));
        assert_eq!(running.terminate(), Some(0));
        let data = program.folder().join("data");
        assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(data.join("master.key")).unwrap().permissions().mode() & 0o777, 0o600);
    });
}

#[test]
fn beyond_loopback_the_first_account_needs_the_code() {
    tell(async {
        let program = Program::new().with("HOLDFAST_LISTEN", "0.0.0.0:0");
        let running = program.serve();
        let errors = running.browser().call("session/set_up", &setup_form()).await.form_errors();
        assert!(errors.message_for("setup_code").is_some(), "{errors:?}");
        assert!(running.browser().get("/setup").await.text().contains("Setup Code"));
    });
}

/// The story of bad luck: no run is lost, none is done twice, and what is in the bucket stays sound.
#[test]
fn a_process_killed_in_the_middle_of_a_backup_makes_it_good() {
    tell(async {
        let program = Program::new();
        let s3 = program.s3().await;
        let source = program.files().join("web-shop");
        files::write_sample(&source);
        fs::write(source.join("large.bin"), files::numbers(400 << 20)).unwrap();

        let running = program.serve();
        let partner = running.browser();
        partner.done("session/set_up", &setup_form()).await;
        let credential = partner.add_credential(&s3).await;
        let project = partner.add_project("web-shop", &source, Some(&credential)).await;
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        partner.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
        let patience = Duration::from_mins(1);
        let in_the_middle = partner
            .newest_backup(project, patience, |run| run.phase == BackupPhase::InProgress && run.progress.bytes > 0)
            .await;
        running.kill();

        let began = Instant::now();
        let running = program.serve();
        let partner = running.browser();
        partner.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
        let patience = Duration::from_secs(150);
        let ended = partner.newest_backup(project, patience, |run| !run.phase.is_active()).await;
        println!("made good {:.1} s after the restart", began.elapsed().as_secs_f64());
        assert_eq!((ended.id, ended.phase), (in_the_middle.id, BackupPhase::Completed), "{:?}", ended.cause);
        assert_eq!((ended.attempt, partner.backups(project).await.len()), (2, 1));

        let target = program.files().join("restored");
        let restore = partner.restore(project, ended.id, "", &target).await;
        assert_eq!(restore.phase, RestorePhase::Completed, "{:?}", restore.cause);
        assert!(files::tree(&target) == files::tree(&source), "the restored files are the same");
        assert_eq!(running.terminate(), Some(0));
    });
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
