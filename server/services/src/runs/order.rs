//! Which runs keep which others waiting.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    maintenance::{MaintenanceKind, MaintenancePhase},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{SelectStatement, UnionType},
};

use crate::entity::{backup, maintenance, restore};

/// A backup that has waited for longer, for a node that does not come, does not hold up the repository's maintenance.
const GOES_FIRST_FOR: TimeDelta = TimeDelta::hours(1);

/// Projects of which a backup works.
pub fn running_projects() -> SelectStatement {
    backup::Entity::find()
        .select_only()
        .column(backup::Column::ProjectId)
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress))
        .into_query()
}

/// Repositories that are pruned or repaired: no snapshot is taken meanwhile.
pub fn repositories_in_change() -> SelectStatement {
    let changing = [MaintenanceKind::Prune, MaintenanceKind::Repair];
    maintenance::Entity::find()
        .select_only()
        .column(maintenance::Column::RepositoryId)
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress))
        .filter(maintenance::Column::Kind.is_in(changing))
        .into_query()
}

/// Repositories of which a maintenance works.
pub fn repositories_in_maintenance() -> SelectStatement {
    maintenance::Entity::find()
        .select_only()
        .column(maintenance::Column::RepositoryId)
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress))
        .into_query()
}

/// Projects with a backup that works or could, or with a restore that works: those go first.
pub fn busy_projects(now: DateTime<Utc>) -> SelectStatement {
    let backups = Condition::any().add(backup::Column::Phase.eq(BackupPhase::InProgress)).add(
        Condition::all()
            .add(backup::Column::Phase.eq(BackupPhase::Queued))
            .add(backup::Column::NotBefore.between(now - GOES_FIRST_FOR, now)),
    );
    let restores = restore::Entity::find()
        .select_only()
        .column(restore::Column::ProjectId)
        .filter(restore::Column::Phase.eq(RestorePhase::InProgress))
        .into_query();
    backup::Entity::find()
        .select_only()
        .column(backup::Column::ProjectId)
        .filter(backups)
        .into_query()
        .union(UnionType::All, restores)
        .take()
}
