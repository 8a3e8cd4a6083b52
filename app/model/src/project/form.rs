//! What forms say of projects.

use serde::{Deserialize, Serialize};

use super::{BucketChoice, BucketName, DirectoryPath, EnableBackup, NewSource, Prefix};
use crate::{
    credential::optional_id,
    database::ConnectionUrl,
    form::{FormCheck, FormErrors, Ticked},
    ids::{OrganizationId, ProjectId},
    names::{Hidden, ProjectName},
    rule::RuleError,
};

/// The fields that choose where backups go; part of the add form and of Settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupFields {
    pub enable_backup: Ticked,
    pub credential: String,
    /// `create` or `existing`; empty means the bucket in use, or else `create`.
    pub bucket: String,
    pub bucket_name: String,
    pub prefix: String,
}

impl BackupFields {
    /// The choice, where the switch is on.
    fn parse(&self, check: &mut FormCheck) -> Option<EnableBackup> {
        if !self.enable_backup.0 {
            return None;
        }
        let credential = check.field("backup.credential", required_id(&self.credential, "Backup Credentials"));
        let bucket = match self.bucket.as_str() {
            "" => Some(None),
            "create" => Some(Some(BucketChoice::Create)),
            "existing" => {
                let bucket = check.field("backup.bucket_name", BucketName::parse(&self.bucket_name));
                let prefix = check.field("backup.prefix", Prefix::parse(self.prefix.trim().trim_matches('/')));
                bucket.zip(prefix).map(|(bucket, prefix)| Some(BucketChoice::Existing { bucket, prefix }))
            }
            _ => {
                check.fail("backup.bucket", RuleError::Unlisted { field: "Bucket" });
                None
            }
        };
        Some(EnableBackup { credential: credential?, bucket: bucket? })
    }
}

fn required_id<T: std::str::FromStr>(text: &str, field: &'static str) -> Result<T, RuleError> {
    optional_id(text, field)?.ok_or(RuleError::Missing { field })
}

/// The add form, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectForm {
    pub project_name: String,
    /// A Partner's choice; empty means the own organization.
    pub organization: String,
    /// `directory` or `postgresql`; empty means a directory.
    pub source: String,
    pub directory: String,
    /// The node that has the directory; empty means the one that serves the page.
    pub node: String,
    pub connection_url: Hidden,
    pub backup: BackupFields,
}

/// An add form that is in order.
#[derive(Clone, Debug)]
pub struct NewProject {
    pub name: ProjectName,
    pub organization: Option<OrganizationId>,
    pub source: NewSource,
    pub node: Option<String>,
    pub backup: Option<EnableBackup>,
}

impl ProjectForm {
    pub fn parse(&self) -> Result<NewProject, FormErrors> {
        let mut check = FormCheck::default();
        let name = check.field("project_name", ProjectName::parse(&self.project_name));
        let organization = check.field("organization", optional_id(&self.organization, "Organization"));
        let source = match self.source.as_str() {
            "" | "directory" => {
                check.field("directory", DirectoryPath::parse(&self.directory)).map(NewSource::Directory)
            }
            "postgresql" => {
                check.field("connection_url", ConnectionUrl::parse(&self.connection_url)).map(NewSource::Postgres)
            }
            _ => check.field("source", Err(RuleError::Unlisted { field: "Source" })),
        };
        let backup = self.backup.parse(&mut check);
        let node = Some(self.node.trim().to_owned()).filter(|node| !node.is_empty());
        let new = (|| Some(NewProject { name: name?, organization: organization?, source: source?, node, backup }))();
        check.finish(new)
    }
}

/// The backup part of a project's Settings, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupSettingsForm {
    pub project: String,
    pub backup: BackupFields,
}

impl BackupSettingsForm {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        required_id(&self.project, "Project")
    }

    /// The choice; `None` where the switch is off.
    pub fn parse(&self) -> Result<Option<EnableBackup>, FormErrors> {
        let mut check = FormCheck::default();
        let choice = self.backup.parse(&mut check);
        check.finish(Some(choice))
    }
}

/// Gives a project to another node.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MoveProjectForm {
    pub project: String,
    pub node: String,
}

impl MoveProjectForm {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        required_id(&self.project, "Project")
    }
}

/// A form that names a project and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectRef {
    pub project: String,
}

impl ProjectRef {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        required_id(&self.project, "Project")
    }
}

/// The password, asked for once more before the recovery kit is given out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecoveryKitForm {
    pub project: String,
    pub password: Hidden,
}

impl RecoveryKitForm {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        required_id(&self.project, "Project")
    }
}

/// The question whether a project shall be deleted, answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeleteProjectForm {
    pub project: String,
    /// The project's name, typed.
    pub confirm_name: String,
    /// Its backups in the bucket shall go too.
    pub delete_backups: Ticked,
}

impl DeleteProjectForm {
    pub fn project(&self) -> Result<ProjectId, RuleError> {
        required_id(&self.project, "Project")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switched_off_backup_asks_for_nothing() {
        let form = BackupSettingsForm { project: "1".to_owned(), ..BackupSettingsForm::default() };
        assert_eq!(form.parse().unwrap(), None);
    }

    #[test]
    fn a_switched_on_backup_asks_for_credentials() {
        let backup = BackupFields { enable_backup: Ticked(true), ..BackupFields::default() };
        let form = BackupSettingsForm { project: "1".to_owned(), backup };
        assert_eq!(form.parse().unwrap_err().message_for("backup.credential"), Some("Backup Credentials is required"));
    }

    #[test]
    fn the_chosen_source_alone_is_asked_for() {
        let form = ProjectForm {
            project_name: "shop".to_owned(),
            source: "postgresql".to_owned(),
            connection_url: Hidden::new("postgresql://me:s3cret@db/shop"),
            ..ProjectForm::default()
        };
        assert_eq!(form.parse().unwrap().source.shown().location(), "postgresql://me@db:5432/shop");
        let form = ProjectForm { connection_url: Hidden::default(), directory: "/srv".to_owned(), ..form };
        assert_eq!(form.parse().unwrap_err().message_for("connection_url"), Some("Connection URL is required"));
    }
}
