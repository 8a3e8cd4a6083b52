//! Removing what no snapshot needs any more.
//!
//! In two steps, so that a backup of another program that is just using what this one finds unused loses nothing: a
//! first prune marks packs, and one that comes after the grace removes them. A backup that is running does not see
//! marked packs and so does not build on them; should a snapshot turn out to need one after all, the next prune takes the
//! mark away.

use std::{sync::Arc, time::Duration};

use bytesize::ByteSize;
use rustic_core::{FileType, LimitOption, OpenStatus, PruneOptions, PrunePlan, RusticError, jiff::Span};
use tokio_util::sync::CancellationToken;

use super::{
    Inner, Permit, RepositoryError, Result,
    backup::index::Index,
    blocking::blocking,
    fault::{fault, repository_error},
    open::{self, Library},
    opening,
    seal::Sealer,
    storage::Storage,
    watched::Watched,
};
use crate::Progress;

/// How many percent of a repository may stay unused beside what is used, rather than being written anew.
const TOLERATED: u64 = 5;

/// How to prune.
#[derive(Clone, Debug)]
pub struct PruneRequest {
    /// How long a pack stays after it was written, and how long after it was marked.
    pub grace: Duration,
    /// Most bytes that are written anew to get rid of what is unused beside them. What is left waits for the next prune.
    pub most_repacked: u64,
    /// Whether the repository may still be changed.
    pub permit: Permit,
}

/// What a prune did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PruneReport {
    /// Bytes of all packs, as they are now.
    pub stored_bytes: u64,
    /// Of them, what no snapshot needs.
    pub unused_bytes: u64,
    /// Bytes of the packs that were removed.
    pub removed_bytes: u64,
    /// Whether a later prune removes more: what is younger than the grace or marked, and what was too much for one. A
    /// few unused bytes beside used ones stay for good.
    pub goes_on: bool,
}

pub(super) async fn prune(
    repository: Arc<Inner>,
    request: PruneRequest,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> Result<PruneReport> {
    // A child, so that the uploads also end when this future is dropped.
    let stop = cancel.child_token();
    let _stop_when_dropped = stop.clone().drop_guard();
    let (kept, repository) = (repository.clone(), repository.for_run(&stop, &progress));
    let mut storage = Storage::of(&repository, stop.clone())?;
    storage.permit = request.permit.clone();
    let storage = Arc::new(storage);
    let blocked = storage.clone();
    let pruned = blocking(move || {
        let pruned = run(&repository, &request, &blocked, progress);
        // The library's own threads may still be at work after a failure: let nothing of theirs out.
        blocked.uploads.close();
        match (blocked.uploads.failure(), pruned) {
            (Some(fault), Err(_)) => Err(fault.into()),
            (_, Err(_)) if stop.is_cancelled() => Err(RepositoryError::Cancelled),
            (_, pruned) => pruned,
        }
    })
    .await;
    // Its memory of where things lie is outdated.
    *kept.kept_reader() = None;
    let mut report = pruned?;
    let packs = storage.location().list(FileType::Pack).await?;
    report.stored_bytes = packs.iter().map(|(_, size)| u64::from(*size)).sum();
    Ok(report)
}

fn run(
    repository: &Inner,
    request: &PruneRequest,
    storage: &Arc<Storage>,
    progress: Arc<dyn Progress>,
) -> Result<PruneReport> {
    opening::check_in(storage, repository)?;
    let watched = Watched(progress);
    let library = open::open_watched(storage.clone(), &repository.key, repository.cache(), watched)?;
    let options = options(request);
    let mut plan = planned(&library, &options)?;
    if plan.stats.packs_unref > 0 && plan.stats.index_files_rebuild == 0 {
        Index::new(storage, &Sealer::new(&repository.key)?, None).write_empty()?;
        plan = planned(&library, &options)?;
    }
    let report = outlook(&plan);
    library.prune(&options, plan).map_err(|error| repository_error(&error))?;
    Ok(report)
}

fn options(request: &PruneRequest) -> PruneOptions {
    let grace = Span::new().seconds(i64::try_from(request.grace.as_secs()).unwrap_or(i64::MAX / 2));
    let mut options = PruneOptions::default();
    options.keep_pack = grace;
    options.keep_delete = grace;
    options.max_unused = LimitOption::Percentage(TOLERATED);
    options.max_repack = LimitOption::Size(ByteSize::b(request.most_repacked));
    options
}

/// The library looks through everything here, and gives up where something that a snapshot needs is missing.
fn planned(library: &Library<OpenStatus>, options: &PruneOptions) -> Result<PrunePlan> {
    library.prune_plan(options).map_err(|error: Box<RusticError>| match fault(&error) {
        Some(fault) => fault.clone().into(),
        None => RepositoryError::Damaged { detail: error.display_log() },
    })
}

fn outlook(plan: &PrunePlan) -> PruneReport {
    let stats = &plan.stats;
    let sizes = stats.size_sum();
    let marked = stats.size_to_delete.keep + stats.size_unref + sizes.remove + sizes.repack;
    let beside = sizes.unused_after_prune();
    PruneReport {
        stored_bytes: 0,
        unused_bytes: marked + beside,
        removed_bytes: stats.size_to_delete.remove,
        goes_on: marked > 0 || beside * (100 - TOLERATED) > sizes.used * TOLERATED,
    }
}
