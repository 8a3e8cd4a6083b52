//! Backups, what is in them, and restores.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use model::{
    backup::{BackupPhase, BackupRow, EntryKind, RestorePhase},
    form::FormErrors,
    list::{ListQuery, Page},
    people::Role,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, Database, TestApp,
    app::{ORGANIZATION, PASSWORD, SECRET_KEY},
    files, form, on_both_databases, tell,
};

on_both_databases!(
    a_backup_restores_byte_for_byte,
    chosen_paths_are_restored_alone,
    a_second_backup_adds_only_what_changed,
    backups_are_sorted_by_their_columns,
    a_backup_is_browsed_searched_and_downloaded_from,
    a_folder_is_downloaded_as_an_archive,
    a_restore_stays_under_the_allowed_roots,
    keys_that_become_invalid_fail_the_next_run_with_its_cause,
    a_run_that_finds_s3_gone_is_tried_again,
    the_recovery_kit_is_downloaded,
);

async fn a_backup_restores_byte_for_byte(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    assert_eq!((backup.phase, backup.cause.as_deref()), (BackupPhase::Completed, None));
    assert_eq!((backup.files, backup.unreadable.len()), (Some(6), 0), "five files and a link");
    assert!(backup.size.is_some_and(|size| size >= 300_000) && backup.added.is_some_and(|added| added > 300_000));
    assert!(backup.duration().is_some() && backup.expires.is_some() && backup.snapshot.is_some());
    assert!(backup.name.starts_with("manual-"), "{}", backup.name);

    let target = app.files().join("restored");
    let restore = partner.restore(project, backup.id, "", &target).await;
    assert_eq!((restore.phase, restore.warnings.as_slice()), (RestorePhase::Completed, &[][..]));
    assert_eq!(files::tree(&target), files::tree(&app.source()));
}

async fn chosen_paths_are_restored_alone(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let target = app.files().join("restored");
    let restore = partner.restore(project, backup.id, "letters/2026\nREADME.md", &target).await;
    assert_eq!(restore.phase, RestorePhase::Completed);
    let restored = files::tree(&target);
    let paths: Vec<_> = restored.keys().map(|path| String::from_utf8_lossy(path)).collect();
    assert_eq!(
        paths,
        ["README.md", "letters", "letters/2026", "letters/2026/empty", "letters/2026/numbers.bin"],
        "these, and the folders on the way"
    );
}

async fn a_second_backup_adds_only_what_changed(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let first = partner.backup_now(project, policy).await;
    app.pass(60);
    fs::write(app.source().join("new.txt"), "new\n").unwrap();
    let second = partner.backup_now(project, policy).await;
    assert_eq!(second.phase, BackupPhase::Completed);
    assert!(second.added < first.added.map(|added| added / 10), "{:?} after {:?}", second.added, first.added);
}

async fn backups_are_sorted_by_their_columns(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let large = partner.backup_now(project, policy).await;
    app.pass(60);
    fs::remove_dir_all(app.source().join("letters")).unwrap();
    let small = partner.backup_now(project, policy).await;
    let credential = partner.credentials().await.remove(0).id;
    partner.done("credentials/lock", &form(&[("credential", &credential.to_string())])).await;
    app.pass(60);
    let skipped = partner.backup_now(project, policy).await;
    assert_eq!((skipped.phase, skipped.size), (BackupPhase::Skipped, None));
    let sorted = async |sort: &str, descending: bool| {
        let query = ListQuery { sort: sort.to_owned(), descending, ..ListQuery::default() };
        let page: Page<BackupRow> = partner.read("backups/list", &json!({ "project": project, "query": query })).await;
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let newest_first = [skipped.id, small.id, large.id];
    for (sort, ascending, descending) in [
        ("", newest_first, newest_first),
        ("no such column", newest_first, newest_first),
        ("name", [large.id, small.id, skipped.id], newest_first),
        ("started", [large.id, small.id, skipped.id], newest_first),
        // What has no size comes last in either direction.
        ("size", [small.id, large.id, skipped.id], [large.id, small.id, skipped.id]),
        ("added", [small.id, large.id, skipped.id], [large.id, small.id, skipped.id]),
    ] {
        assert_eq!(sorted(sort, false).await, ascending, "{sort}");
        assert_eq!(sorted(sort, true).await, descending, "{sort}, descending");
    }
}

async fn a_backup_is_browsed_searched_and_downloaded_from(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let top = partner.browse(project, backup.id, "", "").await;
    let names: Vec<_> = top.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["letters", "link.md", "README.md", "run.sh"], "folders first");
    assert_eq!(top.entries[1].kind, EntryKind::Symlink { target: "README.md".to_owned() });
    let found = partner.browse(project, backup.id, "", "ODD").await;
    let [odd] = found.entries.as_slice() else { panic!("{found:?}") };
    assert_eq!(odd.path, "letters/an \"odd\" näme + 100%.txt");

    let download = |path: &str| {
        let path = utf8_percent_encode(path, NON_ALPHANUMERIC).to_string();
        format!("/projects/{project}/backups/{}/download?path={path}", backup.id)
    };
    let file = partner.get(&download("letters/2026/numbers.bin")).await;
    assert_eq!(file.status, 200);
    assert!(file.bytes == files::numbers(300_000), "the bytes are the same");
    assert_eq!(file.header("content-length"), "300000");
    let odd = partner.get(&download(&odd.path)).await;
    assert_eq!(odd.text(), "odd\n");
    assert_eq!(
        odd.header("content-disposition"),
        "attachment; filename=\"an _odd_ n_me + 100_.txt\"; filename*=UTF-8''an%20%22odd%22%20n%C3%A4me%20+%20100%25.txt"
    );
    assert_eq!(odd.header("x-content-type-options"), "nosniff");

    for missing in [download("nothing"), download("../README.md"), download("").replace("?path=", "")] {
        assert_eq!(partner.get(&missing).await.status, 404, "{missing}");
    }
    assert_eq!(app.browser().get(&download("README.md")).await.status, 303, "not without signing in");
    let page = partner.get(&format!("/projects/{project}/backups/{}", backup.id)).await;
    assert!(page.status == 200 && page.text().contains("README.md"));
}

