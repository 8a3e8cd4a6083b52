//! Backups: runs of a policy or of a person's request, and what is in them.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    form::{FormCheck, FormErrors},
    ids::{BackupId, ProjectId},
    language::msgid,
    list::{ListQuery, PAGE_SIZES},
    rule::{RuleError, length},
};

/// Defines an enum of phases with the names that the database stores and pages show, translated.
macro_rules! phases {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:expr),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "columns", derive(sea_orm::DeriveValueType), sea_orm(value_type = "String"))]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// For people, to be translated.
            pub fn label(self) -> &'static str {
                $crate::backup::words_of_phase(self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = RuleError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|phase| phase.as_str() == text)
                    .ok_or(RuleError::Unlisted { field: $crate::language::msgid("Phase") })
            }
        }
    };
}

pub(crate) use phases;

/// A phase as people read it.
pub(crate) fn words_of_phase(phase: &'static str) -> &'static str {
    match phase {
        "InProgress" => msgid("In progress"),
        "PartiallyFailed" => msgid("Partially failed"),
        phase => phase,
    }
}

phases! {
    /// The state of a backup.
    BackupPhase {
        Queued = msgid("Queued"),
        InProgress = "InProgress",
        Completed = msgid("Completed"),
        /// Some files could not be read; they are listed.
        PartiallyFailed = "PartiallyFailed",
        Failed = msgid("Failed"),
        Cancelled = msgid("Cancelled"),
        Skipped = msgid("Skipped"),
        Deleting = msgid("Deleting"),
    }
}

impl BackupPhase {
    /// Whether a snapshot is there to browse and restore.
    pub const fn has_snapshot(self) -> bool {
        matches!(self, Self::Completed | Self::PartiallyFailed)
    }

    /// Whether it waits for a worker or has one.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }
}

phases! {
    /// The state of a restore.
    RestorePhase {
        Queued = msgid("Queued"),
        InProgress = "InProgress",
        Completed = msgid("Completed"),
        PartiallyFailed = "PartiallyFailed",
        Failed = msgid("Failed"),
        Cancelled = msgid("Cancelled"),
    }
}

impl RestorePhase {
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub files: u64,
    pub bytes: u64,
    /// 0 while the source is still being counted.
    pub total_files: u64,
    pub total_bytes: u64,
    /// Seconds since it began.
    pub seconds: u64,
    /// Since when it waits for the S3 service, which is away.
    pub waiting_since: Option<DateTime<Utc>>,
}

impl Progress {
    /// 0-100, or `None` while the total is not known.
    pub fn percent(&self) -> Option<u8> {
        let (done, total) =
            if self.total_bytes > 0 { (self.bytes, self.total_bytes) } else { (self.files, self.total_files) };
        let percent = u128::from(done.min(total)) * 100 / u128::from(total.max(1));
        (total > 0).then(|| u8::try_from(percent).unwrap_or(100))
    }

    /// Bytes in a second so far; `None` in the first seconds, which tell little.
    pub fn rate(&self) -> Option<u64> {
        (self.seconds >= 3 && self.bytes > 0).then(|| self.bytes / self.seconds)
    }

    /// Seconds until it is done, if it goes on as it went; `None` where that is not known.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.total_bytes.checked_sub(self.bytes).filter(|_| self.total_bytes > 0)?;
        self.rate().filter(|rate| *rate > 0).map(|rate| left.div_ceil(rate))
    }
}

/// When a backup's retention period ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expiry {
    At(DateTime<Utc>),
    /// It has ended, and the backup stays: as the newest of its policy, or because the policy keeps so many.
    Kept(DateTime<Utc>),
}

/// That a backup is marked for deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When it is removed from the bucket.
    pub after: DateTime<Utc>,
    /// Whether that time has come.
    pub due: bool,
    /// `None` where its retention had ended.
    pub by: Option<String>,
    /// Whether it is too late to take it back.
    pub begun: bool,
}

/// That a backup is kept on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub by: String,
    pub at: DateTime<Utc>,
    pub note: Option<String>,
}

/// That a backup differs much from those before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusual {
    /// What differs, in a sentence.
    pub words: String,
    pub acknowledged: Option<Acknowledged>,
}

/// Who has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub by: String,
    pub at: DateTime<Utc>,
}

/// A row of the tab Backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRow {
    pub id: BackupId,
    pub name: String,
    /// `None` for a manual backup.
    pub policy: Option<String>,
    pub phase: BackupPhase,
    pub queued: DateTime<Utc>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub progress: Progress,
    pub files: Option<u64>,
    /// Bytes of the source.
    pub size: Option<u64>,
    /// Bytes that the backup added to the bucket.
    pub added: Option<u64>,
    pub expires: Option<Expiry>,
    /// What failed and why, and what to do next.
    pub cause: Option<String>,
    /// The number of the try, from 1, and when a failed one is tried again.
    pub attempt: u32,
    pub retry_at: Option<DateTime<Utc>>,
    pub unreadable: Vec<UnreadableFile>,
    /// Set where a run missed while nothing was up is made good.
    pub made_good: bool,
    pub snapshot: Option<String>,
    pub cancel_requested: bool,
    /// Whether a verification found that it cannot be restored whole.
    pub damaged: bool,
    pub deletion: Option<Deletion>,
    pub kept: Option<Kept>,
    pub unusual: Option<Unusual>,
    /// Files that changed while they were read.
    pub changed: Vec<String>,
    /// Patterns of the policy that matched nothing.
    pub unmatched: Vec<String>,
    /// Files that were left out because they are larger than the policy takes them, and their bytes.
    pub too_large: (u64, u64),
}

