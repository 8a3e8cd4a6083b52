//! What a project's front page tells of its runs.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use model::{
    backup::BackupPhase,
    ids::ProjectId,
    permission::Action,
    project::{ProjectDay, ProjectOverview},
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::{SECONDS_OF_A_DAY, added, days_since, first_day, part_of_time, sum};
use crate::{
    acting::Acting,
    context::Services,
    entity::{backup, policy},
    error::ServiceError,
    projects,
};

/// How the runs of the last 90 days ended, what comes next, and how much there is.
pub async fn of_project(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
) -> Result<ProjectOverview, ServiceError> {
    let db = services.db();
    projects::find(acting, db, Action::SeeProjects, project).await?;
    let next_run: Option<Option<DateTime<Utc>>> = policy::Entity::living()
        .select_only()
        .column_as(policy::Column::NextRunAt.min(), "next")
        .filter(policy::Column::ProjectId.eq(project.0))
        .filter(policy::Column::Paused.eq(false))
        .into_tuple()
        .one(db)
        .await?;
    let held: Option<(i64, Option<i64>, Option<i64>)> = backup::Entity::find()
        .select_only()
        .column_as(backup::Column::Id.count(), "count")
        .column_as(sum(backup::Column::Bytes), "bytes")
        .column_as(added(), "added")
        .filter(backup::Column::ProjectId.eq(project.0))
        .filter(backup::Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]))
        .filter(backup::Column::DeleteAfter.is_null())
        .into_tuple()
        .one(db)
        .await?;
    let (backups, size, stored) = held.unwrap_or_default();
    Ok(ProjectOverview {
        days: days(db, project, services.clock().now()).await?,
        next_run: next_run.flatten(),
        backups: backups.unsigned_abs(),
        size: size.unwrap_or_default().unsigned_abs(),
        added: stored.unwrap_or_default().unsigned_abs(),
    })
}

async fn days(
    db: &impl ConnectionTrait,
    project: ProjectId,
    now: DateTime<Utc>,
) -> Result<Vec<ProjectDay>, ServiceError> {
    let (first, since) = first_day(now);
    let counts: Vec<(i64, BackupPhase, i64)> = backup::Entity::find()
        .select_only()
        .column_as(part_of_time(db, backup::Column::StartedAt, SECONDS_OF_A_DAY), "day")
        .column(backup::Column::Phase)
        .column_as(backup::Column::Id.count(), "count")
        .filter(backup::Column::ProjectId.eq(project.0))
        .filter(backup::Column::StartedAt.gte(since))
        .group_by(Expr::col("day"))
        .group_by(backup::Column::Phase)
        .into_tuple()
        .all(db)
        .await?;
    let mut days: HashMap<i64, ProjectDay> = HashMap::new();
    let empty = |day| ProjectDay { day, completed: 0, incomplete: 0, failed: 0 };
    for (number, phase, count) in counts {
        let of = days.entry(number).or_insert_with(|| empty(NaiveDate::default()));
        let of = match phase {
            BackupPhase::Completed | BackupPhase::Deleting => &mut of.completed,
            BackupPhase::PartiallyFailed | BackupPhase::Cancelled => &mut of.incomplete,
            BackupPhase::Failed => &mut of.failed,
            BackupPhase::Queued | BackupPhase::InProgress | BackupPhase::Skipped => continue,
        };
        *of += u32::try_from(count).unwrap_or(u32::MAX);
    }
    let day = |(day, number): (NaiveDate, i64)| {
        days.get(&number).map_or_else(|| empty(day), |found| ProjectDay { day, ..*found })
    };
    Ok(days_since(first).map(day).collect())
}