async fn a_folder_is_downloaded_as_an_archive(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    let address = |path: &str, format: &str| {
        format!("/projects/{project}/backups/{}/download?path={path}&as={format}", backup.id)
    };

    let whole = partner.get(&address("", "tar.gz")).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, "application/gzip"));
    let named = format!("attachment; filename=\"{}.tar.gz\"", backup.name);
    assert!(whole.header("content-disposition").starts_with(&named), "{}", whole.header("content-disposition"));
    let (archive, unpacked) = (app.folder().join("whole.tar.gz"), app.folder().join("unpacked"));
    fs::write(&archive, &whole.bytes).unwrap();
    fs::create_dir(&unpacked).unwrap();
    let tar = Command::new("tar").arg("-xpzf").arg(&archive).arg("-C").arg(&unpacked).status().unwrap();
    assert!(tar.success() && files::tree(&unpacked.join(&backup.name)) == files::tree(&app.source()));

    let part = partner.get(&address("letters", "zip")).await;
    assert_eq!((part.status, part.header("content-type")), (200, "application/zip"));
    let archive = app.folder().join("letters.zip");
    fs::write(&archive, &part.bytes).unwrap();
    let unzip = Command::new("unzip").arg("-qq").arg(&archive).arg("-d").arg(&unpacked).status().unwrap();
    assert!(unzip.success(), "a whole archive");
    let numbers = fs::read(unpacked.join("letters/2026/numbers.bin")).unwrap();
    assert!(numbers == files::numbers(300_000));

    for missing in [address("", "rar"), address("README.md", "zip"), address("..", "zip"), address("nothing", "tar.gz")]
    {
        assert_eq!(partner.get(&missing).await.status, 404, "{missing}");
    }
    assert_eq!(app.browser().get(&address("", "zip")).await.status, 303, "not without signing in");
    let log = app.column("audit_entry", "action").await;
    assert_eq!(log.iter().filter(|action| *action == "folder downloaded").count(), 2);
}

async fn a_restore_stays_under_the_allowed_roots(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await.id.to_string();
    std::os::unix::fs::symlink("/tmp", app.files().join("way-out")).unwrap();
    let refused = async |field: &str, paths: &str, directory: &str| {
        let fields = [
            ("backup", backup.as_str()),
            ("restore_name", "evil"),
            ("paths", paths),
            ("target", "directory"),
            ("target_directory", directory),
            ("on_conflict", "overwrite"),
        ];
        let errors: FormErrors = partner.call("restores/add", &form(&fields)).await.form_errors();
        assert!(errors.message_for(field).is_some(), "{paths} to {directory}: {errors:?}");
    };
    let inside = app.files().join("x").display().to_string();
    refused("target_directory", "", "/tmp/elsewhere").await;
    refused("target_directory", "", &app.files().join("way-out/x").display().to_string()).await;
    refused("target_directory", "", &app.files().join("../x").display().to_string()).await;
    refused("paths", "../../etc/passwd", &inside).await;
    assert!(partner.restores(project).await.is_empty());
}

async fn keys_that_become_invalid_fail_the_next_run_with_its_cause(app: &TestApp) {
    let partner = app.set_up().await;
    let s3 = app.s3().await;
    let address = s3.endpoint().socket_addrs(|| None).unwrap()[0];
    let credential = partner.add_credential(&s3).await;
    files::write_sample(&app.source());
    let project = partner.add_project("web-shop", &app.source(), Some(&credential)).await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    assert_eq!(partner.backup_now(project, policy).await.phase, BackupPhase::Completed);

    s3.shutdown().await;
    let s3 = app.s3_with("another-secret", address).await;
    app.pass(60);
    let failed = partner.backup_now(project, policy).await;
    assert_eq!(failed.phase, BackupPhase::Failed);
    assert!(failed.cause.as_deref().unwrap().contains("Invalid S3 credentials"), "{failed:?}");
    let page = partner.get(&format!("/projects/{project}/policies?tab=backups")).await.text();
    assert!(page.contains("Failed"), "the failure is on the page");
    // Kept as data, it is worded for its reader.
    let czech = partner.request(Method::GET, &format!("/projects/{project}/policies?tab=backups"));
    let page = Answer::of(czech.header("accept-language", "cs")).await.text();
    assert!(page.contains("Neplatné přístupové údaje S3") && !page.contains("Invalid S3 credentials"), "{page}");

    s3.shutdown().await;
    let _s3 = app.s3_with(SECRET_KEY, address).await;
    // Less than until the failed one is tried again.
    app.pass(30);
    let next = partner.backup_now(project, policy).await;
    assert_eq!(next.phase, BackupPhase::Completed, "and the next run works: {:?}", next.cause);
}

