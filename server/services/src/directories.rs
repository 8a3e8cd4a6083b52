//! Looking for a directory in an organization's roots, to back it up or to restore into it.

use std::{path::Path, time::Duration};

use engine::{DirectoryMatches, Folders, SourceRoots};
use model::{
    directory::{DirectoryQuery, DirectoryView, Folder, FolderExtent},
    ids::OrganizationId,
    permission::Action,
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{acting::Acting, context::Services, error::ServiceError, organizations, projects, source_roots};

/// Folders that are told of a directory.
const MOST_FOLDERS: usize = 500;
/// Names below a directory that are looked at for its size, and for how long.
const MOST_NAMES: usize = 100_000;
const LONGEST: Duration = Duration::from_secs(1);
/// How long a form waits, also for a file system that does not answer.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Directories that this process looks at at the same time. One that does not answer keeps its place until it does.
static PLACES: Semaphore = Semaphore::const_new(4);

/// The folders in a directory of the organization's roots, and how much is in it; where none is named, the roots. Takes 4
/// seconds at most.
///
/// # Errors
/// At `directory`, where it is none in the roots. Of what lies outside nothing else is told.
pub async fn look(acting: &Acting, services: &Services, query: &DirectoryQuery) -> Result<DirectoryView, ServiceError> {
    let home = organizations::chosen(acting, services.db(), Action::ManageProjects, query.organization).await?;
    let home = OrganizationId(home.id);
    if !projects::is_here(services, query.node.as_deref()) {
        return Ok(DirectoryView { extent: FolderExtent::Elsewhere, ..DirectoryView::default() });
    }
    let roots = source_roots::of(services, home).await?;
    if query.path.trim().is_empty() {
        let folders = source_roots::shown(services, Some(home)).await?;
        let folders = folders.into_iter().map(|path| Folder { name: path.clone(), path }).collect();
        return Ok(DirectoryView { folders, ..DirectoryView::default() });
    }
    let (path, stop) = (query.path.trim().to_owned(), CancellationToken::new());
    let _stop_when_dropped = stop.clone().drop_guard();
    let looked = timeout(TIMEOUT, async {
        let place = PLACES.acquire().await.ok()?;
        let look = move || {
            let _place = place;
            seen(&roots, &path, stop)
        };
        spawn_blocking(look).await.ok()
    });
    match looked.await {
        Ok(Some(seen)) => seen,
        Ok(None) | Err(_) => Ok(DirectoryView { extent: FolderExtent::NoAnswer, ..DirectoryView::default() }),
    }
}

fn seen(roots: &SourceRoots, path: &str, stop: CancellationToken) -> Result<DirectoryView, ServiceError> {
    let source = roots.directory(Path::new(path)).map_err(|error| ServiceError::at("directory", error))?;
    let path = source.path().display().to_string();
    let Folders { names, more } = source.folders(MOST_FOLDERS).map_err(|error| ServiceError::at("directory", error))?;
    let folder = |name: String| Folder { path: format!("{}/{name}", path.trim_end_matches('/')), name };
    let DirectoryMatches { files, bytes, stopped_early, .. } = source.matches(&[], &[], MOST_NAMES, LONGEST, stop)?;
    let above = Path::new(&path).parent().filter(|above| roots.directory(above).is_ok());
    Ok(DirectoryView {
        above: above.map(|above| above.display().to_string()),
        folders: names.into_iter().map(folder).collect(),
        more,
        files,
        bytes,
        extent: if stopped_early { FolderExtent::Part } else { FolderExtent::Whole },
        path,
    })
}
