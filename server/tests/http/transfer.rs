//! Holdfast's own backup: exported from one database, imported into another of either kind.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use model::{
    backup::{BackupPhase, RestorePhase},
    ids::ProjectId,
};
use sea_orm::ConnectionTrait;

use crate::support::{
    Browser,
    app::{PARTNER, PASSWORD, SECRET_KEY, setup_form},
    files, form,
    program::{Program, Running},
    tell,
};

/// What a process that was killed in the middle of a backup leaves.
const INTERRUPTED: &str = "INSERT INTO backup (project_id, organization_id, name, phase, lease_owner, lease_until, \
     queued_at, started_at, repository_id, policy_id, policy_name, include, exclude, retention_seconds, not_before, \
     unreadable) \
     SELECT project_id, organization_id, 'interrupted', 'InProgress', 'dead', '2026-11-24T00:00:00+00:00', queued_at, \
     started_at, repository_id, policy_id, policy_name, include, exclude, retention_seconds, not_before, unreadable \
     FROM backup";

#[test]
fn an_export_goes_into_postgresql_and_back_into_sqlite() {
    tell(async {
        let origin = Program::new();
        let s3 = origin.s3().await;
        let source = origin.files().join("web-shop");
        let running = origin.serve();
        let (partner, project) = backed_up(&running, &s3, &source).await;
        let file = origin.folder().join("export");
        let told = done(&origin.run(&["export", path(&file)], ""));
        assert!(told.contains("stay sealed") && told.contains("master.key"), "{told}");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let exported = fs::read_to_string(&file).unwrap();
        assert!(exported.contains(PARTNER) && !exported.contains(SECRET_KEY) && !exported.contains(PASSWORD));
        let log = partner.get("/audit-log").await.text();
        assert!(log.contains("database exported"), "{log}");
        assert_eq!(running.terminate(), Some(0));
        execute(origin.setting("HOLDFAST_DATA_DIR"), INTERRUPTED).await;
        done(&origin.run(&["export", path(&file)], ""));

        let moved = Program::on_postgres().with("HOLDFAST_SOURCE_ROOTS", path(&origin.files()));
        fs::copy(master_key(&origin), moved.setting("HOLDFAST_MASTER_KEY_FILE")).unwrap();
        let told = done(&moved.run(&["import", path(&file)], ""));
        assert!(told.contains("sign in again"), "{told}");
        let running = moved.serve();
        let partner = looks_as_before(&running, project, &source).await;
        let interrupted = partner.backups(project).await.into_iter().find(|run| run.name == "interrupted").unwrap();
        let interrupted = partner.backup_when(project, interrupted.id, |run| !run.phase.is_active()).await;
        assert_eq!(interrupted.attempt, 2, "its lease had run out");
        assert_eq!(interrupted.phase, BackupPhase::Completed, "{:?}", interrupted.cause);
        partner.add_policy(project, "hourly", "0 0 29 2 *").await;
        assert!(partner.get("/audit-log").await.text().contains("database imported"));
        assert_eq!(running.terminate(), Some(0));

        let back = moved.folder().join("export");
        done(&moved.run(&["export", path(&back)], ""));
        let again = fresh(&origin);
        done(&again.run(&["import", path(&back)], ""));
        let third = again.folder().join("export");
        done(&again.run(&["export", path(&third)], ""));
        assert_eq!(content(&third), content(&back), "nothing is lost or changed on the way");
        let running = again.serve();
        looks_as_before(&running, project, &source).await;
        assert_eq!(running.terminate(), Some(0));
    });
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    tell(async {
        let origin = Program::new();
        let s3 = origin.s3().await;
        let running = origin.serve();
        backed_up(&running, &s3, &origin.files().join("web-shop")).await;
        let file = origin.folder().join("export");
        done(&origin.run(&["export", path(&file)], ""));
        let people = done(&origin.run(&["user", "list"], ""));
        refused(&origin.run(&["import", path(&file)], ""), "has an account already");
        assert_eq!(done(&origin.run(&["user", "list"], "")), people);
        assert_eq!(running.terminate(), Some(0));

        let target = fresh(&origin);
        let import = |file: &Path| target.run(&["import", path(file)], "");
        let text = fs::read_to_string(&file).unwrap();
        let changed = |name: &str, text: &str| {
            let changed = target.folder().join(name);
            fs::write(&changed, text).unwrap();
            changed
        };
        let newer = text.replacen("\"schema\":[", "\"schema\":[\"m29991231_000099_flying\",", 1);
        refused(&import(&changed("newer", &newer)), "newer schema");
        let last = migration::steps().pop().unwrap();
        let older = text.replacen(&format!(",\"{last}\""), "", 1);
        refused(&import(&changed("older", &older)), "older schema");
        refused(&import(&changed("cut", &text[..text.len() / 2])), "ends in the middle");
        refused(&import(&changed("damaged", &text.replace("web-shop", "web-shot"))), "checksum");
        refused(&import(&changed("other", "{\"a\":1}\n")), "no export of Holdfast");
        refused(&import(&target.folder().join("nothing")), "cannot be read");
        let key = master_key(&target);
        fs::remove_file(&key).unwrap();
        refused(&import(&file), "is missing, and the database holds secrets");
        assert!(!key.exists(), "no other key is made");
        fs::write(&key, format!("{}\n", "c".repeat(42) + "g=")).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        refused(&import(&file), "is not the one that the secrets in the database are sealed under");
        assert_eq!(done(&target.run(&["user", "list"], "")), "");

        fs::copy(master_key(&origin), &key).unwrap();
        done(&import(&file));
        assert_eq!(done(&target.run(&["user", "list"], "")), people);
        assert_eq!(target.run(&["import"], "").status.code(), Some(2));
    });
}

