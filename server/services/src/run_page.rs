//! One run with its log, and what grew since the backup before.

use std::time::Duration;

use chrono::{DateTime, Utc};
use model::{
    backup::BackupPhase,
    ids::ProjectId,
    maintenance::MaintenancePhase,
    permission::Action,
    run::{Comparison, Grown, LogLine, Run, RunRef, RunView},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    acting::Acting,
    backups, browse,
    context::Services,
    entity::{backup, maintenance, restore, run_log},
    error::ServiceError,
    maintenance as maintenances, projects, restores,
};

/// How many runs tell how long one like them takes.
const EARLIER: u64 = 5;
/// What grew most that is told.
const MOST_GROWN: usize = 10;
/// How long a page waits for it.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Comparisons that this process makes at the same time, since each holds names of folders in memory.
static PLACES: Semaphore = Semaphore::const_new(2);

/// A run of the project. An address that pairs it with another project leads nowhere.
pub async fn get(acting: &Acting, services: &Services, project: ProjectId, run: &str) -> Result<RunView, ServiceError> {
    let (db, clock) = (services.db(), services.clock());
    let (home, _) = projects::find(acting, db, Action::SeeProjects, project).await?;
    let of_project = |id: i64| if id == project.0 { Ok(()) } else { Err(ServiceError::NotFound) };
    let (shown, usual, of_run) = match named(run)? {
        RunRef::Backup(id) => {
            let row = backup::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
            of_project(row.project_id)?;
            let usual = usual_backup(db, &row).await?;
            (Run::Backup(backups::view(clock, row)), usual, run_log::Column::BackupId.eq(id.0))
        }
        RunRef::Restore(id) => {
            let found = restore::Entity::find_by_id(id.0).find_also_related(backup::Entity).one(db).await?;
            let (row, backup) = found.ok_or(ServiceError::NotFound)?;
            of_project(row.project_id)?;
            (Run::Restore(restores::view(clock, row, backup)?), None, run_log::Column::RestoreId.eq(id.0))
        }
        RunRef::Maintenance(id) => {
            let row = maintenance::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
            of_project(row.project_id)?;
            let usual = usual_maintenance(db, &row).await?;
            (Run::Maintenance(maintenances::view(clock, row)), usual, run_log::Column::MaintenanceId.eq(id.0))
        }
    };
    let lines = run_log::Entity::find().filter(of_run).order_by_asc(run_log::Column::Id).all(db).await?;
    let line = |line: run_log::Model| LogLine { at: line.at, node: line.node, text: line.text.to_string() };
    Ok(RunView { project_name: home.name, run: shown, log: lines.into_iter().map(line).collect(), usual })
}

fn named(run: &str) -> Result<RunRef, ServiceError> {
    run.parse().map_err(|_| ServiceError::NotFound)
}

async fn usual_backup(db: &impl ConnectionTrait, row: &backup::Model) -> Result<Option<u64>, DbErr> {
    use backup::Column;
    let Some(policy) = row.policy_id else { return Ok(None) };
    let earlier = backup::Entity::find()
        .filter(Column::PolicyId.eq(policy))
        .filter(Column::Id.lt(row.id))
        .filter(Column::Phase.eq(BackupPhase::Completed))
        .order_by_desc(Column::Id)
        .limit(EARLIER)
        .all(db)
        .await?;
    Ok(median(earlier.iter().map(|row| (row.started_at, row.finished_at))))
}

async fn usual_maintenance(db: &impl ConnectionTrait, row: &maintenance::Model) -> Result<Option<u64>, DbErr> {
    use maintenance::Column;
    let earlier = maintenance::Entity::find()
        .filter(Column::RepositoryId.eq(row.repository_id))
        .filter(Column::Kind.eq(row.kind))
        .filter(Column::Whole.eq(row.whole))
        .filter(Column::Id.lt(row.id))
        .filter(Column::Phase.eq(MaintenancePhase::Completed))
        .order_by_desc(Column::Id)
        .limit(EARLIER)
        .all(db)
        .await?;
    Ok(median(earlier.iter().map(|row| (row.started_at, row.finished_at))))
}

/// The median of how long runs took, in seconds.
fn median(runs: impl Iterator<Item = (Option<DateTime<Utc>>, Option<DateTime<Utc>>)>) -> Option<u64> {
    let seconds = |(started, finished): (Option<DateTime<Utc>>, Option<DateTime<Utc>>)| {
        u64::try_from((finished? - started?).num_seconds()).ok()
    };
    let mut taken: Vec<u64> = runs.filter_map(seconds).collect();
    taken.sort_unstable();
    taken.get(taken.len() / 2).copied()
}

/// What takes more room in the source than in the backup of the same policy before, for whoever may look into backups.
pub async fn growth(
    acting: &Acting,
    services: &Services,
    (project, run): (ProjectId, &str),
    compare: bool,
) -> Result<Comparison, ServiceError> {
    let RunRef::Backup(id) = named(run)? else {
        projects::find(acting, services.db(), Action::ManageProjects, project).await?;
        return Ok(Comparison::NoData);
    };
    let row = browse::find(acting, services, project, id).await?.0;
    if !row.phase.has_snapshot() {
        return Ok(Comparison::NoData);
    }
    if !compare {
        return Ok(Comparison::Offered);
    }
    let Some(before) = before(services.db(), &row).await? else { return Ok(Comparison::First) };
    let compared = timeout(TIMEOUT, async {
        let _place = PLACES.acquire().await.ok();
        let (repository, new) = browse::open(services, &row).await?;
        let grown = repository.growth(&browse::snapshot(&before)?, &new, MOST_GROWN).await?;
        Ok::<_, ServiceError>(grown)
    });
    Ok(match compared.await {
        Ok(grown) => Comparison::Made { since: before.name, grown: grown?.into_iter().map(told).collect() },
        Err(_) => Comparison::TooLong,
    })
}

/// The backup of the same policy before, in the same repository.
async fn before(db: &impl ConnectionTrait, row: &backup::Model) -> Result<Option<backup::Model>, DbErr> {
    use backup::Column;
    let Some(policy) = row.policy_id else { return Ok(None) };
    backup::Entity::find()
        .filter(Column::PolicyId.eq(policy))
        .filter(Column::RepositoryId.eq(row.repository_id))
        .filter(Column::Id.lt(row.id))
        .filter(Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]))
        .order_by_desc(Column::Id)
        .one(db)
        .await
}

fn told(grown: engine::Grown) -> Grown {
    Grown { path: grown.path, is_folder: grown.is_folder, bytes: grown.bytes }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_usual_time_is_that_of_the_run_in_the_middle() {
        let began = DateTime::UNIX_EPOCH;
        let took = |seconds| (Some(began), Some(began + TimeDelta::seconds(seconds)));
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([took(900), took(10), took(12), (None, None)].into_iter()), Some(12));
        assert_eq!(median([(Some(began + TimeDelta::hours(1)), Some(began))].into_iter()), None, "a clock went back");
    }
}
