//! Nodes: the processes that take runs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{backup::Progress, ids::ProjectId};

/// Whether a node answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodePhase {
    Working,
    /// It has not been heard of for longer than a lease lasts; others have taken over what they can.
    Silent,
}

/// A node, and what it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// The mark of this life of the process; a restart has another one.
    pub id: String,
    pub name: String,
    pub version: String,
    pub phase: NodePhase,
    pub serves_pages: bool,
    /// Runs that it works on at the same time.
    pub workers: u32,
    pub started: DateTime<Utc>,
    pub seen: DateTime<Utc>,
    pub runs: Vec<NodeRun>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunKind {
    Backup,
    Restore,
    Maintenance,
}

/// A form that names a node and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeRef {
    pub node: String,
}

/// A run that a node works on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRun {
    pub kind: RunKind,
    pub name: String,
    pub project: ProjectId,
    pub project_name: String,
    pub started: Option<DateTime<Utc>>,
    pub progress: Progress,
}