#[test]
fn nothing_is_exported_from_nothing() {
    let program = Program::new();
    let file = program.folder().join("export");
    refused(&program.run(&["export", path(&file)], ""), "HOLDFAST_DATABASE_URL");
    assert!(!Path::new(program.setting("HOLDFAST_DATA_DIR")).exists(), "and none is made");
    done(&program.run(&["migrate"], ""));
    refused(&program.run(&["export", path(&file)], ""), "has no account");
    assert!(!file.exists());
}

/// The first account, and a project with a completed backup.
async fn backed_up(running: &Running, s3: &embedded_s3::EmbeddedS3, source: &Path) -> (Browser, ProjectId) {
    files::write_sample(source);
    let partner = running.browser();
    partner.done("session/set_up", &setup_form()).await;
    let credential = partner.add_credential(s3).await;
    let project = partner.add_project("web-shop", source, Some(&credential)).await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    assert_eq!(backup.phase, BackupPhase::Completed, "{:?}", backup.cause);
    (partner, project)
}

/// Signs in, and browses and restores the first backup.
async fn looks_as_before(running: &Running, project: ProjectId, source: &Path) -> Browser {
    let partner = running.browser();
    partner.done("session/sign_in", &form(&[("email", PARTNER), ("password", PASSWORD)])).await;
    let backup = partner.backups(project).await.into_iter().find(|run| run.name != "interrupted").unwrap();
    assert_eq!(backup.phase, BackupPhase::Completed);
    let view = partner.browse(project, backup.id, "", "").await;
    assert!(format!("{view:?}").contains("README.md"), "{view:?}");
    let name = format!("restored-{}", running.address.port());
    let target = source.with_file_name(&name);
    let restore = partner.restore_as(&name, (project, backup.id), "", &target).await;
    assert_eq!(restore.phase, RestorePhase::Completed, "{:?}", restore.cause);
    assert!(files::tree(&target) == files::tree(source), "the restored files are the same");
    partner
}

/// Another installation with an empty SQLite database, the same master key and the same directories.
fn fresh(origin: &Program) -> Program {
    let program = Program::new().with("HOLDFAST_SOURCE_ROOTS", path(&origin.files()));
    fs::create_dir(program.setting("HOLDFAST_DATA_DIR")).unwrap();
    fs::copy(master_key(origin), master_key(&program)).unwrap();
    program
}

fn master_key(program: &Program) -> PathBuf {
    Path::new(program.setting("HOLDFAST_DATA_DIR")).join("master.key")
}

/// All rows, without those of the audit log, to which export and import add one.
fn content(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut section = "";
    let lines = text.lines().skip(1).filter(|line| {
        if line.starts_with("{\"table\"") {
            section = line;
        }
        !section.contains("\"audit_entry\"") && !line.starts_with("{\"rows\"")
    });
    lines.map(str::to_owned).collect()
}

/// What a command says that must succeed.
fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(output: &Output, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}: {told}");
    let line = told.lines().find(|line| line.starts_with("holdfast: "));
    assert!(line.is_some_and(|line| line.contains(words)), "{words}: {told}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn execute(data: &str, statement: &str) {
    let db = sea_orm::Database::connect(format!("sqlite://{data}/holdfast.db")).await.unwrap();
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}
