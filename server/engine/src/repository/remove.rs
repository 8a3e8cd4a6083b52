//! Removing a whole repository.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use rustic_core::FileType;
use tokio_util::sync::CancellationToken;

use super::{RepositoryError, Result, location::Location};
use crate::{ObjectOptions, Progress, S3, s3::Patience};

/// Which repository to remove.
#[derive(Clone, Debug)]
pub struct RemoveRequest {
    /// The S3 service.
    pub s3: S3,
    /// The bucket.
    pub bucket: String,
    /// The repository's folder in the bucket; slashes at its ends do not matter. Empty: the bucket itself.
    pub prefix: String,
    /// How long it waits for a service that is away: [`LONGEST_OUTAGE`](crate::LONGEST_OUTAGE) in most cases.
    pub longest_outage: Duration,
}

/// Files that are deleted at the same time.
const AT_ONCE: usize = 16;

/// The files that lead to others go first, so that nobody finds a repository that lacks what it speaks of.
const ORDER: [FileType; 5] = [FileType::Snapshot, FileType::Index, FileType::Pack, FileType::Key, FileType::Config];

pub(super) async fn remove(
    request: RemoveRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<()> {
    let RemoveRequest { s3, bucket, prefix, longest_outage } = request;
    let patience = Patience::new(longest_outage, cancel.clone(), progress);
    let location = Location::new(s3, bucket, &prefix, ObjectOptions::default()).patient(patience);
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(RepositoryError::Cancelled),
        removed = remove_all(&location) => removed,
    }
}

/// Deletes the repository's files and no others. What is gone already is fine.
async fn remove_all(location: &Location) -> Result<()> {
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
