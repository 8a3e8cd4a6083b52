//! The audit log.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::list::{ListQuery, Page};

/// A view of the log, as it stands in the page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    pub list: ListQuery,
    /// The whole of an actor's name; empty means everybody.
    pub person: String,
    /// The whole of an action's name; empty means all.
    pub action: String,
    /// Days in UTC, both included, such as `2026-11-24`; what is no day is passed over.
    pub from: String,
    pub to: String,
}

impl AuditQuery {
    /// The first moment that counts.
    pub fn begins(&self) -> Option<DateTime<Utc>> {
        Some(day(&self.from)?.and_hms_opt(0, 0, 0)?.and_utc())
    }

    /// The first moment that does not count any more.
    pub fn ends(&self) -> Option<DateTime<Utc>> {
        Some(day(&self.to)?.succ_opt()?.and_hms_opt(0, 0, 0)?.and_utc())
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    text.trim().parse().ok()
}

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLog {
    pub page: Page<AuditRow>,
    /// What may be filtered by.
    pub people: Vec<String>,
    pub actions: Vec<String>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub person: String,
    pub address: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_name: String,
    pub organization: String,
    pub changes: Vec<Change>,
}

/// A changed field. Of a secret only that it changed is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_both_included() {
        let query = AuditQuery { from: "2026-11-24".to_owned(), to: "2026-11-24".to_owned(), ..AuditQuery::default() };
        assert_eq!(query.begins().unwrap().to_rfc3339(), "2026-11-24T00:00:00+00:00");
        assert_eq!(query.ends().unwrap().to_rfc3339(), "2026-11-25T00:00:00+00:00");
        assert_eq!(AuditQuery { from: "soon".to_owned(), ..AuditQuery::default() }.begins(), None);
    }
}
