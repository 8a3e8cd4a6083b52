//! What patterns mean in a directory as it is now.

use std::time::{Duration, Instant};

use rustix::fs::FileType;
use tokio_util::sync::CancellationToken;

use super::{
    DirectorySource, Patterns,
    node::file_size,
    walk::{Ground, Limit, Walk},
};
use crate::RepositoryError;

/// What the patterns of a policy mean in a directory as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryMatches {
    /// Patterns of Include that match nothing: a backup with them is not complete. `**` is never one, and what is excluded
    /// is no match.
    pub unmatched_include: Vec<String>,
    /// Patterns of Exclude that match nothing, or nothing that others do not exclude with its folder.
    pub unmatched_exclude: Vec<String>,
    /// Files that a backup takes, and what else is no folder.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether there is more than was looked at: what matches nothing may match something there, and files and bytes are
    /// more than these.
    pub stopped_early: bool,
}

impl DirectorySource {
    /// What patterns mean in the directory as it is now. Looks at so many names at most, and for so long. Blocks, and for
    /// longer where the file system does not answer.
    ///
    /// # Errors
    /// [`RepositoryError::InvalidPattern`], or [`RepositoryError::Source`] where the directory was removed.
    pub fn matches(
        &self,
        include: &[String],
        exclude: &[String],
        most_names: usize,
        patience: Duration,
        stop: CancellationToken,
    ) -> Result<DirectoryMatches, RepositoryError> {
        let patterns = Patterns::new(include, exclude)?;
        let ground = Ground::new(self, patterns).map_err(RepositoryError::Source)?;
        let limit = Limit { names: most_names, until: Instant::now() + patience, reached: false };
        let mut walk = Walk::within(ground, None, stop.clone(), Some(limit));
        let mut matches = DirectoryMatches::default();
        for found in walk.by_ref().filter(|found| found.file_type() != FileType::Directory) {
            matches.files += 1;
            matches.bytes = matches.bytes.saturating_add(file_size(&found.stat));
        }
        let (unmatched_include, unmatched_exclude, reached) = walk.so_far();
        let stopped_early = reached || stop.is_cancelled();
        Ok(DirectoryMatches { unmatched_include, unmatched_exclude, stopped_early, ..matches })
    }
}
