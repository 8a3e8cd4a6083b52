//! What is deleted waits, and what is kept stays: marks, Undo, Remove Now, Keep, deleted policies and projects, unusual
//! backups.

use std::{fs, time::Duration};

use model::{
    backup::{BackupPhase, BackupRow, Expiry},
    follow::{Follow, Reversal},
    ids::{PolicyId, ProjectId},
};
use server::config::Key;

use crate::support::{
    Browser, Database, TestApp,
    app::PARTNER,
    deeds::until,
    files::{self, Entry},
    form, tell,
};

const DAY: i64 = 24 * 3600;
const A_MOMENT: Duration = Duration::from_secs(20);

/// As it is where nobody sets it.
const WEEK: [(Key, &str); 1] = [(Key::DeletionDelay, "7d")];

macro_rules! with_a_week {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $story() {
                super::with_a_week(super::Database::Sqlite, async |app| super::$story(app).await);
            })+
        }
        mod postgres {
            $(#[test]
            fn $story() {
                super::with_a_week(super::Database::Postgres, async |app| super::$story(app).await);
            })+
        }
    };
}

with_a_week!(
    a_deleted_backup_can_be_taken_back_until_its_time,
    a_backup_is_removed_now_by_its_name,
    retention_marks_and_undo_keeps,
    a_backup_that_is_kept_stays_until_it_is_let_go,
    a_deleted_policy_goes_on_keeping_its_backups,
    what_was_kept_is_there_when_backup_is_enabled_again,
    longer_retention_holds_for_backups_that_are_there,
    shorter_retention_is_asked_about,
    a_deleted_project_can_be_taken_back,
    the_name_of_a_deleted_project_is_free,
    an_empty_source_makes_an_unusual_backup,
    a_first_backup_without_files_is_unusual_where_there_were_some,
    another_policys_run_waits_its_turn,
    what_is_deleted_offers_to_be_taken_back,
);

fn with_a_week(database: Database, story: impl AsyncFnOnce(&TestApp)) {
    tell(async {
        let app = TestApp::spawn_with(database, &WEEK).await;
        story(&app).await;
        app.stop().await;
    });
}

/// Does what the server does every minute of the real clock.
async fn retention(app: &TestApp) {
    services::expire_backups(&app.services, app.now()).await.unwrap();
}

/// Lets so many days pass. By then sessions have ended.
async fn days_pass(app: &TestApp, days: i64) -> Browser {
    app.pass(days * DAY);
    app.signed_in(PARTNER).await
}

impl Browser {
    async fn to_backup(&self, deed: &str, backup: &BackupRow) -> String {
        self.done(&format!("backups/{deed}"), &named(backup)).await.message
    }

    /// The status and the words of a refusal.
    async fn refused_for_backup(&self, deed: &str, backup: &BackupRow) -> (u16, String) {
        let answer = self.call(&format!("backups/{deed}"), &named(backup)).await;
        (answer.status, answer.error().to_string())
    }

    async fn marked(&self, project: ProjectId) -> Vec<String> {
        let rows = self.backups(project).await.into_iter().filter(|row| row.deletion.is_some());
        rows.map(|row| row.name).collect()
    }

    /// Adds a policy with these rules, and makes so many backups of it, a minute apart. From the oldest to the newest.
    async fn some_backups(
        &self,
        app: &TestApp,
        project: ProjectId,
        rules: &[(&str, &str)],
        count: usize,
    ) -> (PolicyId, Vec<BackupRow>) {
        let policy = self.add_policy(project, "rare", "0 0 29 2 *").await;
        self.change_policy(policy, rules).await.unwrap();
        let mut rows = Vec::new();
        for _ in 0..count {
            rows.push(self.backup_now(project, policy).await);
            app.pass(60);
        }
        (policy, rows)
    }

    /// Saves a policy with other rules, or returns what is to be confirmed.
    async fn change_policy(&self, policy: PolicyId, changes: &[(&str, &str)]) -> Result<(), String> {
        let version = self.version_of(policy).await.to_string();
        let id = policy.to_string();
        let mut fields = vec![
            ("policy", id.as_str()),
            ("version", &version),
            ("name", "rare"),
            ("cron_period", "custom"),
            ("cron_expression", "0 0 29 2 *"),
            ("time_zone", "UTC"),
            ("retention", "720h"),
            ("include", "**"),
        ];
        fields.retain(|(field, _)| changes.iter().all(|(changed, _)| changed != field));
        fields.extend(changes);
        let answer = self.call("policies/update", &form(&fields)).await;
        if answer.status == 200 {
            return Ok(());
        }
        Err(answer.form_errors().message_for("confirm_shorter").expect("only that is asked").to_owned())
    }

