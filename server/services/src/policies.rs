//! Backup policies: list, add, delete, run now.

use chrono::{DateTime, Utc};
use model::{
    form::Done,
    ids::{PolicyId, ProjectId},
    permission::Action,
    policy::{NewPolicy, PolicyForm, PolicyRef, PolicyRow, SchedulePhase},
    retention::Retention,
    schedule::{CronPeriod, CronPreview, TimeZone},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    database,
    entity::{TextList, backup, policy, project},
    error::{Conflict, ServiceError},
    organizations, projects, repositories,
    runs::queue,
    start::Services,
};

/// How many of the next runs a preview shows.
const PREVIEWED_RUNS: usize = 5;

/// The policies of a project, by name.
pub async fn list(acting: &Acting, services: &Services, project: ProjectId) -> Result<Vec<PolicyRow>, ServiceError> {
    let db = services.db();
    let (of, home) = projects::find(acting, db, Action::SeeProjects, project).await?;
    let may_change = !of.locked && acting.may(Action::ManageProjects, organizations::owner(&home)).is_ok();
    let rows = policy::Entity::find()
        .filter(policy::Column::ProjectId.eq(project.0))
        .order_by_asc(policy::Column::Name)
        .all(db)
        .await?;
    let of_these = backup::Entity::find().filter(backup::Column::PolicyId.is_in(rows.iter().map(|row| row.id)));
    let mut last =
        projects::newest(db, of_these, backup::Column::PolicyId, |row| row.policy_id.unwrap_or_default()).await?;
    let row = |row: policy::Model| Ok(PolicyRow { last_backup: last.remove(&row.id), may_change, ..view(row)? });
    rows.into_iter().map(row).collect()
}

fn view(row: policy::Model) -> Result<PolicyRow, ServiceError> {
    let cron = CronPeriod::stored(&row.cron).map_err(ServiceError::Stored)?;
    let retention = Retention::from_seconds(u64::try_from(row.retention_seconds).unwrap_or_default())
        .map_err(ServiceError::Stored)?;
    Ok(PolicyRow {
        id: PolicyId(row.id),
        name: row.name,
        cron_words: cron.in_words(),
        cron: row.cron,
        time_zone: row.time_zone,
        retention: retention.to_string(),
        include: row.include.0,
        exclude: row.exclude.0,
        phase: if row.paused { SchedulePhase::Paused } else { SchedulePhase::Enabled },
        next_run: row.next_run_at.filter(|_| !row.paused),
        last_backup: None,
        may_change: false,
        created_by: row.created_by,
        created: row.created_at,
    })
}

/// Adds a policy. Its first run comes at the next cron time.
pub async fn add(acting: &Acting, services: &Services, form: &PolicyForm) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let (project, _) = projects::find_unlocked(acting, services.db(), id).await?;
    let now = services.clock().now();
    let new = form.parse(now)?;
    let tx = services.write().await?;
    // Asked under the write lock: a policy never outlives a switch to off.
    repositories::of_project(&tx, project.id).await?.ok_or(Conflict::BackupDisabled)?;
    let row = match row(acting, &new, now).insert(&tx).await {
        Err(error) if database::is_unique_violation(&error) => {
            let message = format!("This project has a policy named {} already", new.name);
            return Err(ServiceError::at("name", message));
        }
        inserted => inserted?,
    };
    let changes = json!({
        "cron": [null, row.cron], "time_zone": [null, row.time_zone], "retention": [null, new.retention.to_string()],
        "include": [null, row.include], "exclude": [null, row.exclude],
    });
    audit::record(&tx, acting, now, Deed::PolicyAdded, subject(&row, &project), changes).await?;
    tx.commit().await?;
    Ok(Done::new(format!("Policy {} added", new.name), format!("/projects/{id}/policies?tab=schedules")))
}

fn row(acting: &Acting, new: &NewPolicy, now: DateTime<Utc>) -> policy::ActiveModel {
    policy::ActiveModel {
        project_id: Set(new.project.0),
        name: Set(new.name.as_str().to_owned()),
        cron: Set(new.cron.as_str().to_owned()),
        time_zone: Set(new.time_zone.name().to_owned()),
        retention_seconds: Set(i64::try_from(new.retention.seconds()).unwrap_or(i64::MAX)),
        include: Set(TextList(new.include.as_slice().to_vec())),
        exclude: Set(TextList(new.exclude.as_slice().to_vec())),
        paused: Set(false),
        next_run_at: Set(new.cron.next_after(new.time_zone, now)),
        created_by: Set(acting.actor.email.clone()),
        created_at: Set(now),
        ..Default::default()
    }
}

/// Ends the schedule. Its backups stay until their retention ends, and what runs goes on.
pub async fn delete(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find_unlocked(acting, &tx, form).await?;
    policy::Entity::delete_by_id(row.id).exec(&tx).await?;
    let now = services.clock().now();
    audit::record(&tx, acting, now, Deed::PolicyDeleted, subject(&row, &project), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(format!("Policy {} deleted", row.name), schedules(project.id)))
}

/// Queues a backup with what the policy includes and as long as it keeps.
pub async fn run_now(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, form).await?;
    let in_use = repositories::of_project(&tx, project.id).await?.ok_or(Conflict::BackupDisabled)?;
    if queue::has_waiting(&tx, project.id).await? {
        return Err(Conflict::BackupAlreadyQueued.into());
    }
    let now = services.clock().now();
    let queued = queue::manual(&tx, &row, in_use.repository.id, &acting.actor.email, now).await?;
    audit::record(&tx, acting, now, Deed::BackupRequested, subject(&row, &project), json!({ "backup": queued.name }))
        .await?;
    tx.commit().await?;
    services.queued().notify_one();
    Ok(Done::new(format!("Backup {} queued", queued.name), format!("/projects/{}/policies?tab=backups", project.id)))
}

/// What an expression means in words, and the next five runs in the zone.
pub fn preview(services: &Services, expression: &str, time_zone: &str) -> Result<CronPreview, ServiceError> {
    let now = services.clock().now();
    let cron = CronPeriod::parse(expression, now).map_err(|error| ServiceError::at("cron_expression", error))?;
    let zone = TimeZone::parse(time_zone).map_err(|error| ServiceError::at("time_zone", error))?;
    let next_runs = cron.next_runs(zone, now, PREVIEWED_RUNS).into_iter().map(|run| zone.local(run)).collect();
    Ok(CronPreview { words: cron.in_words(), next_runs })
}

async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    form: &PolicyRef,
) -> Result<(policy::Model, project::Model), ServiceError> {
    let id = form.policy().map_err(|_| ServiceError::NotFound)?;
    let row = policy::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    let (project, _) = projects::find(acting, db, Action::ManageProjects, ProjectId(row.project_id)).await?;
    Ok((row, project))
}

async fn find_unlocked(
    acting: &Acting,
    db: &impl ConnectionTrait,
    form: &PolicyRef,
) -> Result<(policy::Model, project::Model), ServiceError> {
    let (row, project) = find(acting, db, form).await?;
    if project.locked {
        return Err(Conflict::ProjectLocked.into());
    }
    Ok((row, project))
}

fn schedules(project: i64) -> String {
    format!("/projects/{project}/policies?tab=schedules")
}

fn subject<'a>(row: &'a policy::Model, project: &project::Model) -> Subject<'a> {
    Subject { kind: "policy", id: row.id, name: &row.name, ..projects::subject(project) }
}
