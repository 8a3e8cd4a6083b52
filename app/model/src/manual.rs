//! The manual, which the program serves itself.

use serde::{Deserialize, Serialize};

/// One page of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualPage {
    pub title: String,
    /// What stands below the title, as HTML.
    pub html: String,
    /// All pages, in their order.
    pub contents: Vec<ManualEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualEntry {
    /// A path of this site.
    pub href: String,
    pub title: String,
}