    async fn version_of(&self, policy: PolicyId) -> i64 {
        let policies = self.projects().await.page.rows.into_iter().map(|project| project.id);
        for project in policies {
            let arguments = serde_json::json!({ "project": project, "policy": policy });
            let answer = self.ask("policies/draft", &arguments).await;
            if answer.status == 200 {
                return answer.json::<model::policy::PolicyDraft>("draft").form.version.parse().unwrap();
            }
        }
        panic!("no project has policy {policy}");
    }
}

fn named(backup: &BackupRow) -> Vec<(String, String)> {
    form(&[("backup", &backup.id.to_string())])
}

fn of_project(project: ProjectId) -> Vec<(String, String)> {
    form(&[("project", &project.to_string())])
}

fn names(rows: &[BackupRow]) -> Vec<String> {
    rows.iter().rev().map(|row| row.name.clone()).collect()
}

/// Files of that folder of repositories in the S3 server's folder.
fn stored(app: &TestApp, folder: &str) -> usize {
    let tree = files::tree(&app.folder().join("s3"));
    let is_there = |(path, entry): &(&Vec<u8>, &Entry)| {
        matches!(entry, Entry::File { .. }) && String::from_utf8_lossy(path).contains(&format!("/{folder}/"))
    };
    tree.iter().filter(is_there).count()
}

async fn a_deleted_backup_can_be_taken_back_until_its_time(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (_, rows) = partner.some_backups(app, project, &[], 2).await;
    let newest = &rows[1];
    let told = partner.to_backup("delete", newest).await;
    assert!(told.contains("can be taken back until"), "{told}");
    let marked = partner.backups(project).await.remove(0);
    let deletion = marked.deletion.clone().unwrap();
    assert_eq!((marked.shown_phase(), marked.phase), (BackupPhase::Deleting, BackupPhase::Completed));
    assert_eq!(deletion.by.as_deref(), Some(PARTNER));
    assert!((deletion.after - app.now()).num_days() >= 6, "{deletion:?}");
    let last = partner.project(project).await.last_backup.unwrap();
    assert_eq!(last.id, rows[0].id, "a marked backup counts nowhere");
    assert!(partner.browse(project, newest.id, "", "").await.total > 0);
    let restored = partner.restore(project, newest.id, "", &app.files().join("restored")).await;
    assert_eq!(restored.phase.as_str(), "Completed");
    assert!(partner.backups(project).await[0].deletion.is_some(), "a restore undoes nothing");
    let repository = partner.repository(project).await.repository.unwrap();
    assert_eq!((repository.waiting, repository.waiting_added), (1, newest.added.unwrap()));
    assert_eq!(partner.refused_for_backup("delete", newest).await.0, 409);
    assert_eq!(partner.refused_for_backup("keep", newest).await.0, 409);

    partner.to_backup("undo_deletion", newest).await;
    let back = partner.backups(project).await.remove(0);
    assert_eq!((back.phase, back.deletion, back.kept), (BackupPhase::Completed, None, None));
    assert_eq!(partner.refused_for_backup("undo_deletion", newest).await.0, 409);

    partner.to_backup("delete", newest).await;
    app.pass(-3600);
    let partner = days_pass(app, 7).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(stored(app, "snapshots"), 2, "nothing is removed before its time");
    app.pass(2 * 3600);
    until(A_MOMENT, async || partner.backups(project).await.len(), |count| *count == 1).await;
    assert_eq!(stored(app, "snapshots"), 1);
    assert_eq!(partner.call("backups/undo_deletion", &named(newest)).await.status, 404);
}

