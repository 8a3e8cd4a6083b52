//! Removing a whole repository.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rustic_core::FileType;

use super::{Result, location::Location};

/// Files that are deleted at the same time.
const AT_ONCE: usize = 16;

/// The files that lead to others go first, so that nobody finds a repository that lacks what it speaks of.
const ORDER: [FileType; 5] = [FileType::Snapshot, FileType::Index, FileType::Pack, FileType::Key, FileType::Config];

/// Deletes the repository's files and no others. What is gone already is fine.
pub(super) async fn remove(location: &Location) -> Result<()> {
    for kind in ORDER {
        let files = location.list(kind).await?;
        stream::iter(files)
            .map(|(id, _)| async move { location.delete(kind, &id).await })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
    }
    Ok(())
}
