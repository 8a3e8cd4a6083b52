//! Projects: their source, and whether they are backed up.

use std::{fs, os::unix::fs::symlink, time::Duration};

use model::{
    backup::BackupPhase,
    directory::{DirectoryQuery, DirectoryView},
    form::FormErrors,
    ids::ProjectId,
    people::Role,
    project::Backup,
};
use serde_json::json;

use crate::support::{
    Browser, TestApp,
    deeds::{TIMEOUT, until},
    files::{self, Entry},
    form, on_both_databases,
};

on_both_databases!(
    many_projects_are_changed_at_once,
    a_project_begins_without_backup_where_that_was_not_asked,
    a_project_with_backup_has_a_bucket,
    a_project_can_begin_with_a_policy_and_its_first_backup,
    directories_are_looked_for_in_the_organizations_roots_alone,
    backup_is_switched_on_and_off_in_settings,
    a_directory_that_may_not_be_backed_up_is_told_at_its_field,
    where_enabling_fails_no_project_is_left,
    a_name_is_unique_and_well_formed,
    a_locked_project_changes_nothing,
    a_project_is_deleted_by_its_name_and_its_backups_where_that_is_ticked,
);

async fn a_project_begins_without_backup_where_that_was_not_asked(app: &TestApp) {
    let partner = app.set_up().await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let view = partner.project(project).await;
    assert_eq!((view.name.as_str(), view.backup), ("web-shop", Backup::Off));
    let page = partner.get(&format!("/projects/{project}")).await;
    assert!(page.status == 200 && page.text().contains("web-shop"));
}

async fn a_project_with_backup_has_a_bucket(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    let project = partner.add_project("web-shop", &app.files(), Some(&credential)).await;
    let Backup::On { bucket, prefix, .. } = partner.project(project).await.backup else { panic!("backup is off") };
    assert!(bucket.starts_with("holdfast-acme-web-shop-") && prefix.is_empty(), "{bucket}");
    assert!(app.folder().join("s3").join(&bucket).join("config").exists(), "the repository is initialised");
}

async fn a_project_can_begin_with_a_policy_and_its_first_backup(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    app.execute("UPDATE organization SET time_zone = 'Europe/Prague'").await;
    let (directory, credential) = (app.files().display().to_string(), credential.id.to_string());
    let with = |name, period, now| {
        form(&[
            ("project_name", name),
            ("directory", &directory),
            ("backup.enable_backup", "on"),
            ("backup.credential", &credential),
            ("backup.bucket", "create"),
            ("first.cron_period", period),
            ("first.back_up_now", now),
        ])
    };
    let done = partner.done("projects/create", &with("web-shop", "30 2 * * *", "on")).await;
    let project = partner.projects().await.page.rows[0].id;
    assert_eq!(done.goto, format!("/projects/{project}/policies?tab=backups"));
    let policies = partner.policies(project).await;
    assert_eq!((policies[0].name.as_str(), policies[0].time_zone.as_str()), ("daily", "Europe/Prague"));
    let first =
        partner.newest_backup(project, Duration::from_secs(30), |row| row.phase == BackupPhase::Completed).await;
    assert!(first.name.starts_with("manual-"), "{}", first.name);

    let done = partner.done("projects/create", &with("later", "0 * * * *", "")).await;
    assert!(done.goto.ends_with("/policies?tab=schedules") && done.message.contains("backup scheduled"), "{done:?}");
    let unknown = partner.call("projects/create", &with("odd", "* * * * *", "on")).await.form_errors();
    assert!(unknown.message_for("first.cron_period").is_some(), "{unknown:?}");
    assert_eq!(partner.projects().await.page.total, 2);
}

async fn directories_are_looked_for_in_the_organizations_roots_alone(app: &TestApp) {
    let partner = app.set_up().await;
    fs::create_dir_all(app.files().join("shop/images")).unwrap();
    fs::write(app.files().join("shop/index.html"), "12345").unwrap();
    symlink("/etc", app.files().join("elsewhere")).unwrap();
    let look = async |path: &str| {
        let query = DirectoryQuery { path: path.to_owned(), ..DirectoryQuery::default() };
        partner.ask("projects/look_into_directory", &json!({ "query": query })).await
    };
    let files = app.files().canonicalize().unwrap().display().to_string();
    let roots: DirectoryView = look("").await.json("");
    assert_eq!((roots.path.as_str(), roots.folders.len()), ("", 1));
    let view: DirectoryView = look(&roots.folders[0].path).await.json("");
    assert!(view.folders.iter().any(|folder| folder.path == format!("{files}/shop")), "{view:?}");
    assert!(view.folders.iter().all(|folder| folder.name != "elsewhere"), "links are followed by no backup");
    let shop: DirectoryView = look(&format!("{files}/shop")).await.json("");
    assert_eq!((shop.files, shop.bytes, shop.above.as_deref()), (1, 5, Some(files.as_str())));
    for outside in ["/etc", "/", &format!("{files}/elsewhere"), &format!("{files}/.."), "relative"] {
        let refused = look(outside).await;
        assert_eq!(refused.status, 422, "{outside}");
        assert!(refused.form_errors().message_for("directory").is_some(), "{outside}");
    }
}

