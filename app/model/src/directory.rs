//! Looking for a directory on a server.

use serde::{Deserialize, Serialize};

use crate::ids::OrganizationId;

/// Which directory is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryQuery {
    /// A Partner's choice; `None` means the own organization.
    pub organization: Option<OrganizationId>,
    /// The node that has it; `None` means the one that answers.
    pub node: Option<String>,
    /// Absolute; empty means the organization's roots.
    pub path: String,
}

/// A folder to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    pub name: String,
    pub path: String,
}

/// How much of a directory was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FolderExtent {
    #[default]
    Whole,
    /// There is more than this.
    Part,
    /// The file system does not answer.
    NoAnswer,
    /// It is on another node.
    Elsewhere,
}

/// What is in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryView {
    /// As it is, without links; empty for the roots.
    pub path: String,
    /// The directory above, where that is in the roots too.
    pub above: Option<String>,
    /// By name.
    pub folders: Vec<Folder>,
    /// Whether it has more folders than these.
    pub more: bool,
    /// Of the whole directory, with all that is below it.
    pub files: u64,
    pub bytes: u64,
    pub extent: FolderExtent,
}
