//! Backup policies: list and look at.

use std::collections::HashMap;

use model::{
    backup::BackupPhase,
    form::Ticked,
    ids::{OrganizationId, PolicyId, ProjectId},
    keep::KeepForm,
    outlook::{Outlook, OutlookForm},
    pattern::EVERYTHING,
    permission::Action,
    policy::{PolicyDraft, PolicyForm, PolicyRef, PolicyRow, SchedulePhase, USUAL_PERCENT},
    project::Source,
    retention::{DEFAULT_RETENTION, Retention},
    schedule::{COMMON_PERIODS, CUSTOM_PERIOD, CronPeriod, CronPreview, CronWords, TimeZone, USUAL_PERIOD},
    size,
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    acting::Acting,
    audit::Subject,
    context::Services,
    entity::{backup, organization, policy, project},
    error::{Refusal, ServiceError},
    organizations,
    projects::{self, ProjectConflict},
    schedule, sources,
};

mod change;
mod state;
mod trial;

pub use self::{
    change::{add, add_first, delete, undo_deletion, update},
    state::{pause, resume, run_now},
    trial::try_patterns,
};

/// Why a policy cannot be changed or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyConflict {
    #[error("{}", tr!("Schedule already paused"))]
    ScheduleAlreadyPaused,
    #[error("{}", tr!("Schedule is not paused"))]
    ScheduleNotPaused,
    #[error("{}", tr!("A backup of this project is already waiting. It starts as soon as the running one ends"))]
    BackupAlreadyQueued,
    #[error("{}", tr!("The project has another policy named {} by now. Delete that one first", .name))]
    NameTaken { name: String },
}

impl Refusal for PolicyConflict {}

/// How many of the next runs a preview shows.
const PREVIEWED_RUNS: usize = 5;

/// The policies of a project, by name.
pub async fn list(acting: &Acting, services: &Services, project: ProjectId) -> Result<Vec<PolicyRow>, ServiceError> {
    let db = services.db();
    let (of, home) = projects::find(acting, db, Action::SeeProjects, project).await?;
    let may_change = !of.locked && acting.may(Action::ManageProjects, organizations::owner(&home)).is_ok();
    let rows = policy::Entity::living()
        .filter(policy::Column::ProjectId.eq(project.0))
        .order_by_asc(policy::Column::Name)
        .all(db)
        .await?;
    let of_these = backup::Entity::find()
        .filter(backup::Column::PolicyId.is_in(rows.iter().map(|row| row.id)))
        .filter(backup::Column::DeleteAfter.is_null());
    let mut last =
        projects::newest(db, of_these, backup::Column::PolicyId, |row| row.policy_id.unwrap_or_default()).await?;
    let backups = backups_of(db, rows.iter().map(|row| row.id)).await?;
    let row = |row: policy::Model| {
        let backups = backups.get(&row.id).copied().unwrap_or_default();
        Ok(PolicyRow { last_backup: last.remove(&row.id), may_change, backups, ..view(row)? })
    };
    rows.into_iter().map(row).collect()
}