async fn a_backup_is_removed_now_by_its_name(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (_, rows) = partner.some_backups(app, project, &[], 1).await;
    let typed = |name: &str| form(&[("backup", &rows[0].id.to_string()), ("confirm_name", name)]);
    assert_eq!(partner.call("backups/remove_now", &typed(&rows[0].name)).await.status, 409, "it is not marked");
    partner.to_backup("delete", &rows[0]).await;
    let wrong = partner.call("backups/remove_now", &typed("other")).await;
    assert!(wrong.form_errors().message_for("confirm_name").is_some());
    partner.done("backups/remove_now", &typed(&rows[0].name)).await;
    until(A_MOMENT, async || partner.backups(project).await.len(), |count| *count == 0).await;
    assert_eq!(stored(app, "snapshots"), 0);
}

async fn retention_marks_and_undo_keeps(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (_, rows) = partner.some_backups(app, project, &[("retention", "1h")], 3).await;
    app.pass(2 * 3600);
    let older = names(&rows[..2]);
    retention(app).await;
    assert_eq!(partner.marked(project).await, older);
    assert!(partner.backups(project).await[1].deletion.as_ref().unwrap().by.is_none(), "retention did it");
    let told = partner.to_backup("undo_deletion", &rows[1]).await;
    assert!(told.contains("kept"), "{told}");
    let partner = days_pass(app, 8).await;
    let left = names(&rows[1..]);
    let remaining = async || partner.backups(project).await.into_iter().map(|row| row.name).collect::<Vec<_>>();
    until(A_MOMENT, remaining, |names| *names == left).await;
    retention(app).await;
    assert_eq!(remaining().await, left, "what was taken back is not marked again");
    assert!(partner.backups(project).await[1].kept.is_some());
}

async fn a_backup_that_is_kept_stays_until_it_is_let_go(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (_, rows) = partner.some_backups(app, project, &[("retention", "1h")], 3).await;
    let keep = |note: &str| form(&[("backup", &rows[0].id.to_string()), ("note", note)]);
    let long = partner.call("backups/keep", &keep(&"a".repeat(201))).await;
    assert!(long.form_errors().message_for("note").is_some());
    partner.done("backups/keep", &keep("before the move")).await;
    assert_eq!(partner.call("backups/keep", &keep("")).await.status, 409);
    let (status, words) = partner.refused_for_backup("delete", &rows[0]).await;
    assert_eq!((status, words.as_str()), (409, "This backup is kept on purpose. Let it go first"));
    app.pass(2 * 3600);
    let middle = names(&rows[1..2]);
    retention(app).await;
    assert_eq!(partner.marked(project).await, middle);
    let kept = partner.backups(project).await[2].kept.clone().unwrap();
    assert_eq!(kept.note.as_deref(), Some("before the move"));
    partner.to_backup("let_go", &rows[0]).await;
    let both = names(&rows[..2]);
    retention(app).await;
    assert_eq!(partner.marked(project).await, both);
    let actions = app.column("audit_entry", "action").await;
    for deed in ["backup kept on purpose", "backup let go"] {
        assert!(actions.iter().any(|action| action == deed), "{deed}: {actions:?}");
    }
}

async fn a_deleted_policy_goes_on_keeping_its_backups(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let rules = [("retention", "1h"), ("keep.last", "2")];
    let (policy, rows) = partner.some_backups(app, project, &rules, 3).await;
    let page = partner.get(&format!("/projects/{project}/policies?tab=schedules&dialog=delete&id={policy}")).await;
    assert!(page.text().contains("Its 3 backups stay by the rules that it had: 1h, last 2"), "{}", page.text());
    partner.done("policies/delete", &form(&[("policy", &policy.to_string())])).await;
    assert!(partner.policies(project).await.is_empty());
    for deed in ["run_now", "pause", "delete"] {
        let gone = partner.call(&format!("policies/{deed}"), &form(&[("policy", &policy.to_string())])).await;
        assert_eq!(gone.status, 404, "{deed}");
    }
    partner.add_policy(project, "rare", "0 0 29 2 *").await;
    app.pass(2 * 3600);
    let oldest = names(&rows[..1]);
    retention(app).await;
    assert_eq!(partner.marked(project).await, oldest);
    retention(app).await;
    assert_eq!(partner.marked(project).await, oldest, "what its counts keep stays");
    assert_eq!(app.rows("policy").await, 2);

    for row in &rows[1..] {
        partner.to_backup("delete", row).await;
    }
    let partner = days_pass(app, 8).await;
    until(A_MOMENT, async || partner.backups(project).await.len(), |count| *count == 0).await;
    retention(app).await;
    assert_eq!(app.rows("policy").await, 1);
}

