//! What forms say of projects.

use serde::{Deserialize, Serialize};

use super::{
    BucketChoice, BucketName, DirectoryPath, EnableBackup, Encryption, KmsKey, NewSource, ObjectOptions, Prefix,
};
use crate::{
    credential::optional_id,
    database::ConnectionUrl,
    form::{FormCheck, FormErrors, Ticked},
    ids::{OrganizationId, ProjectId, RemovalId},
    language::msgid,
    names::{Hidden, ProjectName},
    rule::RuleError,
    schedule::FIRST_PERIODS,
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
    /// S3's name of a storage class; empty: the bucket's own.
    pub storage_class: String,
    /// `AES256` or `aws:kms`; empty: as the bucket is set up.
    pub encryption: String,
    /// Empty: the key service's default one.
    pub kms_key: String,
    /// Opens the repository that is in an existing bucket already; empty: there is none, or one of Holdfast's own.
    pub repository_password: Hidden,
}

impl BackupFields {
    /// The choice, where the switch is on.
    fn parse(&self, check: &mut FormCheck) -> Option<EnableBackup> {
        if !self.enable_backup.0 {
            return None;
        }
        let credential = check.field("backup.credential", required_id(&self.credential, msgid("Backup Credentials")));
        let bucket = match self.bucket.as_str() {
            "" => Some(None),
            "create" => Some(Some(BucketChoice::Create)),
            "existing" => {
                let bucket = check.field("backup.bucket_name", BucketName::parse(&self.bucket_name));
                let prefix = check.field("backup.prefix", Prefix::parse(self.prefix.trim().trim_matches('/')));
                bucket.zip(prefix).map(|(bucket, prefix)| Some(BucketChoice::Existing { bucket, prefix }))
            }
            _ => {
                check.fail("backup.bucket", RuleError::Unlisted { field: msgid("Bucket") });
                None
            }
        };
        let objects = self.objects(check);
        let existing = self.bucket == "existing";
        let adopt = Some(&self.repository_password).filter(|typed| existing && !typed.expose().is_empty());
        Some(EnableBackup { credential: credential?, bucket: bucket?, objects: objects?, adopt: adopt.cloned() })
    }

    fn objects(&self, check: &mut FormCheck) -> Option<ObjectOptions> {
        let class = Some(self.storage_class.as_str()).filter(|class| !class.is_empty());
        let class = check.field("backup.storage_class", class.map(str::parse).transpose());
        // What was typed for another choice does not count.
        let key = Some(self.kms_key.trim()).filter(|key| !key.is_empty() && self.encryption == Encryption::SSE_KMS);
        let key = check.field("backup.kms_key", key.map(KmsKey::parse).transpose());
        let encryption = check.field("backup.encryption", Encryption::parse(&self.encryption, key?));
        Some(ObjectOptions { storage_class: class?, encryption: encryption? })
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
    /// Read where the switch is on.
    pub first: FirstPolicyFields,
}

/// The fields for the policy that a new project begins with.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstPolicyFields {
    /// One of the expressions of [`FIRST_PERIODS`]; empty makes no policy.
    pub cron_period: String,
    pub back_up_now: Ticked,
}

/// The policy that a new project begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPolicy {
    pub name: &'static str,
    pub cron_period: &'static str,
    pub back_up_now: bool,
}

impl FirstPolicyFields {
    fn parse(&self, check: &mut FormCheck) -> Option<FirstPolicy> {
        if self.cron_period.is_empty() {
            return None;
        }
        let found = FIRST_PERIODS.into_iter().find(|(expression, _)| *expression == self.cron_period);
        let found = found.ok_or(RuleError::Unlisted { field: msgid("Schedule") });
        let (cron_period, name) = check.field("first.cron_period", found)?;
        Some(FirstPolicy { name, cron_period, back_up_now: self.back_up_now.0 })
    }
}

/// An add form that is in order.
#[derive(Clone, Debug)]
pub struct NewProject {
    pub name: ProjectName,
    pub organization: Option<OrganizationId>,
    pub source: NewSource,
    pub node: Option<String>,
    pub backup: Option<EnableBackup>,
    /// Where backup is enabled.
    pub policy: Option<FirstPolicy>,
}

impl ProjectForm {
    pub fn parse(&self) -> Result<NewProject, FormErrors> {
        let mut check = FormCheck::default();
        let name = check.field("project_name", ProjectName::parse(&self.project_name));
        let organization = check.field("organization", optional_id(&self.organization, msgid("Organization")));
        let source = match self.source.as_str() {
            "" | "directory" => {
                check.field("directory", DirectoryPath::parse(&self.directory)).map(NewSource::Directory)
            }
            "postgresql" => {
                check.field("connection_url", ConnectionUrl::parse(&self.connection_url)).map(NewSource::Postgres)
            }
            _ => check.field("source", Err(RuleError::Unlisted { field: msgid("Source") })),
        };
        let backup = self.backup.parse(&mut check);
        let policy = backup.as_ref().and_then(|_| self.first.parse(&mut check));
        let node = Some(self.node.trim().to_owned()).filter(|node| !node.is_empty());
        let new =
            (|| Some(NewProject { name: name?, organization: organization?, source: source?, node, backup, policy }))();
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
        required_id(&self.project, msgid("Project"))
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
        required_id(&self.project, msgid("Project"))
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
        required_id(&self.project, msgid("Project"))
    }
}

/// A form that names the removal of a deleted project's backups and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RemovalRef {
    pub removal: String,
}

impl RemovalRef {
    pub fn removal(&self) -> Result<RemovalId, RuleError> {
        required_id(&self.removal, msgid("Project"))
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
        required_id(&self.project, msgid("Project"))
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
        required_id(&self.project, msgid("Project"))
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

    #[test]
    fn a_key_counts_for_the_encryption_that_has_one() {
        let objects = |class: &str, encryption: &str, key: &str| {
            let backup = BackupFields {
                enable_backup: Ticked(true),
                credential: "1".to_owned(),
                storage_class: class.to_owned(),
                encryption: encryption.to_owned(),
                kms_key: key.to_owned(),
                ..BackupFields::default()
            };
            let form = BackupSettingsForm { project: "1".to_owned(), backup };
            form.parse().map(|choice| choice.unwrap().objects)
        };
        let key = |text: &str| Some(KmsKey::parse(text).unwrap());
        let storage_class = None;
        for (encryption, typed, expected) in [
            ("", "alias/x", None),
            ("AES256", "alias/x", Some(Encryption::S3)),
            ("aws:kms", " ", Some(Encryption::Kms { key: None })),
            ("aws:kms", " alias/x ", Some(Encryption::Kms { key: key("alias/x") })),
        ] {
            let expected = ObjectOptions { storage_class, encryption: expected };
            assert_eq!(objects("", encryption, typed), Ok(expected), "{encryption}");
        }
        for (class, encryption, typed, field) in [
            ("DEEP_ARCHIVE", "", "", "backup.storage_class"),
            ("", "rot13", "", "backup.encryption"),
            ("", "aws:kms", "two words", "backup.kms_key"),
        ] {
            assert!(objects(class, encryption, typed).unwrap_err().message_for(field).is_some(), "{field}");
        }
    }
}
