//! What people do, each as one call.

use std::{path::Path, time::Duration};

use embedded_s3::EmbeddedS3;
use model::{
    backup::{BackupRow, BrowseQuery, BrowseView},
    credential::{CredentialList, CredentialRow},
    ids::{BackupId, PolicyId, ProjectId},
    list::{ListQuery, Page},
    maintenance::{MaintenanceKind, MaintenanceRow, RepositoryView},
    notification::{ChannelList, ChannelRow, DeliveryRow},
    policy::PolicyRow,
    project::{ProjectList, ProjectView},
    restore::RestoreRow,
};
use serde_json::json;
use tokio::time::{Instant, interval};

use super::{
    Browser,
    app::{ACCESS_KEY, SECRET_KEY},
    form,
};

/// How long a run may take that has hardly anything to do.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// The add form of a credential, filled in for the embedded server.
pub fn credential_form<'a>(endpoint: &'a str, secret_key: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("s3_name", "Main S3"),
        ("access_key_id", ACCESS_KEY),
        ("secret_key", secret_key),
        ("endpoint", endpoint),
        ("region", embedded_s3::REGION),
    ]
}

/// What signs the webhooks of the tests.
pub const SIGNING_SECRET: &str = "signing-secret-0123456789";

/// The add form of a webhook that is told everything.
pub fn webhook_form<'a>(name: &'a str, url: &'a str) -> [(&'a str, &'a str); 9] {
    [
        ("name", name),
        ("kind", "webhook"),
        ("webhook_url", url),
        ("signing_secret", SIGNING_SECRET),
        ("failure", "on"),
        ("recovery", "on"),
        ("overdue", "on"),
        ("damage", "on"),
        ("digest", "on"),
    ]
}

impl Browser {
    pub async fn add_credential(&self, s3: &EmbeddedS3) -> CredentialRow {
        self.done("credentials/add", &form(&credential_form(s3.endpoint().as_str(), SECRET_KEY))).await;
        self.credentials().await.into_iter().next_back().unwrap()
    }

    pub async fn credentials(&self) -> Vec<CredentialRow> {
        let query = ListQuery { sort: "id".to_owned(), ..ListQuery::default() };
        let list: CredentialList = self.read("credentials/list", &json!({ "query": query })).await;
        list.page.rows
    }

    /// Creates a project of a directory, with backup switched on where a credential is given.
    pub async fn add_project(&self, name: &str, directory: &Path, credential: Option<&CredentialRow>) -> ProjectId {
        let directory = directory.display().to_string();
        let mut fields = form(&[("project_name", name), ("source", "directory"), ("directory", &directory)]);
        if let Some(credential) = credential {
            let id = credential.id.to_string();
            fields.extend(form(&[("backup.enable_backup", "on"), ("backup.credential", &id)]));
        }
        self.done("projects/create", &fields).await;
        let projects = self.projects().await.page.rows;
        projects.iter().find(|project| project.name == name).unwrap().id
    }

    pub async fn projects(&self) -> ProjectList {
        self.read("projects/list", &json!({ "query": ListQuery::default() })).await
    }

    /// What is known of a project's repository.
    pub async fn repository(&self, project: ProjectId) -> RepositoryView {
        self.read("maintenance/get", &json!({ "project": project })).await
    }

    /// The newest maintenance of a kind, once it has ended.
    pub async fn maintained(&self, project: ProjectId, kind: MaintenanceKind) -> MaintenanceRow {
        let newest = async || self.repository(project).await.runs.into_iter().find(|run| run.kind == kind);
        let ended = |run: &Option<MaintenanceRow>| run.as_ref().is_some_and(|run| !run.phase.is_active());
        until(TIMEOUT, newest, ended).await.unwrap()
    }

    pub async fn project(&self, project: ProjectId) -> ProjectView {
        self.read("projects/get", &json!({ "project": project })).await
    }

    /// Adds a policy with everything included.
    pub async fn add_policy(&self, project: ProjectId, name: &str, cron: &str) -> PolicyId {
        self.add_policy_in(project, name, cron, "UTC").await
    }

    pub async fn add_policy_in(&self, project: ProjectId, name: &str, cron: &str, time_zone: &str) -> PolicyId {
        let fields = [
            ("project", project.to_string()),
            ("name", name.to_owned()),
            ("cron_period", "custom".to_owned()),
            ("cron_expression", cron.to_owned()),
            ("time_zone", time_zone.to_owned()),
            ("retention", "720h".to_owned()),
            ("include", "**".to_owned()),
        ];
        let fields: Vec<_> = fields.iter().map(|(field, value)| (*field, value.as_str())).collect();
        self.done("policies/add", &form(&fields)).await;
        self.policies(project).await.iter().find(|policy| policy.name == name).unwrap().id
    }

