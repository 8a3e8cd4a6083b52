//! What is told, in words and as data.

use chrono::{DateTime, Utc};
use model::notification::DeliveryKind;
use serde::{Deserialize, Serialize};

/// What a delivery tells. It is kept as JSON, and a webhook gets it as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// A few lines.
    pub text: String,
    pub at: DateTime<Utc>,
    pub organization: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The phase that the backup ended in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Runs that had failed before the backups recovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<u32>,
    /// Where to look, if the operator told what address people use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Message {
    /// One without anything but words.
    pub fn new(organization: &str, subject: String, text: String, at: DateTime<Utc>) -> Self {
        Self {
            subject,
            text,
            at,
            organization: organization.to_owned(),
            project: None,
            policy: None,
            backup: None,
            phase: None,
            cause: None,
            failures: None,
            link: None,
        }
    }

    /// The text with the address where to look.
    pub fn text_with_link(&self) -> String {
        match &self.link {
            Some(link) => format!("{}\n\n{link}", self.text),
            None => self.text.clone(),
        }
    }
}

/// Whether it is worth more than a glance.
pub const fn is_urgent(kind: DeliveryKind) -> bool {
    matches!(kind, DeliveryKind::Failure | DeliveryKind::Overdue | DeliveryKind::Damage | DeliveryKind::Unusual)
}

/// A failure without what differs from time to time: two that are alike within a day are told once. Words with digits
/// are counts, times, names of backups and numbers of faults.
pub fn likeness(phase: &str, cause: &str) -> String {
    let lasting = cause.split_whitespace().filter(|word| !word.chars().any(|c| c.is_ascii_digit()));
    std::iter::once(phase).chain(lasting).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn what_differs_from_time_to_time_does_not_count() {
        let alike = [
            ("the backup nightly-20261124030000 was still", "the backup nightly-20261125030000 was still"),
            ("look for 00af31 in the log", "look for 7be2c0 in the log"),
            ("2 files could not be read", "12 files could not be read"),
        ];
        for (one, other) in alike {
            assert_eq!(likeness("Failed", one), likeness("Failed", other));
        }
        assert_ne!(likeness("Failed", "no such bucket"), likeness("Failed", "access denied"));
        assert_ne!(likeness("Failed", "x"), likeness("Skipped", "x"));
    }
}
