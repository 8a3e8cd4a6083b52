//! Completed means that all is there that was asked for, and that it opens.

use std::{fs, path::PathBuf, time::Duration};

use model::{
    backup::{BackupPhase, BackupRow},
    maintenance::{DamagedKind, Health, MaintenanceKind},
    project::Backup,
};

use crate::support::{
    Browser, TestApp,
    deeds::until,
    files::{self, Entry},
    form, on_both_databases,
};

on_both_databases!(
    a_pattern_that_matches_nothing_is_named,
    what_was_missing_is_named_after_taking_over_too,
    a_policy_leaves_out_caches_and_large_files,
    a_repository_without_its_keys_is_damaged_and_repaired,
    a_place_inside_another_repository_is_refused,
);

const A_WHILE: Duration = Duration::from_secs(90);

impl Browser {
    /// Adds a policy that never comes due, with some fields otherwise, and makes a backup of it.
    async fn backup_with(&self, project: model::ids::ProjectId, fields: &[(&str, &str)]) -> BackupRow {
        let id = project.to_string();
        let mut all = vec![
            ("project", id.as_str()),
            ("name", "rare"),
            ("cron_period", "custom"),
            ("cron_expression", "0 0 29 2 *"),
            ("time_zone", "UTC"),
            ("retention", "720h"),
            ("include", "**"),
        ];
        all.retain(|(field, _)| fields.iter().all(|(other, _)| other != field));
        all.extend(fields);
        self.done("policies/add", &form(&all)).await;
        let policy = self.policies(project).await.remove(0).id;
        self.backup_now(project, policy).await
    }
}

async fn a_pattern_that_matches_nothing_is_named(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let backup = partner.backup_with(project, &[("include", "README.md\nDocuments/**")]).await;
    assert_eq!(backup.phase, BackupPhase::PartiallyFailed, "{backup:?}");
    assert_eq!(backup.unmatched, ["Documents/**"]);
    assert!(backup.cause.unwrap().contains("The pattern Documents/** matched nothing"));
    let page = partner.get(&format!("/projects/{project}/policies?tab=backups&dialog=describe&id={}", backup.id)).await;
    assert!(page.text().contains("Documents/**"));
}

/// The process died after the snapshot was written and before the row was settled.
async fn what_was_missing_is_named_after_taking_over_too(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let backup = partner.backup_with(project, &[("include", "README.md\nDocuments/**")]).await;
    let snapshot = backup.snapshot.clone().unwrap();
    app.execute(&format!(
        "UPDATE backup SET phase = 'Queued', attempt = 2, snapshot = NULL, files = NULL, bytes = NULL, unmatched = '[]', \
         cause = NULL WHERE id = {}",
        backup.id
    ))
    .await;
    let again = partner.backup_when(project, backup.id, |row| !row.phase.is_active()).await;
    assert_eq!(again.snapshot, Some(snapshot), "the same one was found");
    assert_eq!((again.phase, again.files, again.size), (BackupPhase::PartiallyFailed, backup.files, backup.size));
    assert_eq!((again.unmatched, again.cause), (backup.unmatched, backup.cause));
}

async fn a_policy_leaves_out_caches_and_large_files(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let cache = app.source().join("cache");
    fs::create_dir(&cache).unwrap();
    fs::write(cache.join("CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n").unwrap();
    fs::write(cache.join("thumbnail"), "cached").unwrap();
    files::write_large(&app.source().join("video"), 2);
    let huge = form(&[("project", &project.to_string()), ("exclude_larger_than", "huge")]);
    let refused = partner.call("policies/add", &huge);
    let message = refused.await.form_errors().message_for("exclude_larger_than").unwrap().to_owned();
    assert_eq!(message, "Exclude Larger Than must be a size such as 500 MiB or 2 GiB");
    let limits = [("exclude_caches", "on"), ("one_file_system", "on"), ("exclude_larger_than", "1 MiB")];
    let backup = partner.backup_with(project, &limits).await;
    assert_eq!(backup.phase, BackupPhase::Completed, "{backup:?}");
    assert_eq!(backup.too_large, (1, 2 << 20));
    let found = |search: &'static str| {
        let partner = partner.clone();
        async move { partner.browse(project, backup.id, "", search).await.total }
    };
    assert_eq!((found("CACHEDIR.TAG").await, found("thumbnail").await, found("video").await), (1, 0, 0));
}

/// The stored files below that folder of a repository.
fn stored(app: &TestApp, folder: &str) -> Vec<PathBuf> {
    let root = app.folder().join("s3");
    let tree = files::tree(&root);
    let found = tree.iter().filter_map(|(path, entry)| {
        let path = String::from_utf8_lossy(path).into_owned();
        (matches!(entry, Entry::File { .. }) && path.contains(&format!("/{folder}/"))).then(|| root.join(path))
    });
    found.collect()
}

async fn a_repository_without_its_keys_is_damaged_and_repaired(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let backup = partner.backup_with(project, &[]).await;
    assert_eq!(backup.phase, BackupPhase::Completed);
    let keys = stored(app, "keys");
    assert_eq!(keys.len(), 1);
    fs::remove_file(&keys[0]).unwrap();

    let policy = partner.policies(project).await[0].id;
    let failed = partner.backup_now(project, policy).await;
    assert_eq!(failed.phase, BackupPhase::Failed, "{failed:?}");
    assert!(failed.cause.as_deref().unwrap().contains("keys/"), "{failed:?}");
    let state = async || partner.repository(project).await.repository.unwrap();
    let damaged = until(A_WHILE, state, |state| state.health == Health::Damaged).await;
    assert!(damaged.damaged.iter().any(|file| file.kind == DamagedKind::Key), "{damaged:?}");

    partner.done("maintenance/repair", &form(&[("project", &project.to_string())])).await;
    partner.maintained(project, MaintenanceKind::Repair).await;
    until(A_WHILE, state, |state| state.health == Health::Sound).await;
    assert_eq!(stored(app, "keys").len(), 1, "the key lies in the bucket again");
}

async fn a_place_inside_another_repository_is_refused(app: &TestApp) {
    let (partner, project) = app.backed_up_project().await;
    let Backup::On { credential, bucket, .. } = partner.project(project).await.backup else { panic!("backup is on") };
    let place = |name: &str, prefix: &str| {
        let directory = app.source().display().to_string();
        form(&[
            ("project_name", name),
            ("directory", &directory),
            ("backup.enable_backup", "on"),
            ("backup.credential", &credential.to_string()),
            ("backup.bucket", "existing"),
            ("backup.bucket_name", &bucket),
            ("backup.prefix", prefix),
        ])
    };
    for prefix in ["snapshots", "data", "keys/deep", "index"] {
        let errors = partner.call("projects/create", &place("inside", prefix)).await.form_errors();
        let message = errors.message_for("backup.prefix").unwrap_or_else(|| panic!("{prefix}: {errors:?}"));
        assert!(message.contains("would lie inside each other"), "{prefix}: {message}");
    }
    partner.done("projects/create", &place("beside", "beside")).await;
    let errors = partner.call("projects/create", &place("below", "beside/data")).await.form_errors();
    assert!(errors.message_for("backup.prefix").is_some(), "{errors:?}");
}