async fn backup_is_switched_on_and_off_in_settings(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    let project = partner.add_project("web-shop", &app.files(), None).await;
    let id = project.to_string();
    let on = form(&[
        ("project", &id),
        ("backup.enable_backup", "on"),
        ("backup.credential", &credential.id.to_string()),
        ("backup.bucket", "existing"),
        ("backup.bucket_name", "team-backups"),
        ("backup.prefix", "web/shop"),
    ]);
    fs::create_dir(app.folder().join("s3/team-backups")).unwrap();
    partner.done("projects/save_backup_settings", &on).await;
    let Backup::On { bucket, prefix, .. } = partner.project(project).await.backup else { panic!("backup is off") };
    assert_eq!((bucket.as_str(), prefix.as_str()), ("team-backups", "web/shop"));

    partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.done("projects/disable_backup", &form(&[("project", &id)])).await;
    assert_eq!(partner.project(project).await.backup, Backup::Off);
    assert!(partner.policies(project).await.is_empty(), "the policies end with it");
    let again = partner.call("projects/disable_backup", &form(&[("project", &id)])).await;
    assert_eq!(again.status, 409);
    assert_eq!(again.error().to_string(), "Backup already disabled for this project");

    partner.done("projects/save_backup_settings", &on).await;
    assert_ne!(partner.project(project).await.backup, Backup::Off, "the same bucket is opened again");
}

async fn a_directory_that_may_not_be_backed_up_is_told_at_its_field(app: &TestApp) {
    let partner = app.set_up().await;
    symlink("/etc", app.files().join("link-out")).unwrap();
    fs::write(app.files().join("a-file"), "").unwrap();
    let under_root = |name: &str| app.files().join(name).display().to_string();
    for (directory, told) in [
        (under_root("missing"), "does not exist"),
        ("/etc".to_owned(), "outside the directories allowed"),
        (under_root("link-out"), "leads out"),
        (under_root("../data"), "outside the directories allowed"),
        (under_root("a-file"), "is not a directory"),
        ("files".to_owned(), "must be an absolute path"),
        (String::new(), "is required"),
    ] {
        let errors = refused(app, &partner, &[("project_name", "web-shop"), ("directory", &directory)]).await;
        let message = errors.message_for("directory").unwrap_or_default();
        assert!(message.contains(told), "{directory}: {errors:?}");
    }
}

async fn where_enabling_fails_no_project_is_left(app: &TestApp) {
    let (partner, s3) = (app.set_up().await, app.s3().await);
    let credential = partner.add_credential(&s3).await;
    s3.shutdown().await;
    let (directory, id) = (app.files().display().to_string(), credential.id.to_string());
    let errors = refused(
        app,
        &partner,
        &[
            ("project_name", "web-shop"),
            ("directory", &directory),
            ("backup.enable_backup", "on"),
            ("backup.credential", &id),
        ],
    )
    .await;
    assert!(format!("{errors:?}").contains("does not accept connections"), "{errors:?}");
}

async fn a_name_is_unique_and_well_formed(app: &TestApp) {
    let partner = app.set_up().await;
    let directory = app.files().display().to_string();
    for bad in ["ab", "Web-Shop", "-shop", "web shop", &"a".repeat(31)] {
        let errors = refused(app, &partner, &[("project_name", bad), ("directory", &directory)]).await;
        assert!(errors.message_for("project_name").is_some(), "{bad}: {errors:?}");
    }
    partner.add_project("web-shop", &app.files(), None).await;
    let again = form(&[("project_name", "web-shop"), ("directory", &directory)]);
    let errors = partner.call("projects/create", &again).await.form_errors();
    assert!(errors.message_for("project_name").is_some(), "{errors:?}");
}

/// Sends a form that must be refused with nothing stored.
async fn refused(app: &TestApp, browser: &Browser, fields: &[(&str, &str)]) -> FormErrors {
    let errors = browser.call("projects/create", &form(fields)).await.form_errors();
    assert!(app.column("project", "name").await.is_empty(), "nothing is stored");
    errors
}

