//! How a worker gets its next run.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};

use super::{
    capacity::Room,
    kind::{Row, RunKind},
    log,
};
use crate::{context::Services, database, entity::project};

/// The next run of a kind, claimed for this process.
pub async fn next<K: RunKind>(services: &Services, room: &Room) -> Result<Option<Row<K>>, DbErr> {
    let now = services.clock().now();
    for waiting in K::waiting(services, room, now).await? {
        let Some((tx, row)) = database::lock_first(services.db(), waiting).await? else { continue };
        if !K::may_begin(&tx, &row).await? {
            continue;
        }
        let claim = |row: &mut <K::Entity as EntityTrait>::ActiveModel| {
            K::begin(row, now);
            row.set(K::LEASED.owner, Some(services.node().id.clone()).into());
            row.set(K::LEASED.until, Some(K::HOLD.until(now)).into());
        };
        let Some(row) = database::claim::<K::Entity>(&tx, row, claim).await? else { continue };
        K::begun(&tx, services, &row, now).await?;
        log::started::<K>(&tx, services, &row, now).await?;
        tx.commit().await?;
        return Ok(Some(row));
    }
    Ok(None)
}

/// That a run which a process has not survived starts where nothing else runs.
pub fn may_start(room: &Room, crashes: impl ColumnTrait) -> Condition {
    if room.idle { Condition::all() } else { Condition::all().add(crashes.eq(0)) }
}

/// That the project's organization may have one more run here.
pub fn has_room(room: &Room, project: impl ColumnTrait) -> Condition {
    if room.without.is_empty() {
        return Condition::all();
    }
    let full = project::Entity::find()
        .select_only()
        .column(project::Column::Id)
        .filter(project::Column::OrganizationId.is_in(room.without.iter().copied()));
    Condition::all().add(project.not_in_subquery(full.into_query()))
}

/// That nobody has the run, or whoever had it has died.
pub fn is_free(lease_until: impl ColumnTrait, now: DateTime<Utc>) -> Condition {
    Condition::any().add(lease_until.is_null()).add(lease_until.lte(now))
}

/// Whose project the run is, for runs that name their project only.
pub async fn organization_of(services: &Services, project: i64) -> Option<i64> {
    let found = project::Entity::find_by_id(project).one(services.db()).await;
    found.ok().flatten().map(|project| project.organization_id)
}

/// That a run's project has no node of its own, or this one: only that has the project's directory.
pub fn on_this_node(services: &Services, project: impl ColumnTrait) -> Condition {
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