async fn a_run_that_finds_s3_gone_is_tried_again(app: &TestApp) {
    let partner = app.set_up().await;
    let s3 = app.s3().await;
    let address = s3.endpoint().socket_addrs(|| None).unwrap()[0];
    let credential = partner.add_credential(&s3).await;
    files::write_sample(&app.source());
    let project = partner.add_project("web-shop", &app.source(), Some(&credential)).await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    s3.shutdown().await;

    let failed = partner.backup_now(project, policy).await;
    assert_eq!((failed.phase, failed.attempt), (BackupPhase::Failed, 1));
    assert!(failed.cause.as_deref().unwrap().contains("does not accept connections"), "{failed:?}");
    let pause = failed.retry_at.unwrap() - failed.finished.unwrap();
    assert_eq!(pause.num_seconds(), 60, "a first retry after a minute");

    let _s3 = app.s3_with(SECRET_KEY, address).await;
    app.pass(61);
    let again = partner.backup_when(project, failed.id, |backup| backup.phase == BackupPhase::Completed).await;
    assert_eq!((again.attempt, again.cause), (2, None));
}

async fn the_recovery_kit_is_downloaded(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (address, question) =
        (format!("/projects/{project}/recovery-kit"), format!("/projects/{project}/settings?dialog=recovery-kit"));
    assert_eq!(partner.get(&address).await.location(), question, "the password is asked for first");
    let page = partner.get(&question).await.text();
    assert!(page.contains("name=\"form[password]\""), "{page}");
    let wrong = form(&[("project", &project.to_string()), ("password", "not the password")]);
    let errors = partner.call("projects/recovery_kit", &wrong).await.form_errors();
    assert!(errors.message_for("password").is_some_and(|told| told.contains("not your password")), "{errors:?}");
    let back = partner.post(&question, "projects/recovery_kit", &wrong).await;
    assert!(back.status == 422 && back.text().contains("not your password"), "also without script");
    assert_eq!(partner.get(&address).await.location(), question);

    let kit = partner.recovery_kit(project).await;
    assert_eq!((kit.status, kit.header("cache-control")), (200, "no-store"));
    assert!(kit.header("content-disposition").starts_with("attachment; filename=\"web-shop-recovery-kit.txt\""));
    let text = kit.text();
    for part in ["holdfast-acme-web-shop-", app.own_s3().await.endpoint().as_str().trim_end_matches('/'), "restic"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(SECRET_KEY), "the S3 secret is returned by nothing");
    assert_eq!(partner.get(&address).await.location(), question, "each time");
    assert_eq!(app.browser().get(&address).await.location(), format!("/login?next={address}"));

    let right = form(&[("project", &project.to_string()), ("password", PASSWORD)]);
    let manager = app.person(Role::Manager, ORGANIZATION).await;
    manager.done("projects/recovery_kit", &right).await;
    assert_eq!(partner.get(&address).await.location(), question, "another session's password");
    app.pass(60);
    assert_eq!(manager.get(&address).await.location(), question, "a minute later");
    for _ in 0..5 {
        assert_eq!(manager.call("projects/recovery_kit", &wrong).await.status, 422);
    }
    assert_eq!(manager.call("projects/recovery_kit", &right).await.status, 429, "guessing is as slow as at sign-in");
}

/// A stop lets nothing be lost: the run waits in the database, and the next start takes it up.
#[test]
fn a_run_that_a_stop_interrupts_is_done_after_the_next_start() {
    tell(async {
        let app = TestApp::spawn(Database::Sqlite).await;
        let (partner, project) = app.backed_up_project().await;
        fs::write(app.source().join("large.bin"), files::numbers(200 << 20)).unwrap();
        let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
        partner.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
        let patience = Duration::from_secs(20);
        partner.newest_backup(project, patience, |backup| backup.phase == BackupPhase::InProgress).await;
        let began = Instant::now();
        app.stop().await;
        assert!(began.elapsed() < Duration::from_secs(20), "the stop took {:?}", began.elapsed());
        assert_eq!(app.column("backup", "phase").await, ["Queued"]);

        let app = app.restart().await;
        let partner = partner.moved_to(app.address);
        let patience = Duration::from_mins(1);
        let backup = partner.newest_backup(project, patience, |backup| !backup.phase.is_active()).await;
        assert_eq!(backup.phase, BackupPhase::Completed, "{:?}", backup.cause);
        assert_eq!(partner.backups(project).await.len(), 1);
        app.stop().await;
    });
}