async fn what_was_kept_is_there_when_backup_is_enabled_again(app: &TestApp) {
    let (mut partner, project) = app.backed_up_project().await;
    let rules = [("retention", "1h"), ("keep.monthly", "12")];
    let policy = partner.add_policy(project, "rare", "0 0 29 2 *").await;
    partner.change_policy(policy, &rules).await.unwrap();
    let mut rows = Vec::new();
    for _ in 0..3 {
        rows.push(partner.backup_now(project, policy).await);
        partner = days_pass(app, 32).await;
    }
    let view = partner.project(project).await;
    let model::project::Backup::On { credential, bucket, prefix, .. } = view.backup else { panic!("backup is on") };
    partner.done("projects/disable_backup", &of_project(project)).await;
    assert!(partner.policies(project).await.is_empty());
    retention(app).await;
    let on = form(&[
        ("project", &project.to_string()),
        ("backup.enable_backup", "on"),
        ("backup.credential", &credential.to_string()),
        ("backup.bucket", "existing"),
        ("backup.bucket_name", &bucket),
        ("backup.prefix", &prefix),
    ]);
    partner.done("projects/save_backup_settings", &on).await;
    retention(app).await;
    let found = partner.backups(project).await;
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|row| row.deletion.is_none()), "its counts keep them: {found:#?}");
    assert!(partner.browse(project, rows[0].id, "", "").await.total > 0);
}

async fn longer_retention_holds_for_backups_that_are_there(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (policy, _) = partner.some_backups(app, project, &[("retention", "1h")], 2).await;
    partner.change_policy(policy, &[("retention", "30d")]).await.unwrap();
    for row in partner.backups(project).await {
        let Some(Expiry::At(end)) = row.expires else { panic!("{row:?}") };
        assert_eq!((end - row.finished.unwrap()).num_days(), 30);
    }
    app.pass(2 * 3600);
    retention(app).await;
    assert!(partner.marked(project).await.is_empty());
}

async fn shorter_retention_is_asked_about(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (policy, rows) = partner.some_backups(app, project, &[], 3).await;
    app.pass(2 * 3600);
    let asked = partner.change_policy(policy, &[("retention", "1h")]).await.unwrap_err();
    assert!(asked.starts_with("By these rules 2 backups have reached their end"), "{asked}");
    assert_eq!(partner.policies(project).await[0].retention, "30d", "nothing is stored until it is confirmed");
    partner.change_policy(policy, &[("retention", "1h"), ("keep.last", "3")]).await.expect("nothing would go");
    partner.change_policy(policy, &[("retention", "1h"), ("confirm_shorter", "on")]).await.unwrap();
    let older = names(&rows[..2]);
    retention(app).await;
    assert_eq!(partner.marked(project).await, older);
}

async fn a_deleted_project_can_be_taken_back(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "hourly", "0 * * * *").await;
    let backup = partner.backup_now(project, policy).await;
    let deleted = |too: &[(&str, &str)]| {
        let id = project.to_string();
        let mut fields = vec![("project", id.as_str()), ("confirm_name", "web-shop")];
        fields.extend(too);
        form(&fields)
    };
    partner.done("projects/delete", &deleted(&[("delete_backups", "on")])).await;
    let list = partner.projects().await;
    assert_eq!((list.page.total, list.deleted.len(), list.deleted[0].backups_too), (0, 1, true));
    assert_eq!(partner.get(&format!("/projects/{project}")).await.status, 404);
    assert_eq!(partner.call("backups/delete", &named(&backup)).await.status, 404);
    let credential = partner.credentials().await.remove(0);
    let needed = partner.call("credentials/delete", &form(&[("credential", &credential.id.to_string())])).await;
    assert_eq!(needed.status, 409, "{}", needed.text());
    let partner = days_pass(app, 2).await;
    tokio::time::sleep(Duration::from_secs(4)).await;

    partner.done("projects/undo_deletion", &of_project(project)).await;
    assert_eq!(partner.backups(project).await.len(), 1, "no run was made meanwhile");
    assert!(partner.policies(project).await[0].next_run.is_some_and(|next| next > app.now()));
    assert_eq!(partner.call("projects/undo_deletion", &of_project(project)).await.status, 404);
    partner.backup_now(project, policy).await;

    partner.done("projects/delete", &deleted(&[("delete_backups", "on")])).await;
    days_pass(app, 8).await;
    until(A_MOMENT, async || app.rows("project").await, |count| *count == 0).await;
    until(A_MOMENT, async || stored(app, "data"), |count| *count == 0).await;
}

