//! How a worker gets its next run.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    maintenance::{MaintenanceKind, MaintenancePhase},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, NullOrdering, Order, Query, SelectStatement, UnionType},
};

use crate::{
    context::Services,
    database::{always, first},
    entity::{backup, maintenance, project, removal, repository, restore},
    notifications::events,
    runs::{capacity::Room, lease},
};

/// A backup that has waited for longer, for a node that does not come, does not hold up the repository's maintenance.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// The next backup to work on, claimed for this process. Organizations take turns, so that one with a thousand waiting
/// runs does not starve another; inside an organization the longest waiting one is next whose project has none running.
pub async fn backup(services: &Services, room: &Room) -> Result<Option<backup::Model>, DbErr> {
    let now = services.clock().now();
    for organization in organizations_by_turn(services, now).await? {
        if room.without.contains(&organization) {
            continue;
        }
        let next = waiting(now)
            .filter(may_start(room, backup::Column::Crashes))
            .filter(backup::Column::OrganizationId.eq(organization))
            .filter(backup::Column::ProjectId.not_in_subquery(running_projects()))
            .filter(backup::Column::RepositoryId.not_in_subquery(repositories_in_change()))
            .filter(on_this_node(services, backup::Column::ProjectId))
            .order_by_asc(backup::Column::NotBefore)
            .order_by_asc(backup::Column::Id);
        let claim = |row: &mut backup::ActiveModel| {
            row.phase = Set(BackupPhase::InProgress.as_str().to_owned());
            row.cause = Set(None);
            row.started_at = Set(Some(now));
            row.finished_at = Set(None);
            row.lease_owner = Set(Some(services.node().id.clone()));
            row.lease_until = Set(Some(lease::until(now)));
        };
        if let Some((tx, row)) = first(services.db(), next, is_unchanging, claim).await? {
            events::started(&tx, services, &row, now).await?;
            tx.commit().await?;
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// Whether nothing changes the backup's repository. Whoever claims a run that must be alone locks the repository first,
/// so that of two that are claimed at the same moment the second sees the first.
async fn is_unchanging(db: &DatabaseTransaction, row: &backup::Model) -> Result<bool, DbErr> {
    repository::Entity::find_by_id(row.repository_id).lock_exclusive().one(db).await?;
    let changing = repositories_in_change().and_where(Expr::col("repository_id").eq(row.repository_id)).take();
    Ok(db.query_one(&changing).await?.is_none())
}

/// Whether no backup works on the maintenance's repository.
async fn is_idle(db: &DatabaseTransaction, row: &maintenance::Model) -> Result<bool, DbErr> {
    repository::Entity::find_by_id(row.repository_id).lock_exclusive().one(db).await?;
    let working = running_projects().and_where(Expr::col("project_id").eq(row.project_id)).take();
    Ok(db.query_one(&working).await?.is_none())
}

/// Organizations with a waiting backup; first the one whose last backup started longest ago.
async fn organizations_by_turn(services: &Services, now: DateTime<Utc>) -> Result<Vec<i64>, DbErr> {
    let last_start = Query::select()
        .expr(Expr::col(("past", "started_at")).max())
        .from_as("backup", "past")
        .and_where(Expr::col(("past", "organization_id")).equals(("backup", "organization_id")))
        .take();
    let mut turns = waiting(now).select_only().column(backup::Column::OrganizationId);
    QueryTrait::query(&mut turns)
        .group_by_col((backup::Entity, backup::Column::OrganizationId))
        .order_by_expr_with_nulls(last_start.into(), Order::Asc, NullOrdering::First);
    turns.into_tuple().all(services.db()).await
}

fn waiting(now: DateTime<Utc>) -> Select<backup::Entity> {
    backup::Entity::find()
        .filter(backup::Column::Phase.eq(BackupPhase::Queued.as_str()))
        .filter(backup::Column::NotBefore.lte(now))
}

fn running_projects() -> SelectStatement {
    backup::Entity::find()
        .select_only()
        .column(backup::Column::ProjectId)
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress.as_str()))
        .into_query()
}

/// Repositories that are pruned or repaired: no snapshot is taken meanwhile.
fn repositories_in_change() -> SelectStatement {
    let changing = [MaintenanceKind::Prune.as_str(), MaintenanceKind::Repair.as_str()];
    maintenance::Entity::find()
        .select_only()
        .column(maintenance::Column::RepositoryId)
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress.as_str()))
        .filter(maintenance::Column::Kind.is_in(changing))
        .into_query()
}

/// The longest waiting maintenance of a repository that nobody works on, claimed for this process.
pub async fn maintenance(services: &Services, room: &Room) -> Result<Option<maintenance::Model>, DbErr> {
    let now = services.clock().now();
    let next = maintenance::Entity::find()
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::Queued.as_str()))
        .filter(maintenance::Column::NotBefore.lte(now))
        .filter(may_start(room, maintenance::Column::Crashes))
        .filter(has_room(room, maintenance::Column::ProjectId))
        .filter(maintenance::Column::RepositoryId.not_in_subquery(repositories_in_maintenance()))
        .filter(maintenance::Column::ProjectId.not_in_subquery(busy_projects(now)))
        .order_by_asc(maintenance::Column::NotBefore)
        .order_by_asc(maintenance::Column::Id);
    let claim = |row: &mut maintenance::ActiveModel| {
        row.phase = Set(MaintenancePhase::InProgress.as_str().to_owned());
        row.cause = Set(None);
        row.started_at = Set(Some(now));
        row.lease_owner = Set(Some(services.node().id.clone()));
        row.lease_until = Set(Some(lease::until(now)));
    };
    alone(first(services.db(), next, is_idle, claim)).await
}

