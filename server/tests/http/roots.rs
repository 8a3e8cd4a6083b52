//! Directories belong to organizations.

use std::fs;

use model::people::Role;
use server::{
    config::{Config, Key},
    startup::Application,
};
use services::{Clock, SourceRoot};

use crate::support::{
    TestApp,
    app::{Database, ORGANIZATION, setup_form},
    form, on_both_databases,
    program::Program,
};

on_both_databases!(
    another_organizations_directory_is_neither_source_nor_target,
    an_organization_that_a_root_names_keeps_its_name,
    forms_name_the_own_roots,
);

async fn another_organizations_directory_is_neither_source_nor_target(app: &TestApp) {
    let (_, project) = app.backed_up_project().await;
    app.organization("globex").await;
    let (manager, neighbour) =
        (app.person(Role::Manager, ORGANIZATION).await, app.person(Role::Manager, "globex").await);
    let theirs = app.files_of("globex");
    fs::write(theirs.join("theirs.txt"), "theirs").unwrap();
    let create =
        |directory: String| form(&[("project_name", "spy"), ("source", "directory"), ("directory", &directory)]);
    for directory in [theirs.clone(), app.files().join("../globex"), app.folder().to_owned()] {
        let directory = directory.display().to_string();
        let refused = manager.call("projects/create", &create(directory.clone())).await;
        assert_eq!(refused.status, 422, "{directory}");
        assert!(refused.form_errors().message_for("directory").is_some(), "{directory}");
    }
    neighbour.done("projects/create", &create(theirs.display().to_string())).await;

    let policy = manager.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = manager.backup_now(project, policy).await;
    let target = theirs.join("restored").display().to_string();
    let restore = form(&[
        ("backup", &backup.id.to_string()),
        ("project", &project.to_string()),
        ("restore_name", "theft"),
        ("target", "directory"),
        ("target_directory", &target),
        ("on_conflict", "skip"),
    ]);
    let refused = manager.call("restores/add", &restore).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.form_errors().message_for("target_directory").is_some(), "{}", refused.text());
    assert_eq!(fs::read_dir(&theirs).unwrap().count(), 1, "nothing was written there");
}

async fn an_organization_that_a_root_names_keeps_its_name(app: &TestApp) {
    let partner = app.set_up().await;
    let rename = |name: &str| form(&[("organization", "1"), ("name", name), ("time_zone", "UTC")]);
    let refused = partner.call("organizations/update", &rename("another")).await;
    assert!(refused.status == 409 && refused.text().contains("HOLDFAST_SOURCE_ROOTS"), "{}", refused.text());
    partner.done("organizations/update", &rename(&ORGANIZATION.to_uppercase())).await;
    partner.add_project("web-shop", &app.files(), None).await;
}

async fn forms_name_the_own_roots(app: &TestApp) {
    let partner = app.set_up().await;
    app.organization("globex").await;
    let neighbour = app.person(Role::Manager, "globex").await;
    let page = neighbour.get("/projects?dialog=add").await.text();
    let (ours, theirs) = (app.files_of("globex").display().to_string(), app.files().display().to_string());
    assert!(page.contains(&ours) && !page.contains(&theirs), "{page}");
    let page = partner.get("/projects?dialog=add").await.text();
    assert!(
        page.contains(&format!("{theirs} ({ORGANIZATION})")) && page.contains(&format!("{ours} (globex)")),
        "{page}"
    );
}

/// A root of nobody in particular is the one organization's, and no second one can come beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_root_without_a_name_is_for_one_organization() {
    let app = TestApp::spawn(Database::Sqlite).await;
    let unnamed = SourceRoot { organization: None, directory: app.files() };
    let config = Config { source_roots: vec![unnamed], ..app.config.clone() };
    let partner = app.set_up().await;
    let node = Application::build_with_clock(&config, Clock::system()).await.unwrap();
    let elsewhere = partner.moved_to(node.address());
    let serving = tokio::spawn(node.run_until(std::future::pending()));
    elsewhere.add_project("web-shop", &app.files(), None).await;
    let refused = elsewhere.call("organizations/add", &form(&[("name", "globex"), ("time_zone", "UTC")])).await;
    assert!(refused.status == 409 && refused.text().contains("HOLDFAST_SOURCE_ROOTS"), "{}", refused.text());

    // Another node, with other settings, adds it all the same: the root is nobody's then.
    app.organization("globex").await;
    let create =
        form(&[("project_name", "more"), ("source", "directory"), ("directory", &app.files().display().to_string())]);
    assert_eq!(elsewhere.call("projects/create", &create).await.status, 422);
    serving.abort();
    let Err(refused) = Application::build_with_clock(&config, Clock::system()).await else { panic!("it started") };
    let told = refused.to_string();
    for words in ["HOLDFAST_SOURCE_ROOTS", "acme, globex", &format!("acme={}", app.files().display())] {
        assert!(told.contains(words), "{told}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_of_an_unknown_organization_is_no_reason_not_to_start() {
    let app = TestApp::spawn_with(Database::Sqlite, &[(Key::SourceRoots, "nobody-yet=/srv")]).await;
    app.set_up().await;
    app.stop().await;
}

/// A root above the data folder is a mistake that must not give the master key away.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_holdfasts_own_is_never_backed_up_nor_restored_over() {
    let program = Program::new();
    let root = program.folder().canonicalize().unwrap();
    let program = program.with("HOLDFAST_SOURCE_ROOTS", &format!("{ORGANIZATION}={}", root.display()));
    let s3 = program.s3().await;
    let running = program.serve();
    let partner = running.browser();
    partner.done("session/set_up", &setup_form()).await;
    let credential = partner.add_credential(&s3).await;
    fs::write(root.join("files/ours.txt"), "ours").unwrap();
    fs::hard_link(root.join("data/master.key"), root.join("files/innocent.txt")).unwrap();

    for directory in [root.join("data"), root.join("files/../data")] {
        let create =
            form(&[("project_name", "keys"), ("source", "directory"), ("directory", &directory.display().to_string())]);
        let refused = partner.call("projects/create", &create).await;
        assert!(refused.form_errors().message_for("directory").is_some(), "{}", directory.display());
    }
    let project = partner.add_project("all", &root, Some(&credential)).await;
    let policy = form(&[
        ("project", &project.to_string()),
        ("name", "nightly"),
        ("cron_period", "custom"),
        ("cron_expression", "0 0 29 2 *"),
        ("time_zone", "UTC"),
        ("retention", "720h"),
        ("include", "**"),
        ("exclude", "s3"),
    ]);
    partner.done("policies/add", &policy).await;
    let policy = partner.policies(project).await[0].id;
    let backup = partner.backup_now(project, policy).await;
    let at = |path: &str| format!("/projects/{project}/backups/{}/download?path={path}", backup.id);
    assert_eq!(partner.get(&at("/files/ours.txt")).await.text(), "ours");
    for path in ["/data/master.key", "/data/holdfast.db", "/files/innocent.txt"] {
        assert_eq!(partner.get(&at(path)).await.status, 404, "{path}");
    }
    assert!(backup.cause.as_deref().is_some_and(|cause| cause.contains("left out")), "it is told: {:?}", backup.cause);

    let over = form(&[
        ("backup", &backup.id.to_string()),
        ("project", &project.to_string()),
        ("restore_name", "over"),
        ("target", "directory"),
        ("target_directory", &root.join("data/restored").display().to_string()),
        ("on_conflict", "overwrite"),
    ]);
    let refused = partner.call("restores/add", &over).await.form_errors();
    assert!(refused.message_for("target_directory").is_some(), "{refused:?}");
}