    pub async fn policies(&self, project: ProjectId) -> Vec<PolicyRow> {
        self.read("policies/list", &json!({ "project": project })).await
    }

    pub async fn add_channel(&self, fields: &[(&str, &str)]) -> ChannelRow {
        self.done("notifications/add_channel", &form(fields)).await;
        let name = fields.iter().find(|(field, _)| *field == "name").unwrap().1;
        self.channel(name).await
    }

    pub async fn channel(&self, name: &str) -> ChannelRow {
        self.channels().await.into_iter().find(|channel| channel.name == name).unwrap()
    }

    pub async fn channels(&self) -> Vec<ChannelRow> {
        let list: ChannelList = self.read("notifications/list_channels", &json!({ "organization": null })).await;
        list.rows
    }

    /// What was told, newest first.
    pub async fn deliveries(&self) -> Vec<DeliveryRow> {
        let query = ListQuery { per_page: 100, ..ListQuery::default() };
        let page: Page<DeliveryRow> = self.read("notifications/list_deliveries", &json!({ "query": query })).await;
        page.rows
    }

    /// Queues a backup and returns it when it has ended.
    pub async fn backup_now(&self, project: ProjectId, policy: PolicyId) -> BackupRow {
        self.done("policies/run_now", &form(&[("policy", &policy.to_string())])).await;
        let queued = self.backups(project).await.remove(0);
        self.backup_when(project, queued.id, |backup| !backup.phase.is_active()).await
    }

    /// Newest first.
    pub async fn backups(&self, project: ProjectId) -> Vec<BackupRow> {
        let page: Page<BackupRow> =
            self.read("backups/list", &json!({ "project": project, "query": ListQuery::default() })).await;
        page.rows
    }

    /// The backup as soon as it is as wanted.
    pub async fn backup_when(
        &self,
        project: ProjectId,
        backup: BackupId,
        wanted: impl Fn(&BackupRow) -> bool,
    ) -> BackupRow {
        let found = async || self.backups(project).await.into_iter().find(|row| row.id == backup).unwrap();
        until(TIMEOUT, found, wanted).await
    }

    /// The newest backup as soon as there is one that is as wanted.
    pub async fn newest_backup(
        &self,
        project: ProjectId,
        patience: Duration,
        wanted: impl Fn(&BackupRow) -> bool,
    ) -> BackupRow {
        let newest = async || self.backups(project).await.into_iter().next();
        until(patience, newest, |backup| backup.as_ref().is_some_and(&wanted)).await.unwrap()
    }

    pub async fn browse(&self, project: ProjectId, backup: BackupId, path: &str, search: &str) -> BrowseView {
        let query =
            BrowseQuery { project, backup, path: path.to_owned(), search: search.to_owned(), page: 0, per_page: 0 };
        self.read("backups/browse", &json!({ "query": query })).await
    }

    /// Restores into a directory, and returns the restore when it has ended.
    pub async fn restore(&self, project: ProjectId, backup: BackupId, paths: &str, directory: &Path) -> RestoreRow {
        self.restore_as("test-restore", (project, backup), paths, directory).await
    }

    /// The same under another name, where there is one of that name already.
    pub async fn restore_as(
        &self,
        name: &str,
        (project, backup): (ProjectId, BackupId),
        paths: &str,
        directory: &Path,
    ) -> RestoreRow {
        let (backup, directory) = (backup.to_string(), directory.display().to_string());
        let fields = form(&[
            ("backup", &backup),
            ("restore_name", name),
            ("paths", paths),
            ("target", "directory"),
            ("target_directory", &directory),
            ("on_conflict", "skip"),
        ]);
        self.done("restores/add", &fields).await;
        self.newest_restore(project).await
    }

    /// The newest restore, when it has ended.
    pub async fn newest_restore(&self, project: ProjectId) -> RestoreRow {
        let newest = async || self.restores(project).await.remove(0);
        until(TIMEOUT, newest, |restore| !restore.phase.is_active()).await
    }

    /// Newest first.
    pub async fn restores(&self, project: ProjectId) -> Vec<RestoreRow> {
        let page: Page<RestoreRow> =
            self.read("restores/list", &json!({ "project": project, "query": ListQuery::default() })).await;
        page.rows
    }
}

/// Looks again and again until what is found is as wanted.
pub async fn until<T: std::fmt::Debug>(
    patience: Duration,
    look: impl AsyncFn() -> T,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let mut looks = interval(Duration::from_millis(100));
    let end = Instant::now() + patience;
    loop {
        looks.tick().await;
        let found = look().await;
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < end, "after {patience:?} it is still {found:?}");
    }
}