impl BackupRow {
    /// What is shown as its phase: a marked backup is Deleting, whatever it was.
    pub fn shown_phase(&self) -> BackupPhase {
        if self.deletion.is_some() { BackupPhase::Deleting } else { self.phase }
    }

    /// Whether it is unusual, and nobody has acknowledged it.
    pub fn is_unusual(&self) -> bool {
        self.unusual.as_ref().is_some_and(|unusual| unusual.acknowledged.is_none())
    }

    /// Whole seconds from start to end.
    pub fn duration(&self) -> Option<u64> {
        u64::try_from((self.finished? - self.started?).num_seconds()).ok()
    }
}

/// A file that could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableFile {
    pub path: String,
    pub cause: String,
}

/// A form that names a backup and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupRef {
    pub backup: String,
}

impl BackupRef {
    pub fn backup(&self) -> Result<BackupId, RuleError> {
        self.backup.parse().map_err(|_| RuleError::Unlisted { field: msgid("Backup") })
    }
}

/// Longest note on a kept backup, in characters.
pub const LONGEST_NOTE: usize = 200;

/// The form that keeps a backup on purpose.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeepBackupForm {
    pub backup: String,
    /// Why; may be empty.
    pub note: String,
}

impl KeepBackupForm {
    pub fn backup(&self) -> Result<BackupId, RuleError> {
        self.backup.parse().map_err(|_| RuleError::Unlisted { field: msgid("Backup") })
    }

    /// The note; `None` where it is empty.
    pub fn note(&self) -> Result<Option<String>, FormErrors> {
        let note = self.note.trim();
        let mut check = FormCheck::default();
        check.field("note", length(msgid("Note"), note, 0..=LONGEST_NOTE));
        check.finish(Some((!note.is_empty()).then(|| note.to_owned())))
    }
}

/// The form that removes a marked backup at once, with its name typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoveBackupForm {
    pub backup: String,
    pub confirm_name: String,
}

impl RemoveBackupForm {
    pub fn backup(&self) -> Result<BackupId, RuleError> {
        self.backup.parse().map_err(|_| RuleError::Unlisted { field: msgid("Backup") })
    }
}

/// What the browse page asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowseQuery {
    pub project: ProjectId,
    pub backup: BackupId,
    /// A folder inside the backup; empty is its top.
    pub path: String,
    /// Part of a name; where it is given, the whole backup is searched.
    pub search: String,
    /// Counted from 1; 0 is the first too.
    #[serde(default)]
    pub page: u64,
    /// One of [`PAGE_SIZES`]; 0 means the largest of them.
    #[serde(default)]
    pub per_page: u64,
}

impl BrowseQuery {
    /// Which page it asks for.
    pub fn list(&self) -> ListQuery {
        part_of_folder(self.page, self.per_page)
    }
}

/// A page of a folder, which is a large one unless it is chosen.
pub fn part_of_folder(page: u64, per_page: u64) -> ListQuery {
    let per_page = if per_page == 0 { PAGE_SIZES[2] } else { per_page };
    ListQuery { page, per_page, ..ListQuery::default() }
}

/// A backup that is looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowsedBackup {
    pub backup: BackupRow,
    pub project_name: String,
}

/// One page of a folder of a backup, or of what a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowseView {
    pub path: String,
    pub entries: Vec<BrowseEntry>,
    /// How many there are on all pages.
    pub total: u64,
    /// Set where a search found more than is shown.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowseEntry {
    pub name: String,
    /// From the top of the backup, without a slash in front.
    pub path: String,
    pub kind: EntryKind,
    pub size: u64,
    pub modified: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    File,
    Directory,
    Symlink { target: String },
    Other,
}

/// As what a folder of a backup is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFormat {
    TarGz,
    Zip,
}

impl ArchiveFormat {
    pub const ALL: [Self; 2] = [Self::TarGz, Self::Zip];

    /// The ending of the archive's name, and the value in the address.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Self::ALL
            .into_iter()
            .find(|format| format.ending() == text)
            .ok_or(RuleError::Unlisted { field: msgid("Download as") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_stored_under_the_names_that_are_shown() {
        for phase in BackupPhase::ALL {
            assert_eq!(phase.as_str().parse::<BackupPhase>().unwrap(), *phase);
        }
        assert!("Done".parse::<RestorePhase>().is_err());
    }

    #[test]
    fn progress_never_exceeds_the_whole() {
        let progress = |bytes, total_bytes| Progress { bytes, total_bytes, ..Progress::default() }.percent();
        assert_eq!(progress(0, 0), None);
        assert_eq!(progress(50, 200), Some(25));
        assert_eq!(progress(300, 200), Some(100));
        assert_eq!(progress(u64::MAX, u64::MAX), Some(100));
    }
}
