//! Which process this is.

use chrono::{DateTime, Utc};

/// A process, as leases and people know it.
#[derive(Clone, Debug)]
pub struct Node {
    /// Tells this process from others and from its own earlier lives.
    pub id: String,
    /// What the operator calls it. Directories belong to the node of that name.
    pub name: String,
    pub serves_pages: bool,
    pub started: DateTime<Utc>,
}