fn repositories_in_maintenance() -> SelectStatement {
    maintenance::Entity::find()
        .select_only()
        .column(maintenance::Column::RepositoryId)
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress.as_str()))
        .into_query()
}

/// Projects with a backup that works or could, or with a restore that works: those go first.
fn busy_projects(now: DateTime<Utc>) -> SelectStatement {
    let backups = Condition::any().add(backup::Column::Phase.eq(BackupPhase::InProgress.as_str())).add(
        Condition::all()
            .add(backup::Column::Phase.eq(BackupPhase::Queued.as_str()))
            .add(backup::Column::NotBefore.between(now - PATIENCE, now)),
    );
    let restores = restore::Entity::find()
        .select_only()
        .column(restore::Column::ProjectId)
        .filter(restore::Column::Phase.eq(RestorePhase::InProgress.as_str()))
        .into_query();
    backup::Entity::find()
        .select_only()
        .column(backup::Column::ProjectId)
        .filter(backups)
        .into_query()
        .union(UnionType::All, restores)
        .take()
}

/// That a run's project has no node of its own, or this one: only that has the project's directory.
fn on_this_node(services: &Services, project: impl ColumnTrait) -> Condition {
    let reachable = Query::select()
        .expr(Expr::val(1))
        .from(project::Entity)
        .and_where(Expr::col((project::Entity, project::Column::Id)).equals(project.as_column_ref()))
        .cond_where(
            Condition::any()
                .add(project::Column::Node.is_null())
                .add(project::Column::Node.eq(services.node().name.as_str())),
        )
        .take();
    Condition::all().add(Expr::exists(reachable))
}

/// The longest waiting restore, claimed for this process.
pub async fn restore(services: &Services, room: &Room) -> Result<Option<restore::Model>, DbErr> {
    let now = services.clock().now();
    let next = restore::Entity::find()
        .filter(restore::Column::Phase.eq(RestorePhase::Queued.as_str()))
        .filter(may_start(room, restore::Column::Crashes))
        .filter(has_room(room, restore::Column::ProjectId))
        .filter(on_this_node(services, restore::Column::ProjectId))
        .order_by_asc(restore::Column::QueuedAt)
        .order_by_asc(restore::Column::Id);
    let claim = |row: &mut restore::ActiveModel| {
        row.phase = Set(RestorePhase::InProgress.as_str().to_owned());
        row.started_at = Set(Some(now));
        row.lease_owner = Set(Some(services.node().id.clone()));
        row.lease_until = Set(Some(lease::until(now)));
    };
    alone(first(services.db(), next, always, claim)).await
}

/// The next backup to delete, claimed for this process.
pub async fn deletion(services: &Services, room: &Room) -> Result<Option<backup::Model>, DbErr> {
    let now = services.clock().now();
    let next = backup::Entity::find()
        .filter(backup::Column::Phase.eq(BackupPhase::Deleting.as_str()))
        .filter(backup::Column::NotBefore.lte(now))
        .filter(is_free(backup::Column::LeaseUntil, now))
        .filter(backup::Column::OrganizationId.is_not_in(room.without.iter().copied()))
        .order_by_asc(backup::Column::NotBefore);
    let claim = |row: &mut backup::ActiveModel| {
        row.lease_owner = Set(Some(services.node().id.clone()));
        row.lease_until = Set(Some(lease::until_turn_ends(now)));
    };
    alone(first(services.db(), next, always, claim)).await
}

/// The next backups of a deleted project to remove, claimed for this process.
pub async fn removal(services: &Services, room: &Room) -> Result<Option<removal::Model>, DbErr> {
    let now = services.clock().now();
    let next = removal::Entity::find()
        .filter(removal::Column::NotBefore.lte(now))
        .filter(is_free(removal::Column::LeaseUntil, now))
        .filter(removal::Column::OrganizationId.is_not_in(room.without.iter().copied()))
        .order_by_asc(removal::Column::NotBefore);
    let claim = |row: &mut removal::ActiveModel| {
        row.lease_owner = Set(Some(services.node().id.clone()));
        row.lease_until = Set(Some(lease::until_turn_ends(now)));
    };
    alone(first(services.db(), next, always, claim)).await
}

/// That a run which a process has not survived starts where nothing else runs.
fn may_start(room: &Room, crashes: impl ColumnTrait) -> Condition {
    if room.idle { Condition::all() } else { Condition::all().add(crashes.eq(0)) }
}

/// That the project's organization may have one more run here.
fn has_room(room: &Room, project: impl ColumnTrait) -> Condition {
    if room.without.is_empty() {
        return Condition::all();
    }
    let full = project::Entity::find()
        .select_only()
        .column(project::Column::Id)
        .filter(project::Column::OrganizationId.is_in(room.without.iter().copied()));
    Condition::all().add(project.not_in_subquery(full.into_query()))
}

fn is_free(lease_until: impl ColumnTrait, now: DateTime<Utc>) -> Condition {
    Condition::any().add(lease_until.is_null()).add(lease_until.lte(now))
}

/// The same, where nothing else belongs to the claim.
async fn alone<M>(
    claimed: impl Future<Output = Result<Option<(DatabaseTransaction, M)>, DbErr>>,
) -> Result<Option<M>, DbErr> {
    let Some((tx, row)) = claimed.await? else { return Ok(None) };
    tx.commit().await?;
    Ok(Some(row))
}
