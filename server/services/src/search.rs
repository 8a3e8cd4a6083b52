//! One search for projects, backups by name, and files in the newest backups.

use std::time::Duration;

use futures::{StreamExt, stream};
use model::{
    backup::BackupPhase,
    ids::{BackupId, ProjectId},
    list::ListQuery,
    permission::Action,
    search::{FoundBackup, FoundFile, FoundProject, SHORTEST, SearchResults},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use tokio::time::{Instant, timeout_at};

use crate::{
    acting::Acting,
    backups, browse,
    context::Services,
    entity::{backup, organization, project},
    error::ServiceError,
    listing, projects,
};

/// Of each kind that is told.
const MOST: u64 = 20;
/// Projects whose newest backups are looked into, at once, and for how long in all.
const MOST_PROJECTS: u64 = 50;
const AT_ONCE: usize = 4;
const LONGEST: Duration = Duration::from_secs(5);

/// Searches what the person may see. Files are searched for whoever may browse backups.
pub async fn everything(acting: &Acting, services: &Services, text: &str) -> Result<SearchResults, ServiceError> {
    let query = ListQuery { search: text.to_owned(), ..ListQuery::default() };
    let needle = query.search();
    if needle.chars().count() < SHORTEST {
        return Ok(SearchResults::default());
    }
    let found = projects::list(acting, services, &query).await?;
    let project =
        |row: model::project::ProjectRow| FoundProject { id: row.id, name: row.name, organization: row.organization };
    let mut results = SearchResults {
        projects: found.page.rows.into_iter().map(project).collect(),
        backups: by_name(acting, services, &needle).await?,
        ..SearchResults::default()
    };
    if acting.actor.can(Action::ManageProjects) {
        files(acting, services, &needle, &mut results).await?;
    }
    Ok(results)
}

async fn by_name(acting: &Acting, services: &Services, needle: &str) -> Result<Vec<FoundBackup>, ServiceError> {
    let rows = backup::Entity::find()
        .filter(backup::Column::ProjectId.in_subquery(visible(acting, Action::SeeProjects)?))
        .filter(listing::contains((backup::Entity, backup::Column::Name), needle))
        .order_by_desc(backup::Column::Id)
        .limit(MOST)
        .find_also_related(project::Entity)
        .all(services.db())
        .await?;
    let found = |(row, project): (backup::Model, Option<project::Model>)| {
        let project = project?;
        let (id, name) = (BackupId(row.id), row.name);
        Some(FoundBackup { id, project: ProjectId(project.id), project_name: project.name, name })
    };
    Ok(rows.into_iter().filter_map(found).collect())
}

/// The ids of the living projects that the person may do `action` to.
fn visible(acting: &Acting, action: Action) -> Result<sea_orm::sea_query::SelectStatement, ServiceError> {
    let mut select = project::Entity::living()
        .inner_join(organization::Entity)
        .select_only()
        .column(project::Column::Id)
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = acting.confined_to(action)? {
        select = select.filter(project::Column::OrganizationId.eq(only.0));
    }
    Ok(select.into_query())
}

/// In the newest backup of each project, the newest first, until the time is over.
async fn files(
    acting: &Acting,
    services: &Services,
    needle: &str,
    results: &mut SearchResults,
) -> Result<(), ServiceError> {
    let newest: Vec<i64> = backup::Entity::find()
        .select_only()
        .column_as(backup::Column::Id.max(), "id")
        .filter(backup::Column::ProjectId.in_subquery(visible(acting, Action::ManageProjects)?))
        .filter(backup::Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]))
        .filter(backup::Column::DeleteAfter.is_null())
        .group_by(backup::Column::ProjectId)
        .order_by_desc(backup::Column::Id.max())
        .limit(MOST_PROJECTS)
        .into_tuple()
        .all(services.db())
        .await?;
    results.searchable = newest.len() as u64;
    let until = Instant::now() + LONGEST;
    let looks = newest.into_iter().map(|id| look(acting, services, BackupId(id), needle));
    let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
    while let Ok(Some(look)) = timeout_at(until, looks.next()).await {
        // One that cannot be looked into says nothing of the others; that it was not searched is told.
        if let Ok(found) = look {
            results.searched += 1;
            results.files.extend(found);
        }
    }
    results.files.sort_by(|one, other| (&one.project_name, &one.path).cmp(&(&other.project_name, &other.path)));
    results.files.truncate(usize::try_from(MOST).unwrap_or_default());
    Ok(())
}

async fn look(
    acting: &Acting,
    services: &Services,
    id: BackupId,
    needle: &str,
) -> Result<Vec<FoundFile>, ServiceError> {
    let (row, project) = backups::find(acting, services.db(), Action::ManageProjects, id).await?;
    let (repository, snapshot) = browse::open(services, &row).await?;
    let found = repository.search(&snapshot, needle, usize::try_from(MOST).unwrap_or_default()).await?;
    let file = |entry: engine::Entry| FoundFile {
        backup: id,
        project: ProjectId(project.id),
        project_name: project.name.clone(),
        path: entry.path,
    };
    Ok(found.into_iter().map(file).collect())
}
