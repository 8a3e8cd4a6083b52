//! The rows of the list of projects.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{
    ids::{BackupId, ProjectId},
    list::{ListQuery, Page},
    permission::Action,
    project::{LastBackup, ProjectRow},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, RelationTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{
    acting::Acting,
    entity::{backup, organization, project, repository},
    error::ServiceError,
    listing, sources,
    standing::{self, NOT_SHOWN},
};

pub async fn page(
    acting: &Acting,
    db: &impl ConnectionTrait,
    query: &ListQuery,
    now: DateTime<Utc>,
) -> Result<Page<ProjectRow>, ServiceError> {
    let only = acting.confined_to(Action::SeeProjects)?.or(query.organization);
    let mut select = project::Entity::living()
        .join(JoinType::InnerJoin, project::Relation::Organization.def())
        .filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(project::Column::OrganizationId.eq(only.0));
    }
    if let Some(filter) = standing::filter(&query.state, now) {
        select = select.filter(filter);
    }
    let search = query.search();
    if !search.is_empty() {
        select = select.filter(matches(&search));
    }
    let all = select.clone();
    let rows = sorted(select, query)
        .offset(query.offset())
        .limit(query.per_page())
        .select_also(organization::Entity)
        .all(db)
        .await?;
    let total = listing::total(query, rows.len(), all.count(db)).await?;
    let ids: Vec<i64> = rows.iter().map(|(row, _)| row.id).collect();
    let enabled = enabled(db, &ids).await?;
    let mut last = last_backups(db, ids).await?;
    let rows = rows.into_iter().map(|(row, home)| {
        Ok(ProjectRow {
            id: ProjectId(row.id),
            source: sources::of(&row)?,
            organization: home.map(|home| home.name).unwrap_or_default(),
            backup_enabled: enabled.contains_key(&row.id),
            damaged: enabled.get(&row.id).is_some_and(Option::is_some),
            locked: row.locked,
            last_backup: last.remove(&row.id),
            name: row.name,
        })
    });
    Ok(Page::new(query, rows.collect::<Result<_, ServiceError>>()?, total))
}

fn matches(search: &str) -> Condition {
    use project::{Column, Entity};
    Condition::any()
        .add(listing::number_contains((Entity, Column::Id), search))
        .add(listing::contains((Entity, Column::Name), search))
        .add(listing::contains((Entity, Column::SourceLocation), search))
        .add(listing::contains((organization::Entity, organization::Column::Name), search))
}

fn sorted(select: Select<project::Entity>, query: &ListQuery) -> Select<project::Entity> {
    use project::{Column, Entity};
    let by: Expr = match query.sort.as_str() {
        "id" => Expr::col((Entity, Column::Id)),
        "organization" => listing::folded((organization::Entity, organization::Column::Name)),
        "source" => listing::folded((Entity, Column::SourceLocation)),
        "backup" => standing::is_enabled(),
        "last_backup" => Expr::SubQuery(None, Box::new(newest_backup().into())),
        _ => Expr::col((Entity, Column::Name)),
    };
    // The id makes the order, and so the pages, the same every time.
    select.order_by(by, listing::order(query.descending)).order_by(Column::Id, listing::order(query.descending))
}

/// When the newest backup of the outer query's project was queued.
fn newest_backup() -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .expr(Expr::col((backup::Entity, backup::Column::QueuedAt)).max())
        .from(backup::Entity)
        .and_where(
            Expr::col((backup::Entity, backup::Column::ProjectId)).equals((project::Entity, project::Column::Id)),
        )
        .and_where(Expr::col((backup::Entity, backup::Column::Phase)).is_not_in(NOT_SHOWN))
        .and_where(Expr::col((backup::Entity, backup::Column::DeleteAfter)).is_null())
        .take()
}

/// The projects with backup on, and since when their repositories are damaged, if they are.
async fn enabled(
    db: &impl ConnectionTrait,
    projects: &[i64],
) -> Result<HashMap<i64, Option<DateTime<Utc>>>, ServiceError> {
    let rows: Vec<_> = repository::Entity::find()
        .filter(repository::Column::ProjectId.is_in(projects.iter().copied()))
        .filter(repository::Column::BackupCredentialId.is_not_null())
        .select_only()
        .column(repository::Column::ProjectId)
        .column(repository::Column::DamagedAt)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The newest backup of each project.
pub async fn last_backups(
    db: &impl ConnectionTrait,
    projects: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, LastBackup>, ServiceError> {
    let shown = backup::Entity::find()
        .filter(backup::Column::ProjectId.is_in(projects))
        .filter(backup::Column::Phase.is_not_in(NOT_SHOWN))
        .filter(backup::Column::DeleteAfter.is_null());
    newest(db, shown, backup::Column::ProjectId, |row| row.project_id).await
}

/// The newest of `backups` in each group.
pub async fn newest(
    db: &impl ConnectionTrait,
    backups: Select<backup::Entity>,
    group: backup::Column,
    key: impl Fn(&backup::Model) -> i64,
) -> Result<HashMap<i64, LastBackup>, ServiceError> {
    let newest = backups.select_only().column_as(backup::Column::Id.max(), "id").group_by(group).into_query();
    let rows = backup::Entity::find().filter(backup::Column::Id.in_subquery(newest)).all(db).await?;
    Ok(rows.iter().map(|row| (key(row), last_backup(row))).collect())
}

fn last_backup(row: &backup::Model) -> LastBackup {
    LastBackup {
        id: BackupId(row.id),
        phase: row.phase,
        at: row.finished_at.or(row.started_at).unwrap_or(row.queued_at),
    }
}
