//! The dashboard: counted and added up by the database, so that it stays quick with many projects and backups.

use std::collections::HashMap;

use chrono::{DateTime, DurationRound, NaiveDate, TimeDelta, Utc};
use model::{
    dashboard::{Dashboard, DayGrowth, GROWTH_DAYS, Hour, OrganizationStanding},
    ids::OrganizationId,
    permission::Action,
    standing::Standings,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};

use crate::{
    acting::Acting,
    context::Services,
    entity::{backup, organization, policy, project},
    error::ServiceError,
    standing,
};

mod attention;
mod guide;
mod of_project;

pub use self::of_project::of_project;

/// Hours of the timeline.
const HOURS: i64 = 24;
const SECONDS_OF_AN_HOUR: i64 = 3600;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// The organizations that somebody sees.
struct Scope {
    ids: Vec<i64>,
    names: HashMap<i64, String>,
    /// In the order of their names, for Partners.
    listed: Vec<(i64, String)>,
    /// Whether the person manages what backups need, and so is told what keeps all of them from being tidied up.
    manages: bool,
}

/// What the person's organizations need and how their backups went.
pub async fn get(acting: &Acting, services: &Services) -> Result<Dashboard, ServiceError> {
    let (db, now) = (services.db(), services.clock().now());
    let scope = scope(acting, db).await?;
    let standings = standing::count(db, scope.ids(), now).await?;
    let overdue = overdue(db, &scope, now).await?;
    let stored = stored(db, &scope).await?;
    let first_hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) - TimeDelta::hours(HOURS - 1);
    let organizations = scope.listed.iter().map(|(id, name)| OrganizationStanding {
        id: OrganizationId(*id),
        name: name.clone(),
        standings: standings.get(id).copied().unwrap_or_default(),
        overdue: overdue.get(id).copied().unwrap_or_default(),
        stored: stored.get(id).copied().unwrap_or_default(),
    });
    let mut total = Standings::default();
    for of in standings.values() {
        total.merge(of);
    }
    let (attention, counts) = attention::all(db, &scope, &total, now).await?;
    Ok(Dashboard {
        standings: total,
        guide: guide::of(db, &scope).await?,
        attention,
        counts,
        hours: hours(db, &scope, first_hour).await?,
        first_hour,
        growth: growth(db, &scope, stored.values().sum(), now).await?,
        organizations: organizations.collect(),
    })
}

async fn scope(acting: &Acting, db: &impl ConnectionTrait) -> Result<Scope, ServiceError> {
    let only = acting.confined_to(Action::SeeProjects)?;
    let mut select = organization::Entity::find().filter(organization::Column::AccountId.eq(acting.actor.account.0));
    if let Some(only) = only {
        select = select.filter(organization::Column::Id.eq(only.0));
    }
    let found = select.order_by_asc(organization::Column::NameKey).all(db).await?;
    let listed: Vec<_> = found.into_iter().map(|home| (home.id, home.name)).collect();
    Ok(Scope {
        ids: listed.iter().map(|(id, _)| *id).collect(),
        names: listed.iter().cloned().collect(),
        listed: if only.is_some() { Vec::new() } else { listed },
        manages: acting.actor.can(Action::ManageProjects),
    })
}

impl Scope {
    fn name(&self, organization: i64) -> String {
        self.names.get(&organization).cloned().unwrap_or_default()
    }

    fn ids(&self) -> impl Iterator<Item = i64> + '_ {
        self.ids.iter().copied()
    }
}

/// Overdue policies by organization.
async fn overdue(db: &impl ConnectionTrait, scope: &Scope, now: DateTime<Utc>) -> Result<HashMap<i64, u64>, DbErr> {
    let counts: Vec<(i64, i64)> = policy::Entity::living()
        .inner_join(project::Entity)
        .select_only()
        .column(project::Column::OrganizationId)
        .column_as(policy::Column::Id.count(), "count")
        .filter(policy::Column::Paused.eq(false))
        .filter(policy::Column::OverdueAt.lte(now))
        .filter(project::Column::OrganizationId.is_in(scope.ids()))
        .group_by(project::Column::OrganizationId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counts.into_iter().map(|(id, count)| (id, count.unsigned_abs())).collect())
}

