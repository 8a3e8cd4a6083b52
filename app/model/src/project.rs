//! Projects, their source, and whether they are backed up.

mod form;
mod objects;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    backup::BackupPhase,
    credential::{CredentialChoice, OrganizationChoice},
    database::{ConnectionUrl, DatabaseAddress},
    ids::{BackupId, CredentialId, ProjectId},
    language::msgid,
    list::Page,
    maintenance::Health,
    names::{Hidden, name, no_control_characters},
    rule::{RuleError, length},
};

pub use self::form::{
    BackupFields, BackupSettingsForm, DeleteProjectForm, FirstPolicy, FirstPolicyFields, MoveProjectForm, NewProject,
    ProjectForm, ProjectRef, RecoveryKitForm, RemovalRef,
};
pub use self::objects::{Encryption, KmsKey, ObjectOptions, StorageClass};

name! {
    /// An absolute path of a directory on the server. Whether it exists and lies under an allowed root is the server's
    /// to check.
    DirectoryPath, |text| absolute_path(msgid("Directory"), text)
}

name! {
    /// An absolute path of a directory to restore into.
    TargetDirectory, |text| absolute_path(msgid("Target Directory"), text)
}

fn absolute_path(field: &'static str, text: &str) -> Result<(), RuleError> {
    length(field, text, 1..=4096)?;
    no_control_characters(field, text)?;
    if text.starts_with('/') { Ok(()) } else { Err(RuleError::NotAbsolute { field }) }
}

name! {
    /// A bucket's name by the rules for general purpose buckets, from
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
    BucketName, |text| {
        let characters = text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'.');
        let ends = |c: Option<u8>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let address = text.split('.').count() == 4 && text.split('.').all(|part| part.parse::<u8>().is_ok());
        let well_formed = (3..=63).contains(&text.len())
            && characters
            && ends(text.bytes().next())
            && ends(text.bytes().last())
            && !text.contains("..")
            && !address;
        if well_formed { Ok(()) } else { Err(RuleError::BucketName) }
    }
}

impl BucketName {
    /// The name of a bucket made for a project: `holdfast-<organization>-<project>-<8 random characters>`, cut to what
    /// S3 allows.
    ///
    /// `random` is 8 lower-case letters or digits.
    pub fn for_project(organization: &str, project: &str, random: &str) -> Result<Self, RuleError> {
        let middle: String = format!("{organization}-{project}")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(63 - "holdfast-".len() - 1 - random.len())
            .collect();
        Self::parse(&format!("holdfast-{}-{random}", middle.trim_end_matches('-')))
    }
}

name! {
    /// The place of a repository in a bucket that it shares: path segments without a slash at either end, or nothing.
    Prefix, |text| {
        length(msgid("Prefix"), text, 0..=200)?;
        let allowed = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        let segments = text.is_empty() || text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if allowed && segments {
            return Ok(());
        }
        Err(RuleError::Characters { field: msgid("Prefix"), allowed: msgid("letters, digits, dots, hyphens, underscores and single slashes inside") })
    }
}

/// What is backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    Directory(DirectoryPath),
    Postgres(DatabaseAddress),
}

impl Source {
    /// The kind's name in the form and in lists.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Directory(_) => msgid("Directory"),
            Self::Postgres(_) => msgid("PostgreSQL"),
        }
    }

    /// A path, or a connection URL without its password.
    pub fn location(&self) -> String {
        match self {
            Self::Directory(path) => path.to_string(),
            Self::Postgres(address) => address.to_string(),
        }
    }
}

/// What shall be backed up, with the secret that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewSource {
    Directory(DirectoryPath),
    Postgres(ConnectionUrl),
}

impl NewSource {
    /// What may be shown of it.
    pub fn shown(&self) -> Source {
        match self {
            Self::Directory(path) => Source::Directory(path.clone()),
            Self::Postgres(url) => Source::Postgres(url.address.clone()),
        }
    }
}

/// What somebody who switches backup on has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnableBackup {
    pub credential: CredentialId,
    /// `None` where nothing was said: the bucket in use, or else one made for the project.
    pub bucket: Option<BucketChoice>,
    pub objects: ObjectOptions,
    /// The password of a repository that is there already.
    pub adopt: Option<Hidden>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BucketChoice {
    /// One made for the project.
    #[default]
    Create,
    Existing {
        bucket: BucketName,
        prefix: Prefix,
    },
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRow {
    pub id: ProjectId,
    pub name: String,
    pub organization: String,
    pub source: Source,
    pub backup_enabled: bool,
    pub locked: bool,
    pub last_backup: Option<LastBackup>,
    /// Whether a verification found damage in its repository.
    pub damaged: bool,
}

/// The newest backup of a project or policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    pub id: BackupId,
    pub phase: BackupPhase,
    pub at: DateTime<Utc>,
}

