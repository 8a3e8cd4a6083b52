//! Restores: a backup, or chosen paths of it, written back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    backup::{Progress, RestorePhase},
    database::DatabaseName,
    form::{FormCheck, FormErrors, Ticked},
    ids::{BackupId, RestoreId},
    language::msgid,
    names::RestoreName,
    project::TargetDirectory,
    rule::RuleError,
};

/// Most paths of one restore.
const MOST_PATHS: usize = 1000;

/// The restore form, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestoreForm {
    pub backup: String,
    pub restore_name: String,
    /// One a line; empty means everything.
    pub paths: String,
    /// `original` or `directory`; for a database `new-database` or `original-database`.
    pub target: String,
    pub target_directory: String,
    pub database_name: String,
    /// The original database's name, typed.
    pub confirm_name: String,
    /// The project's name, typed, where its own files are overwritten.
    pub confirm_project: String,
    /// `skip`, `overwrite` or `keep-both`; for files alone.
    pub on_conflict: String,
    /// For files alone.
    pub owners_by_name: Ticked,
}

/// A restore form that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRestore {
    pub backup: BackupId,
    pub name: RestoreName,
    pub paths: Vec<String>,
    pub target: RestoreTarget,
    pub on_conflict: OnConflict,
    /// Files get the owners of the names that they had, in place of the numbers.
    pub owners_by_name: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreTarget {
    OriginalLocation {
        /// The project's name, as it was typed; asked for where files are overwritten.
        confirmed: String,
    },
    Directory(TargetDirectory),
    /// A database that does not exist yet, on the server of the original one.
    NewDatabase(DatabaseName),
    /// Over the original database.
    OriginalDatabase {
        /// Its name, as it was typed to confirm that.
        confirmed: String,
    },
}

impl RestoreTarget {
    /// Whether files are restored, for which [`OnConflict`] is chosen.
    pub const fn is_files(&self) -> bool {
        matches!(self, Self::OriginalLocation { .. } | Self::Directory(_))
    }
}

/// Where a restore wrote to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RestoredInto {
    Directory(String),
    NewDatabase(String),
    OriginalDatabase(String),
}

impl RestoredInto {
    /// The kind as it is stored.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Directory(_) => "directory",
            Self::NewDatabase(_) => "new-database",
            Self::OriginalDatabase(_) => "original-database",
        }
    }

    /// The path or the database's name.
    pub fn place(&self) -> &str {
        match self {
            Self::Directory(place) | Self::NewDatabase(place) | Self::OriginalDatabase(place) => place,
        }
    }

    /// From what is stored.
    pub fn parse(kind: &str, place: String) -> Result<Self, RuleError> {
        [Self::Directory, Self::NewDatabase, Self::OriginalDatabase]
            .into_iter()
            .map(|of| of(place.clone()))
            .find(|into| into.kind() == kind)
            .ok_or(RuleError::Unlisted { field: msgid("Target") })
    }
}

/// What happens to a file that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnConflict {
    Skip,
    Overwrite,
    KeepBoth,
}

impl OnConflict {
    pub const ALL: [Self; 3] = [Self::Skip, Self::Overwrite, Self::KeepBoth];

    /// The value in the form and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Overwrite => "overwrite",
            Self::KeepBoth => "keep-both",
        }
    }

    /// The words in the form.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Skip => msgid("Skip"),
            Self::Overwrite => msgid("Overwrite"),
            Self::KeepBoth => msgid("Keep both"),
        }
    }

    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Self::ALL
            .into_iter()
            .find(|choice| choice.as_str() == text)
            .ok_or(RuleError::Unlisted { field: msgid("On Conflict") })
    }
}

impl RestoreForm {
    pub fn backup(&self) -> Result<BackupId, RuleError> {
        self.backup.parse().map_err(|_| RuleError::Unlisted { field: msgid("Backup") })
    }