/// Bytes that the backups that are known added to their buckets, by organization.
async fn stored(db: &impl ConnectionTrait, scope: &Scope) -> Result<HashMap<i64, u64>, DbErr> {
    let sums: Vec<(i64, Option<i64>)> = backup::Entity::find()
        .select_only()
        .column(backup::Column::OrganizationId)
        .column_as(added(), "added")
        .filter(backup::Column::OrganizationId.is_in(scope.ids()))
        .group_by(backup::Column::OrganizationId)
        .into_tuple()
        .all(db)
        .await?;
    let known = sums.into_iter().filter_map(|(id, sum)| Some((id, sum?.unsigned_abs())));
    Ok(known.collect())
}

fn added() -> Expr {
    sum(backup::Column::AddedBytes)
}

fn sum(bytes: backup::Column) -> Expr {
    Expr::col((backup::Entity, bytes)).sum().cast_as("BIGINT")
}

/// The first of the last [`GROWTH_DAYS`] days in UTC, and when it begins.
fn first_day(now: DateTime<Utc>) -> (NaiveDate, DateTime<Utc>) {
    let first = now.date_naive() - TimeDelta::days(i64::from(GROWTH_DAYS) - 1);
    (first, first.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc())
}

/// The last [`GROWTH_DAYS`] days in UTC, each with its number as [`part_of_time`] has it.
fn days_since(first: NaiveDate) -> impl Iterator<Item = (NaiveDate, i64)> {
    let days = first.iter_days().take(usize::try_from(GROWTH_DAYS).unwrap_or_default());
    days.map(|day| (day, day.signed_duration_since(NaiveDate::default()).num_days()))
}

/// So many seconds since 1970, cut to whole `parts` of so many seconds.
fn part_of_time(db: &impl ConnectionTrait, column: backup::Column, seconds: i64) -> Expr {
    let column = Expr::col((backup::Entity, column));
    let epoch = match db.get_database_backend() {
        DbBackend::Sqlite => Func::cust("strftime").args([Expr::cust("'%s'"), column]),
        // With fractions, which a cast alone would round up.
        _ => Func::cust("floor").arg(Func::cust("date_part").args([Expr::cust("'epoch'"), column])),
    };
    Expr::expr(Func::cast_as(epoch, "BIGINT")).div(seconds)
}

/// Runs that started in each of the last hours.
async fn hours(db: &impl ConnectionTrait, scope: &Scope, first: DateTime<Utc>) -> Result<Vec<Hour>, ServiceError> {
    let counts: Vec<(i64, String, i64)> = backup::Entity::find()
        .select_only()
        .column_as(part_of_time(db, backup::Column::StartedAt, SECONDS_OF_AN_HOUR), "hour")
        .column(backup::Column::Phase)
        .column_as(backup::Column::Id.count(), "count")
        .filter(backup::Column::OrganizationId.is_in(scope.ids()))
        .filter(backup::Column::StartedAt.gte(first))
        .group_by(Expr::col("hour"))
        .group_by(backup::Column::Phase)
        .into_tuple()
        .all(db)
        .await?;
    let mut hours = vec![Hour::default(); usize::try_from(HOURS).unwrap_or_default()];
    let begin = first.timestamp() / SECONDS_OF_AN_HOUR;
    for (hour, phase, count) in counts {
        let phase = phase.parse().map_err(ServiceError::Stored)?;
        if let Some(of) = usize::try_from(hour - begin).ok().and_then(|index| hours.get_mut(index)) {
            of.add(phase, count.unsigned_abs());
        }
    }
    Ok(hours)
}

/// What was added on each of the last days, and all that was added until then. `total` is all until now.
async fn growth(
    db: &impl ConnectionTrait,
    scope: &Scope,
    total: u64,
    now: DateTime<Utc>,
) -> Result<Vec<DayGrowth>, DbErr> {
    let (first, since) = first_day(now);
    let sums: Vec<(i64, Option<i64>)> = backup::Entity::find()
        .select_only()
        .column_as(part_of_time(db, backup::Column::FinishedAt, SECONDS_OF_A_DAY), "day")
        .column_as(added(), "added")
        .filter(backup::Column::OrganizationId.is_in(scope.ids()))
        .filter(backup::Column::FinishedAt.gte(since))
        .group_by(Expr::col("day"))
        .into_tuple()
        .all(db)
        .await?;
    let sums: HashMap<i64, u64> = sums.into_iter().filter_map(|(day, sum)| Some((day, sum?.unsigned_abs()))).collect();
    let mut stored = total.saturating_sub(sums.values().sum());
    Ok(days_since(first)
        .map(|(day, number)| {
            let added = sums.get(&number).copied().unwrap_or_default();
            stored += added;
            DayGrowth { day, added, stored }
        })
        .collect())
}