async fn the_name_of_a_deleted_project_is_free(app: &TestApp) {
    let partner = app.set_up().await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let delete = form(&[("project", &project.to_string()), ("confirm_name", "web-shop")]);
    partner.done("projects/delete", &delete).await;
    partner.add_project("web-shop", &app.files(), None).await;
    let taken = partner.call("projects/undo_deletion", &of_project(project)).await;
    assert_eq!(taken.status, 409);
    assert!(taken.error().to_string().contains("another project named web-shop"), "{}", taken.error());
}

async fn an_empty_source_makes_an_unusual_backup(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let (policy, rows) = partner.some_backups(app, project, &[("retention", "1h")], 2).await;
    let source = app.source();
    fs::rename(&source, app.files().join("away")).unwrap();
    fs::create_dir(&source).unwrap();
    let empty = partner.backup_now(project, policy).await;
    assert!(empty.is_unusual(), "{empty:?}");
    assert_eq!((empty.phase, empty.files), (BackupPhase::Completed, Some(0)));
    app.pass(2 * 3600);
    retention(app).await;
    assert!(partner.marked(project).await.is_empty(), "retention waits");
    partner.to_backup("acknowledge", &empty).await;
    assert_eq!(partner.refused_for_backup("acknowledge", &empty).await.0, 409);
    let earlier = names(&rows);
    retention(app).await;
    assert_eq!(partner.marked(project).await, earlier);
}

/// What was not mounted any more when the first backup came.
async fn a_first_backup_without_files_is_unusual_where_there_were_some(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let source = app.source();
    fs::rename(&source, app.files().join("away")).unwrap();
    fs::create_dir(&source).unwrap();
    let empty = partner.backup_now(project, policy).await;
    assert!(empty.is_unusual(), "{empty:?}");
    assert_eq!((empty.phase, empty.cause.as_deref()), (BackupPhase::Completed, Some("It has no files")));
    let another = partner.add_project("empty", &source, partner.credentials().await.first()).await;
    let home = partner.add_policy(another, "nightly", "0 0 29 2 *").await;
    let expected = partner.backup_now(another, home).await;
    assert!(!expected.is_unusual(), "{expected:?}");
    assert_eq!(expected.cause.as_deref(), Some("It has no files"), "told all the same");
}

/// A weekly backup is not lost because an hourly one works at its time.
async fn another_policys_run_waits_its_turn(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    app.to_half_past();
    files::write_large(&app.source().join("large"), 300);
    let rare = partner.add_policy(project, "rare", "0 0 29 2 *").await;
    partner.add_policy(project, "hourly", "0 * * * *").await;
    partner.done("policies/run_now", &form(&[("policy", &rare.to_string())])).await;
    partner.newest_backup(project, A_MOMENT, |backup| backup.phase == BackupPhase::InProgress).await;
    app.pass(3600);
    let ended = |backup: &BackupRow| backup.policy.as_deref() == Some("hourly") && !backup.phase.is_active();
    let hourly = partner.newest_backup(project, Duration::from_mins(2), ended).await;
    assert_eq!(hourly.phase, BackupPhase::Completed, "{hourly:?}");
}

async fn what_is_deleted_offers_to_be_taken_back(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await.id;
    let named = form(&[("backup", &backup.to_string())]);
    let done = partner.done("backups/delete", &named).await;
    assert_eq!(done.follow, Some(Follow::Undo(Reversal::RestoreBackup(backup))));
    partner.done("backups/undo_deletion", &named).await;
    assert!(partner.backups(project).await[0].deletion.is_none());

    let id = project.to_string();
    let deleted = partner.done("projects/delete", &form(&[("project", &id), ("confirm_name", "web-shop")])).await;
    assert_eq!(deleted.follow, Some(Follow::Undo(Reversal::RestoreProject(project))));
    partner.done("projects/undo_deletion", &form(&[("project", &id)])).await;
    assert_eq!(partner.project(project).await.name, "web-shop");
}