/// What the projects page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectList {
    pub page: Page<ProjectRow>,
    /// What a Partner may filter by; empty for others.
    pub organizations: Vec<OrganizationChoice>,
    /// Those that can be taken back; the next to go first.
    pub deleted: Vec<DeletedProject>,
}

/// What the add form and Settings offer to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectChoices {
    /// Empty for a Manager.
    pub organizations: Vec<OrganizationChoice>,
    pub credentials: Vec<CredentialChoice>,
    /// Directories that the operator allows projects to lie under.
    pub source_roots: Vec<String>,
    /// The nodes that may have the directory; empty where there is only one.
    pub nodes: Vec<String>,
}

/// How a day's runs of a project ended, by the day in UTC on which they started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectDay {
    pub day: NaiveDate,
    pub completed: u32,
    /// Partially failed or cancelled.
    pub incomplete: u32,
    pub failed: u32,
}

/// What a project's front page tells beside the project itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectOverview {
    /// The last 90 days, the oldest first.
    pub days: Vec<ProjectDay>,
    /// When its next run is due.
    pub next_run: Option<DateTime<Utc>>,
    /// Backups that can be restored.
    pub backups: u64,
    /// Bytes that they would take without compression and deduplication, and bytes that they added.
    pub size: u64,
    pub added: u64,
}

/// One project, for its own pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectView {
    pub id: ProjectId,
    pub name: String,
    pub organization: OrganizationChoice,
    pub source: Source,
    /// The node that has the directory, where there may be several.
    pub node: Option<String>,
    pub locked: bool,
    pub backup: Backup,
    /// Why the last set-up that took longer than its form failed.
    pub set_up_failure: Option<String>,
    pub policies: u64,
    pub last_backup: Option<LastBackup>,
    /// `None` while backup is off.
    pub health: Option<Health>,
    /// Whether the reading person may change the project.
    pub may_manage: bool,
    /// Seconds between marking something for deletion and removing it.
    pub deletion_delay: u64,
}

/// A deleted project that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedProject {
    pub id: ProjectId,
    pub name: String,
    pub organization: String,
    /// When it goes for good.
    pub after: DateTime<Utc>,
    pub by: String,
    /// Whether its backups go with it.
    pub backups_too: bool,
}

/// Whether a project is backed up, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backup {
    Off,
    /// It is being set up, which takes longer than a form waits.
    SettingUp {
        step: SetUpStep,
        since: DateTime<Utc>,
    },
    On {
        credential: CredentialId,
        credential_name: String,
        bucket: String,
        prefix: String,
        objects: ObjectOptions,
        /// The bucket keeps what is deleted, as noncurrent versions.
        keeps_versions: bool,
    },
}

impl Backup {
    pub const fn is_on(&self) -> bool {
        matches!(self, Self::On { .. })
    }
}

/// What the set-up of a project's backup is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
pub enum SetUpStep {
    Bucket,
    Access,
    Repository,
    Policy,
}

impl SetUpStep {
    pub const ALL: [Self; 4] = [Self::Bucket, Self::Access, Self::Repository, Self::Policy];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "Bucket",
            Self::Access => "Access",
            Self::Repository => "Repository",
            Self::Policy => "Policy",
        }
    }

    /// For people, to be translated.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bucket => msgid("Making or opening the bucket"),
            Self::Access => msgid("Writing, reading and deleting a probe object"),
            Self::Repository => msgid("Making or opening the repository"),
            Self::Policy => msgid("Adding the first policy"),
        }
    }
}

impl std::fmt::Display for SetUpStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for SetUpStep {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|step| step.as_str() == text);
        found.ok_or(RuleError::Unlisted { field: msgid("Backup") })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for good in ["abc", "my.bucket", "a-1", &"a".repeat(63)] {
            assert!(BucketName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "-ab", "ab-", "Abc", "a..b", "192.168.1.1", "a_b", &"a".repeat(64)] {
            assert!(BucketName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_prefix_cannot_climb() {
        for good in ["", "a", "a/b", "team-1/web.shop"] {
            assert!(Prefix::parse(good).is_ok(), "{good}");
        }
        for bad in ["/a", "a/", "a//b", "..", "a/../b", "a b", "ž"] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_made_bucket_name_is_always_valid(organization in "[A-Za-z0-9._-]{3,30}", project in "[a-z0-9-]{3,30}") {
            let name = BucketName::for_project(&organization, &project, "abcd1234").unwrap();
            prop_assert!(name.as_str().ends_with("-abcd1234"));
        }
    }
}
