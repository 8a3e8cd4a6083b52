//! Looking into a backup, and taking a file out of it.

use engine::{
    ArchiveFormat as EngineFormat, EntryKind as EngineKind, FileDownload, FolderDownload, Listing, Repository,
    SnapshotId,
};
use model::{
    backup::{ArchiveFormat, BrowseEntry, BrowseQuery, BrowseView, BrowsedBackup, EntryKind},
    ids::{BackupId, ProjectId},
    permission::Action,
    restore::inside,
};

use crate::{
    acting::Acting,
    audit::Deed,
    backups,
    context::Services,
    entity::{backup, project},
    error::{Refusal, ServiceError},
    repositories,
};

const FILE_DOWNLOADED: Deed = Deed::new("file downloaded");
const FOLDER_DOWNLOADED: Deed = Deed::new("folder downloaded");

/// Why a backup cannot be looked into.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrowseConflict {
    #[error("{}", tr!("This backup has no data to browse or restore, because it did not complete"))]
    NoSnapshot,
}

impl Refusal for BrowseConflict {}

/// Most entries that a search shows.
const MOST_FOUND: usize = 500;

/// One page of a folder of a backup, folders first; or of what a search in the whole backup found.
pub async fn folder(acting: &Acting, services: &Services, query: &BrowseQuery) -> Result<BrowseView, ServiceError> {
    let (row, _) = find(acting, services, query.project, query.backup).await?;
    let (repository, snapshot) = open(services, &row).await?;
    let search = query.search.trim();
    let path = clean(&query.path)?;
    let list = query.list();
    let part = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (skip, take) = (part(list.offset()), part(list.per_page()));
    let (Listing { entries, total }, more) = if search.is_empty() {
        (repository.entries(&snapshot, path, skip, take).await?, false)
    } else {
        let mut found = repository.search(&snapshot, search, MOST_FOUND + 1).await?;
        let more = found.len() > MOST_FOUND;
        found.truncate(MOST_FOUND);
        let total = found.len() as u64;
        found.sort_by_cached_key(|entry| (entry.kind != EngineKind::Directory, entry.path.to_lowercase()));
        (Listing { entries: found.into_iter().skip(skip).take(take).collect(), total }, more)
    };
    Ok(BrowseView { path: path.to_owned(), entries: entries.into_iter().map(entry).collect(), total, more })
}

/// What is known of a backup without asking S3.
pub async fn backup(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    backup: BackupId,
) -> Result<BrowsedBackup, ServiceError> {
    let (row, project) = find(acting, services, project, backup).await?;
    Ok(BrowsedBackup { backup: backups::view(services.clock(), row), project_name: project.name })
}

/// A file of a backup as a stream, for a download. The download is in the audit log before the first byte goes out.
pub async fn download(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    backup: BackupId,
    path: &str,
) -> Result<FileDownload, ServiceError> {
    let (row, project) = find(acting, services, project, backup).await?;
    let (repository, snapshot) = open(services, &row).await?;
    let file = repository.open_file(&snapshot, clean(path)?).await?;
    backups::record(services.db(), acting, services, FILE_DOWNLOADED, (&row, &project)).await?;
    Ok(file)
}

/// A folder of a backup as an archive, for a download; the whole backup under its own name. It is in the audit log
/// before the first byte goes out.
pub async fn download_folder(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    backup: BackupId,
    path: &str,
    format: ArchiveFormat,
) -> Result<FolderDownload, ServiceError> {
    let (row, project) = find(acting, services, project, backup).await?;
    let (repository, snapshot) = open(services, &row).await?;
    let format = match format {
        ArchiveFormat::TarGz => EngineFormat::TarGz,
        ArchiveFormat::Zip => EngineFormat::Zip,
    };
    let folder = repository.open_folder(&snapshot, clean(path)?, &row.name, format).await?;
    backups::record(services.db(), acting, services, FOLDER_DOWNLOADED, (&row, &project)).await?;
    Ok(folder)
}

/// The backup, where it is one of that project: an address that pairs it with another project leads nowhere.
pub(crate) async fn find(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    backup: BackupId,
) -> Result<(backup::Model, project::Model), ServiceError> {
    let found = backups::find(acting, services.db(), Action::ManageProjects, backup).await?;
    if found.1.id == project.0 { Ok(found) } else { Err(ServiceError::NotFound) }
}

pub(crate) async fn open(services: &Services, row: &backup::Model) -> Result<(Repository, SnapshotId), ServiceError> {
    let snapshot = snapshot(row)?;
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    Ok((repositories::open_to_browse(services, &in_use).await?, snapshot))
}

/// The snapshot of a backup that has one.
pub(crate) fn snapshot(row: &backup::Model) -> Result<SnapshotId, ServiceError> {
    if !row.phase.has_snapshot() {
        return Err(BrowseConflict::NoSnapshot.into());
    }
    let id = row.snapshot.as_deref().and_then(|id| id.parse().ok());
    id.ok_or_else(|| BrowseConflict::NoSnapshot.into())
}

fn clean(path: &str) -> Result<&str, ServiceError> {
    let path = path.trim_matches('/');
    inside(path).map(|()| path).map_err(|_| ServiceError::NotFound)
}

fn entry(entry: engine::Entry) -> BrowseEntry {
    BrowseEntry {
        name: entry.name,
        path: entry.path,
        kind: match entry.kind {
            EngineKind::File => EntryKind::File,
            EngineKind::Directory => EntryKind::Directory,
            EngineKind::Symlink { target } => EntryKind::Symlink { target },
            EngineKind::Other => EntryKind::Other,
        },
        size: entry.size,
        modified: entry.modified,
    }
}
