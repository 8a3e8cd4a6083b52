//! Searching everything that a person may see.

use serde::{Deserialize, Serialize};

use crate::ids::{BackupId, ProjectId};

/// The shortest text that is searched for: with less, everything would be found.
pub const SHORTEST: usize = 2;

/// A project, or something of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundProject {
    pub id: ProjectId,
    pub name: String,
    pub organization: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundBackup {
    pub id: BackupId,
    pub project: ProjectId,
    pub project_name: String,
    pub name: String,
}

/// A file or folder in the newest backup of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFile {
    pub backup: BackupId,
    pub project: ProjectId,
    pub project_name: String,
    /// Inside the backup.
    pub path: String,
}

/// What was found of each kind; the first few of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchResults {
    pub projects: Vec<FoundProject>,
    pub backups: Vec<FoundBackup>,
    pub files: Vec<FoundFile>,
    /// Projects whose newest backup was looked into within the time, and those that have one.
    pub searched: u64,
    pub searchable: u64,
}