    pub fn parse(&self) -> Result<NewRestore, FormErrors> {
        let mut check = FormCheck::default();
        let backup = check.field("backup", self.backup());
        let name = check.field("restore_name", RestoreName::parse(&self.restore_name));
        let paths = check.field("paths", paths(&self.paths));
        let target = match self.target.as_str() {
            "original" => Some(RestoreTarget::OriginalLocation { confirmed: self.confirm_project.trim().to_owned() }),
            "directory" => check
                .field("target_directory", TargetDirectory::parse(&self.target_directory))
                .map(RestoreTarget::Directory),
            "new-database" => {
                check.field("database_name", DatabaseName::parse(&self.database_name)).map(RestoreTarget::NewDatabase)
            }
            "original-database" => {
                Some(RestoreTarget::OriginalDatabase { confirmed: self.confirm_name.trim().to_owned() })
            }
            _ => check.field("target", Err(RuleError::Unlisted { field: msgid("Target") })),
        };
        let on_conflict = self.on_conflict(target.as_ref(), &mut check);
        let new = (|| {
            Some(NewRestore {
                backup: backup?,
                name: name?,
                paths: paths?,
                target: target?,
                on_conflict: on_conflict?,
                owners_by_name: self.owners_by_name.0,
            })
        })();
        check.finish(new)
    }

    /// A restore into a database has no choice: a new one must not be there yet, and the original one is replaced.
    fn on_conflict(&self, target: Option<&RestoreTarget>, check: &mut FormCheck) -> Option<OnConflict> {
        match target {
            Some(RestoreTarget::NewDatabase(_)) => Some(OnConflict::Skip),
            Some(RestoreTarget::OriginalDatabase { .. }) => Some(OnConflict::Overwrite),
            _ => check.field("on_conflict", OnConflict::parse(&self.on_conflict)),
        }
    }
}

/// Paths inside a backup, one a line, without a slash in front.
fn paths(text: &str) -> Result<Vec<String>, RuleError> {
    let paths: Vec<String> = text
        .lines()
        .map(|line| line.trim_end_matches('\r').trim_matches('/').to_owned())
        .filter(|line| !line.trim().is_empty())
        .collect();
    if paths.len() > MOST_PATHS {
        return Err(RuleError::Length { field: msgid("Paths"), min: 0, max: MOST_PATHS });
    }
    paths.iter().try_for_each(|path| inside(path))?;
    Ok(paths)
}

/// A path that stays below where it starts.
pub fn inside(path: &str) -> Result<(), RuleError> {
    let climbs = path.split('/').any(|part| matches!(part, ".." | "."));
    if climbs || path.contains('\0') { Err(RuleError::PathOutside { field: msgid("Paths") }) } else { Ok(()) }
}

/// A row of the tab Restores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreRow {
    pub id: RestoreId,
    pub name: String,
    pub backup: BackupId,
    pub backup_name: String,
    pub phase: RestorePhase,
    /// Empty means everything.
    pub paths: Vec<String>,
    pub target: RestoredInto,
    pub on_conflict: OnConflict,
    pub queued: DateTime<Utc>,
    pub started: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub progress: Progress,
    pub files: Option<u64>,
    pub bytes: Option<u64>,
    pub skipped: Option<u64>,
    pub warnings: Vec<String>,
    pub cause: Option<String>,
    pub created_by: String,
    pub cancel_requested: bool,
}

/// A form that names a restore and nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RestoreRef {
    pub restore: String,
}

impl RestoreRef {
    pub fn restore(&self) -> Result<RestoreId, RuleError> {
        self.restore.parse().map_err(|_| RuleError::Unlisted { field: msgid("Restore") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_the_backup() {
        assert_eq!(paths("/a/b/\r\n\n c d \n").unwrap(), ["a/b", " c d "]);
        assert!(paths("../etc").is_err());
        assert!(paths("a/../b").is_err());
    }

    #[test]
    fn another_directory_is_asked_for_only_where_it_is_chosen() {
        let form = RestoreForm {
            backup: "1".to_owned(),
            restore_name: "after-the-flood".to_owned(),
            target: "original".to_owned(),
            on_conflict: "keep-both".to_owned(),
            ..RestoreForm::default()
        };
        assert_eq!(form.parse().unwrap().target, RestoreTarget::OriginalLocation { confirmed: String::new() });
        let form = RestoreForm { target: "new-database".to_owned(), on_conflict: String::new(), ..form };
        assert_eq!(form.parse().unwrap_err().message_for("database_name"), Some("Database Name is required"));
        let form = RestoreForm { target: "original-database".to_owned(), confirm_name: "shop ".to_owned(), ..form };
        let confirmed = RestoreTarget::OriginalDatabase { confirmed: "shop".to_owned() };
        assert_eq!(form.parse().unwrap().target, confirmed);
        let form = RestoreForm { target: "directory".to_owned(), on_conflict: "skip".to_owned(), ..form };
        assert_eq!(form.parse().unwrap_err().message_for("target_directory"), Some("Target Directory is required"));
    }
}