/// How many backups of each policy are there.
async fn backups_of(
    db: &impl ConnectionTrait,
    policies: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, u64>, DbErr> {
    let counts: Vec<(i64, i64)> = backup::Entity::find()
        .select_only()
        .column(backup::Column::PolicyId)
        .column_as(backup::Column::Id.count(), "count")
        .filter(backup::Column::PolicyId.is_in(policies))
        .filter(backup::Column::Phase.is_in([BackupPhase::Completed, BackupPhase::PartiallyFailed]))
        .filter(backup::Column::DeleteAfter.is_null())
        .group_by(backup::Column::PolicyId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counts.into_iter().map(|(policy, count)| (policy, count.unsigned_abs())).collect())
}

fn view(row: policy::Model) -> Result<PolicyRow, ServiceError> {
    let cron = CronPeriod::stored(&row.cron).map_err(ServiceError::Stored)?;
    Ok(PolicyRow {
        id: PolicyId(row.id),
        retention: retention(&row)?.to_string(),
        keep: schedule::keep(&row).in_words(),
        has_ping: row.ping_url_sealed.is_some(),
        name: row.name,
        cron_words: cron.in_words(),
        cron: row.cron,
        time_zone: row.time_zone,
        include: row.include.0,
        exclude: row.exclude.0,
        phase: if row.paused { SchedulePhase::Paused } else { SchedulePhase::Enabled },
        next_run: row.next_run_at,
        last_backup: None,
        backups: 0,
        unusual_below: u8::try_from(row.unusual_below).unwrap_or_default(),
        options: row.source_options.0,
        may_change: false,
        created_by: row.created_by,
        created: row.created_at,
        modified_by: row.modified_by,
        modified: row.modified_at,
    })
}

pub(crate) fn retention(row: &policy::Model) -> Result<Retention, ServiceError> {
    Retention::from_seconds(u64::try_from(row.retention_seconds).unwrap_or_default()).map_err(ServiceError::Stored)
}

/// What the form of a policy starts with: a new one of the project, in its organization's time zone, or one that is
/// edited.
pub async fn draft(
    acting: &Acting,
    services: &Services,
    project: ProjectId,
    policy: Option<PolicyId>,
) -> Result<PolicyDraft, ServiceError> {
    let db = services.db();
    let (project, home) = projects::find(acting, db, Action::ManageProjects, project).await?;
    let (form, has_ping) = match policy {
        None => (new_form(&project, &home), false),
        Some(id) => {
            let row = policy::Entity::living()
                .filter(policy::Column::Id.eq(id.0))
                .filter(policy::Column::ProjectId.eq(project.id))
                .one(db)
                .await?;
            let row = row.ok_or(ServiceError::NotFound)?;
            let has_ping = row.ping_url_sealed.is_some();
            (edit_form(row)?, has_ping)
        }
    };
    let preview = preview(services, form.expression(), &form.time_zone).ok();
    let outlook = outlook(services, &form.outlook()).ok();
    let of_database = matches!(sources::of(&project)?, Source::Postgres(_));
    Ok(PolicyDraft { form, of_database, has_ping, preview, outlook })
}

fn new_form(project: &project::Model, home: &organization::Model) -> PolicyForm {
    PolicyForm {
        project: project.id.to_string(),
        cron_period: USUAL_PERIOD.to_owned(),
        compose: CronWords::read(USUAL_PERIOD).unwrap_or_default(),
        time_zone: home.time_zone.clone(),
        retention: DEFAULT_RETENTION.to_owned(),
        include: EVERYTHING.to_owned(),
        unusual_below: USUAL_PERCENT.to_string(),
        ..PolicyForm::default()
    }
}

fn edit_form(row: policy::Model) -> Result<PolicyForm, ServiceError> {
    let is_common = COMMON_PERIODS.iter().any(|(expression, _)| *expression == row.cron);
    let (cron_period, cron_expression) =
        if is_common { (row.cron.clone(), String::new()) } else { (CUSTOM_PERIOD.to_owned(), row.cron.clone()) };
    Ok(PolicyForm {
        project: row.project_id.to_string(),
        policy: row.id.to_string(),
        version: row.version.to_string(),
        retention: retention(&row)?.to_string(),
        keep: KeepForm::from(schedule::keep(&row)),
        unusual_below: row.unusual_below.to_string(),
        one_file_system: Ticked(row.source_options.0.one_file_system),
        exclude_caches: Ticked(row.source_options.0.exclude_caches),
        exclude_larger_than: row.source_options.0.exclude_larger_than.map(size::typed).unwrap_or_default(),
        name: row.name,
        cron_period,
        cron_expression,
        compose: CronWords::read(&row.cron).unwrap_or_default(),
        time_zone: row.time_zone,
        include: row.include.0.join("\n"),
        exclude: row.exclude.0.join("\n"),
        ..PolicyForm::default()
    })
}

/// What an expression means, and its next runs in the zone.
pub fn preview(services: &Services, expression: &str, time_zone: &str) -> Result<CronPreview, ServiceError> {
    let now = services.clock().now();
    let cron = CronPeriod::parse(expression, now).map_err(|error| ServiceError::at("cron_expression", error))?;
    let zone = TimeZone::parse(time_zone).map_err(|error| ServiceError::at("time_zone", error))?;
    let next_runs = cron.next_runs(zone, now, PREVIEWED_RUNS).into_iter().map(|run| zone.local(run)).collect();
    Ok(CronPreview { words: cron.in_words(), next_runs })
}

/// Which backups of the next 90 days would remain.
pub fn outlook(services: &Services, form: &OutlookForm) -> Result<Outlook, ServiceError> {
    let now = services.clock().now();
    Ok(form.parse(now)?.outlook(now))
}

/// The same of a policy as it is.
pub async fn outlook_of(acting: &Acting, services: &Services, id: PolicyId) -> Result<Outlook, ServiceError> {
    let db = services.db();
    let row =
        policy::Entity::living().filter(policy::Column::Id.eq(id.0)).one(db).await?.ok_or(ServiceError::NotFound)?;
    projects::find(acting, db, Action::SeeProjects, ProjectId(row.project_id)).await?;
    outlook(services, &edit_form(row)?.outlook())
}

async fn find(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: PolicyId,
) -> Result<(policy::Model, project::Model), ServiceError> {
    let row =
        policy::Entity::living().filter(policy::Column::Id.eq(id.0)).one(db).await?.ok_or(ServiceError::NotFound)?;
    let (project, _) = projects::find(acting, db, Action::ManageProjects, ProjectId(row.project_id)).await?;
    Ok((row, project))
}

async fn find_unlocked(
    acting: &Acting,
    db: &impl ConnectionTrait,
    id: PolicyId,
) -> Result<(policy::Model, project::Model), ServiceError> {
    let (row, project) = find(acting, db, id).await?;
    if project.locked {
        return Err(ProjectConflict::ProjectLocked.into());
    }
    Ok((row, project))
}

fn named(form: &PolicyRef) -> Result<PolicyId, ServiceError> {
    form.policy().map_err(|_| ServiceError::NotFound)
}

fn schedules(project: i64) -> String {
    format!("/projects/{project}/policies?tab=schedules")
}

fn subject<'a>(row: &'a policy::Model, project: &project::Model) -> Subject<'a> {
    let organization = OrganizationId(project.organization_id);
    Subject { kind: "policy", id: row.id, name: &row.name, organization }
}
