//! Taking the snapshot of a backup.

use std::fmt;

use engine::{Permit, Repository, SnapshotInfo, SnapshotReport, SnapshotRequest};
use model::backup::{BackupPhase, UnreadableFile};
use sea_orm::EntityTrait;

use crate::{
    context::Services,
    entity::{backup, project},
    error::ServiceError,
    repositories::{self, RepositoryConflict},
    runs::kind::Work,
    sentence::Sentence,
    sources,
};

/// What a snapshot came to.
pub struct Taken {
    pub snapshot: String,
    pub files: u64,
    pub bytes: u64,
    pub added_bytes: u64,
    pub unreadable: Vec<UnreadableFile>,
    /// Patterns of the policy that matched nothing.
    pub unmatched: Vec<String>,
    /// Files that changed while they were read.
    pub changed: Vec<String>,
    /// Files that were left out because they are larger than the policy takes them.
    pub too_large: engine::FileTotals,
    /// Patterns of Exclude that matched nothing in a database. The backup is complete all the same.
    pub unmatched_exclude: Vec<String>,
    /// How it differs from those before it. Not known yet where it has just been taken.
    pub unusual: Option<Sentence>,
    /// What was left out on purpose. The backup is complete without it.
    pub left_out: Vec<engine::Unreadable>,
}

/// Without the lists, which may be long.
impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken")
            .field("snapshot", &self.snapshot)
            .field("files", &self.files)
            .field("bytes", &self.bytes)
            .field("added_bytes", &self.added_bytes)
            .field("unreadable", &self.unreadable.len())
            .field("unusual", &self.unusual)
            .finish_non_exhaustive()
    }
}

/// Takes it, unless an earlier try has.
pub async fn take(
    services: &Services,
    row: &backup::Model,
    Work { lease, counters, cancel }: Work,
) -> Result<Taken, ServiceError> {
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    if in_use.credential.locked {
        return Err(RepositoryConflict::CredentialLocked { name: in_use.credential.s3_name }.into());
    }
    let project = project::Entity::find_by_id(row.project_id).one(services.db()).await?;
    let project = project.ok_or(ServiceError::NotFound)?;
    let source = sources::open(services, &project, row.source_options.0).await?;
    let repository = repositories::open(services, &in_use).await?;
    if let Some(earlier) = earlier_try(&repository, row).await? {
        return Ok(found(earlier));
    }
    let request = SnapshotRequest {
        source,
        label: row.name.clone(),
        tags: vec![tag(row)],
        // The same on every node, so that each snapshot builds on the last one.
        host: project.name,
        include: row.include.0.clone(),
        exclude: row.exclude.0.clone(),
        permit: Permit::new(move || lease.is_held()),
    };
    let taken = taken(repository.snapshot(request, counters, cancel).await?);
    repositories::keep_copy(services, &in_use, &repository).await;
    Ok(taken)
}

/// The mark by which a run knows its own snapshot, in this database and no other.
fn tag(row: &backup::Model) -> String {
    format!("holdfast-{}-{}", row.id, row.queued_at.timestamp_millis())
}

/// The snapshot of a try that was complete in the bucket, but whose process died before it could say so.
async fn earlier_try(repository: &Repository, row: &backup::Model) -> Result<Option<SnapshotInfo>, ServiceError> {
    if row.attempt <= 1 {
        return Ok(None);
    }
    let tag = tag(row);
    Ok(repository.snapshots().await?.into_iter().find(|snapshot| snapshot.tags.contains(&tag)))
}

fn found(earlier: SnapshotInfo) -> Taken {
    let engine::Remarks { unreadable, changed, unmatched, too_large, left_out, .. } = earlier.remarks;
    Taken {
        snapshot: earlier.id.to_string(),
        files: earlier.files.unwrap_or_default(),
        bytes: earlier.bytes.unwrap_or_default(),
        added_bytes: earlier.added_bytes.unwrap_or_default(),
        unreadable: unreadable.into_iter().map(unreadable_file).collect(),
        unmatched,
        changed,
        too_large,
        unmatched_exclude: Vec::new(),
        unusual: None,
        left_out,
    }
}

fn unreadable_file(file: engine::Unreadable) -> UnreadableFile {
    UnreadableFile { path: file.path, cause: file.cause }
}

fn taken(report: SnapshotReport) -> Taken {
    let unreadable = report.unreadable.into_iter().map(unreadable_file);
    Taken {
        snapshot: report.snapshot.to_string(),
        files: report.files,
        bytes: report.bytes,
        added_bytes: report.added_bytes,
        unreadable: unreadable.collect(),
        unmatched: report.unmatched,
        changed: report.changed,
        too_large: report.too_large,
        unmatched_exclude: report.unmatched_exclude,
        unusual: None,
        left_out: report.left_out,
    }
}

impl Taken {
    /// The phase that the run ends in: complete only where all is there that was asked for.
    pub fn phase(&self) -> BackupPhase {
        if self.unreadable.is_empty() && self.unmatched.is_empty() {
            BackupPhase::Completed
        } else {
            BackupPhase::PartiallyFailed
        }
    }

    /// What a person should know of it.
    pub fn told(&self) -> Option<Sentence> {
        let told = || {
            let told = [
                (self.files == 0).then(|| tr!("It has no files")),
                unreadable_cause(self.unreadable.len()),
                unmatched_cause(&self.unmatched),
                changed_cause(self.changed.len()),
                too_large_cause(self.too_large),
                unmatched_cause(&self.unmatched_exclude),
                left_out_cause(&self.left_out),
            ];
            told.into_iter().flatten().collect::<Vec<_>>()
        };
        (!told().is_empty()).then(|| Sentence::new(|| told().join(". ")))
    }
}

fn unmatched_cause(patterns: &[String]) -> Option<String> {
    match patterns {
        [] => None,
        [one] => Some(tr!("The pattern {} matched nothing", one)),
        several => Some(tr!("The patterns {} matched nothing", several.join(", "))),
    }
}

fn too_large_cause(engine::FileTotals { files, bytes }: engine::FileTotals) -> Option<String> {
    let size = model::size::bytes(bytes);
    (files > 0).then(|| {
        tr!(
            "{n} file ({size}) was left out because it is larger than the policy takes"
                | "{n} files ({size}) were left out because they are larger than the policy takes" % files,
            size = size
        )
    })
}

fn changed_cause(files: usize) -> Option<String> {
    (files > 0).then(|| tr!("{n} file changed while it was read" | "{n} files changed while they were read" % files))
}

fn left_out_cause(left_out: &[engine::Unreadable]) -> Option<String> {
    let first = left_out.first()?;
    Some(match left_out.len() - 1 {
        0 => tr!("{} was left out: {}", first.path, first.cause),
        more => tr!("{} (and {} more) was left out: {}", first.path, more, first.cause),
    })
}

fn unreadable_cause(files: usize) -> Option<String> {
    (files > 0).then(|| tr!("{n} file could not be read" | "{n} files could not be read" % files))
}
