//! PostgreSQL databases as sources.

use model::{
    backup::{BackupPhase, RestorePhase},
    ids::{BackupId, ProjectId},
    project::Source,
    restore::{RestoreRow, RestoredInto},
};
use test_postgres::{Database, PASSWORD, USER, cluster};

use crate::support::{Browser, TestApp, form, on_both_databases};

on_both_databases!(
    a_database_is_backed_up_and_restored,
    a_connection_that_does_not_work_is_told_at_its_field,
    a_dump_that_fails_is_no_backup,
    a_restore_fits_its_source,
);

/// A database with a table of a few rows.
fn shop() -> Database {
    let database = cluster().new_database();
    database.sql("CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, 500) n");
    database
}

fn orders(database: &Database) -> String {
    database.sql("SELECT count(*), md5(string_agg(note, '' ORDER BY id)) FROM orders")
}

async fn database_project(app: &TestApp, url: &str) -> (Browser, ProjectId) {
    let partner = app.set_up().await;
    let credential = partner.add_credential(app.own_s3().await).await.id.to_string();
    let fields = form(&[
        ("project_name", "shop-db"),
        ("source", "postgresql"),
        ("connection_url", url),
        ("backup.enable_backup", "on"),
        ("backup.credential", &credential),
    ]);
    partner.done("projects/create", &fields).await;
    let project = partner.projects().await.page.rows[0].id;
    (partner, project)
}

fn into<'a>(backup: &'a str, name: &'a str, target: [(&'a str, &'a str); 2]) -> Vec<(String, String)> {
    form(&[[("backup", backup), ("restore_name", name)], target].concat())
}

async fn restored(
    partner: &Browser,
    project: ProjectId,
    backup: BackupId,
    name: &str,
    target: [(&str, &str); 2],
) -> RestoreRow {
    partner.done("restores/add", &into(&backup.to_string(), name, target)).await;
    partner.newest_restore(project).await
}

async fn a_database_is_backed_up_and_restored(app: &TestApp) {
    let database = shop();
    let (partner, project) = database_project(app, &database.url()).await;
    let Source::Postgres(address) = partner.project(project).await.source else { panic!("a database") };
    assert_eq!((address.user.as_str(), address.database.as_str()), (USER, database.name.as_str()));
    let shown = format!("postgresql://{USER}@127.0.0.1:{}/{}", cluster().port(), database.name);
    let page = partner.get(&format!("/projects/{project}")).await.text();
    assert!(page.contains(&shown) && !page.contains(PASSWORD), "{page}");
    let sealed = !app.stores(PASSWORD) && !app.stores(&database.url());
    assert!(sealed, "the URL is nowhere in the clear");

    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await;
    assert_eq!((backup.phase, backup.cause.as_deref(), backup.files), (BackupPhase::Completed, None, Some(1)));
    let entries = partner.browse(project, backup.id, "", "").await.entries;
    assert_eq!((entries[0].name.clone(), Some(entries[0].size)), (format!("{}.dump", database.name), backup.size));

    let (before, copy) = (orders(&database), cluster().database(&format!("{}_copy", database.name)));
    let target = [("target", "new-database"), ("database_name", &copy.name)];
    let restore = restored(&partner, project, backup.id, "copy", target).await;
    assert_eq!((restore.phase, restore.cause), (RestorePhase::Completed, None));
    assert_eq!(restore.target, RestoredInto::NewDatabase(copy.name.clone()));
    assert_eq!(orders(&copy), before);
    let again = partner.call("restores/add", &into(&backup.id.to_string(), "again", target)).await.form_errors();
    assert!(again.message_for("database_name").unwrap_or_default().contains("exists"), "{again:?}");

    database.sql("DELETE FROM orders WHERE id > 10");
    let unconfirmed = into(&backup.id.to_string(), "back", [("target", "original-database"), ("confirm_name", "shop")]);
    let errors = partner.call("restores/add", &unconfirmed).await.form_errors();
    assert!(errors.message_for("confirm_name").is_some(), "{errors:?}");
    let target = [("target", "original-database"), ("confirm_name", &database.name)];
    let restore = restored(&partner, project, backup.id, "back", target).await;
    assert_eq!((restore.phase, restore.cause), (RestorePhase::Completed, None));
    assert_eq!(orders(&database), before);

    let kit = partner.recovery_kit(project).await.text();
    assert!(kit.contains("pg_restore") && !kit.contains(PASSWORD), "{kit}");
}

async fn a_connection_that_does_not_work_is_told_at_its_field(app: &TestApp) {
    let partner = app.set_up().await;
    let database = shop();
    let right = database.url();
    for (url, told) in [
        (right.replace("pass%2Fword", "wrong"), "does not accept the user"),
        (right.replace(&database.name, "no_such_database"), "does not exist"),
        (right.replace("127.0.0.1", "169.254.169.254"), "is not allowed on this installation"),
        (right.replace("127.0.0.1", "10.255.255.1"), "HOLDFAST_POSTGRES_ALLOW_NETWORKS"),
        (right.replace("127.0.0.1", "no-such-host.invalid"), "cannot be resolved"),
        (format!("{right}?sslmode=require"), "No secure connection"),
        (format!("{right}?passfile=/etc/shadow"), "not supported"),
        (database.socket_url(), "not supported"),
        ("shop".to_owned(), "must look like"),
        (String::new(), "is required"),
    ] {
        let fields = form(&[("project_name", "shop-db"), ("source", "postgresql"), ("connection_url", &url)]);
        let answer = partner.call("projects/create", &fields).await;
        let errors = answer.form_errors();
        let message = errors.message_for("connection_url").unwrap_or_default();
        assert!(message.contains(told), "{told}: {errors:?}");
        assert!(!answer.text().contains("wrong") && !answer.text().contains("word of the"), "{}", answer.text());
    }
    assert!(app.column("project", "name").await.is_empty(), "nothing is stored");
}

async fn a_dump_that_fails_is_no_backup(app: &TestApp) {
    let database = shop();
    let reader = format!("reader_of_{}", database.name);
    database.sql(&format!("CREATE ROLE {reader} LOGIN PASSWORD 'reads'; GRANT SELECT ON orders TO {reader}"));
    let (partner, project) = database_project(app, &database.url_of(&reader, "reads")).await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    database.sql("CREATE TABLE secret (id integer)");
    let failed = partner.backup_now(project, policy).await;
    assert_eq!((failed.phase, failed.snapshot), (BackupPhase::Failed, None));
    let cause = failed.cause.unwrap();
    assert!(cause.contains("may not read") && cause.contains("secret") && cause.contains("GRANT"), "{cause}");

    database.sql(&format!("GRANT SELECT ON secret TO {reader}"));
    // Less than until the failed one is tried again.
    app.pass(30);
    assert_eq!(partner.backup_now(project, policy).await.phase, BackupPhase::Completed);
}

async fn a_restore_fits_its_source(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let policy = partner.add_policy(project, "nightly", "0 0 29 2 *").await;
    let backup = partner.backup_now(project, policy).await.id.to_string();
    for target in
        [[("target", "new-database"), ("database_name", "x")], [("target", "original-database"), ("confirm_name", "")]]
    {
        let errors = partner.call("restores/add", &into(&backup, "wrong", target)).await.form_errors();
        assert!(errors.message_for("target").is_some(), "{errors:?}");
    }
}