async fn a_locked_project_changes_nothing(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let named = form(&[("project", &project.to_string())]);
    partner.done("projects/lock", &named).await;
    assert_eq!(partner.call("projects/lock", &named).await.error().to_string(), "Project already locked");
    let policy = form(&[("policy", &policy.to_string())]);
    for (function, fields) in
        [("projects/disable_backup", &named), ("projects/save_backup_settings", &named), ("policies/delete", &policy)]
    {
        let refused = partner.call(function, fields).await;
        assert_eq!(refused.status, 409, "{function}: {}", refused.text());
        assert!(refused.error().to_string().contains("locked"), "{function}");
    }
    let offered = async || {
        let page = partner.get(&format!("/projects/{project}/policies?tab=schedules")).await.text();
        (page.contains("Run Now"), page.contains("dialog=delete"), page.contains("This project is locked"))
    };
    assert_eq!(offered().await, (true, false, true), "what would be refused is not offered");
    partner.done("policies/run_now", &policy).await;
    partner.done("projects/unlock", &named).await;
    assert_eq!(offered().await, (true, true, false));
    assert_eq!(partner.call("projects/unlock", &named).await.error().to_string(), "Project already unlocked");
}

async fn a_project_is_deleted_by_its_name_and_its_backups_where_that_is_ticked(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    partner.backup_now(project, policy).await;
    assert!(packs(app) > 0);
    let id = project.to_string();
    let wrong = form(&[("project", id.as_str()), ("confirm_name", "web"), ("delete_backups", "on")]);
    assert!(partner.call("projects/delete", &wrong).await.form_errors().message_for("confirm_name").is_some());
    let right = form(&[("project", id.as_str()), ("confirm_name", "web-shop"), ("delete_backups", "on")]);
    partner.done("projects/delete", &right).await;
    assert_eq!(partner.projects().await.page.total, 0);
    until(Duration::from_secs(20), async || packs(app), |packs| *packs == 0).await;
}

/// Packs of repositories in the S3 server's folder.
fn packs(app: &TestApp) -> usize {
    let tree = files::tree(&app.folder().join("s3"));
    let is_pack = |(path, entry): &(&Vec<u8>, &Entry)| {
        matches!(entry, Entry::File { .. }) && String::from_utf8_lossy(path).contains("/data/")
    };
    tree.iter().filter(is_pack).count()
}

/// What the form of the list sends.
fn many(deed: &str, projects: &[ProjectId]) -> Vec<(String, String)> {
    let ids: Vec<String> = projects.iter().map(ToString::to_string).collect();
    form(&[("deed", deed)]).into_iter().chain(ids.iter().flat_map(|id| form(&[("projects.", id)]))).collect()
}

async fn many_projects_are_changed_at_once(app: &TestApp) {
    let (partner, shop) = app.backed_up_project().await;
    let credential = partner.credentials().await.remove(0);
    let blog = partner.add_project("blog", &app.files_of("acme"), Some(&credential)).await;
    let bare = partner.add_project("bare", &app.files_of("acme"), None).await;
    for project in [shop, blog] {
        partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    }
    let all = [shop, blog, bare];
    let act = async |deed: &str| partner.done("projects/act_on_many", &many(deed, &all)).await.message;

    assert_eq!(act("lock").await, "3 projects locked");
    assert_eq!(act("lock").await, "0 projects locked. 3 were so already");
    let paused = partner.call("projects/act_on_many", &many("pause", &all)).await;
    let told = paused.form_errors().summary;
    assert!(paused.status == 422 && told.starts_with("Not done: ") && told.contains("web-shop: "), "{told}");
    assert!(partner.projects().await.page.rows.iter().all(|row| row.locked));
    assert_eq!(act("unlock").await, "3 projects unlocked");

    assert_eq!(act("pause").await, "2 policies paused. Not done: bare: It has no policy");
    assert!(partner.policies(blog).await.iter().all(|policy| policy.next_run.is_none()));
    assert_eq!(act("resume").await, "2 policies resumed. Not done: bare: It has no policy");
    assert_eq!(act("back_up_now").await, "2 backups queued. Not done: bare: It has no policy");
    for project in [shop, blog] {
        partner.newest_backup(project, TIMEOUT, |row| row.phase == BackupPhase::Completed).await;
    }

    for wrong in [many("lock", &[]), many("delete", &all)] {
        let refused = partner.call("projects/act_on_many", &wrong).await;
        assert!(refused.form_errors().message_for("deed").is_some());
    }
    // Of another organization's nothing is done, nor to those beside it.
    app.organization("globex").await;
    let neighbour = app.person(Role::Manager, "globex").await;
    let own = neighbour.add_project("own", &app.files_of("globex"), None).await;
    let mixed = neighbour.call("projects/act_on_many", &many("lock", &[own, shop])).await;
    assert_eq!(mixed.status, 404, "{}", mixed.text());
    assert!(!neighbour.projects().await.page.rows[0].locked);
}
