//! Adding, editing and deleting a policy.

use chrono::{DateTime, Utc};
use model::{
    follow::Reversal,
    form::{Done, FieldError, FormErrors},
    ids::{PolicyId, ProjectId},
    policy::{PingChange, PolicyForm, PolicyRef, PolicyTerms, SourceOptions},
    project::FirstPolicy,
    size,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter,
};
use serde_json::{Map, Value, json};

use super::{PolicyConflict, find_unlocked, named, retention, schedules, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    database,
    entity::{StoredOptions, TextList, policy},
    error::ServiceError,
    notifications::overdue,
    projects,
    repositories::{self, RepositoryConflict},
    runs::{self, queue},
    schedule,
    vault::Purpose,
};

const POLICY_ADDED: Deed = Deed::new("policy added");
const POLICY_CHANGED: Deed = Deed::new("policy changed");
const POLICY_DELETION_UNDONE: Deed = Deed::new("policy deletion undone");
const POLICY_DELETED: Deed = Deed::new("policy deleted");

/// Adds a policy. Its first run comes at the next cron time.
pub async fn add(acting: &Acting, services: &Services, form: &PolicyForm) -> Result<Done, ServiceError> {
    let row = insert(acting, services, form).await?;
    let schedules = schedules(row.project_id);
    Ok(Done::new(tr!("Policy {} added", row.name), schedules))
}

/// Adds the policy that a new project begins with: as the form proposes it, with this name and period.
pub async fn add_first(
    acting: &Acting,
    services: &Services,
    project: String,
    policy: &FirstPolicy,
) -> Result<PolicyId, ServiceError> {
    let id = project.parse().map(ProjectId).map_err(|_| ServiceError::NotFound)?;
    let proposed = super::draft(acting, services, id, None).await?.form;
    let (name, cron_period) = (policy.name.to_owned(), policy.cron_period.to_owned());
    let row = insert(acting, services, &PolicyForm { name, cron_period, ..proposed }).await?;
    Ok(PolicyId(row.id))
}

async fn insert(acting: &Acting, services: &Services, form: &PolicyForm) -> Result<policy::Model, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let (project, _) = projects::find_unlocked(acting, services.db(), id).await?;
    let now = services.clock().now();
    let terms = form.parse(now)?;
    let tx = services.write_secrets().await?;
    // Asked under the write lock: a policy never outlives a switch to off.
    repositories::of_project(&tx, project.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    let new = policy::ActiveModel {
        project_id: Set(project.id),
        paused: Set(false),
        next_run_at: Set(terms.cron.next_after(terms.time_zone, now)),
        created_by: Set(acting.actor.email.clone()),
        created_at: Set(now),
        ..with_terms(<policy::ActiveModel as Default>::default(), &terms)
    };
    let row = stored(new.insert(&tx).await, &terms)?;
    let mut change = with_ping(services, row.clone(), &terms)?;
    change.overdue_at = Set(overdue::promised(&row, now));
    let row = change.update(&tx).await?;
    let mut changes: Map<_, _> =
        facts(&row)?.into_iter().map(|(field, value)| (field.to_owned(), json!([null, value]))).collect();
    note_ping(&mut changes, &terms);
    audit::record(&tx, acting, now, POLICY_ADDED, subject(&row, &project), Value::Object(changes)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Changes what a policy says, unless somebody else was faster. What runs or waits goes on as it was queued. How long
/// backups are kept holds for those that are there too; where some would reach their end by that, it must be confirmed.
pub async fn update(acting: &Acting, services: &Services, form: &PolicyForm) -> Result<Done, ServiceError> {
    let id = form.policy().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write_secrets().await?;
    let (before, project) = find_unlocked(acting, &tx, id).await?;
    let terms = form.parse(now)?;
    if form.version() != Ok(before.version) {
        return Err(ServiceError::Invalid(changed_meanwhile(&before, &terms)?));
    }
    let mut change = with_terms(before.clone().into_active_model(), &terms);
    change.version = Set(before.version + 1);
    change.modified_by = Set(Some(acting.actor.email.clone()));
    change.modified_at = Set(Some(now));
    let after = stored(change.update(&tx).await, &terms)?;
    let after = rescheduled(&tx, &before, after, now).await?;
    let after = with_ping(services, after, &terms)?.update(&tx).await?;
    keep_by(&tx, (&before, &after), form, now).await?;
    let mut changes = changes(&before, &after)?;
    note_ping(&mut changes, &terms);
    if changes.is_empty() {
        // Rolled back: the version stays, so nobody else's form is refused for it.
        return Ok(Done::new(tr!("Nothing changed in policy {}", before.name), schedules(project.id)));
    }
    audit::record(&tx, acting, now, POLICY_CHANGED, subject(&after, &project), Value::Object(changes)).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Policy {} updated", after.name), schedules(project.id)))
}

/// Ends the schedule. Its backups go on being kept by its rules, and what runs goes on.
pub async fn delete(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find_unlocked(acting, &tx, named(form)?).await?;
    let now = services.clock().now();
    queue::forgo_retries(&tx, services, vec![row.id], now).await?;
    schedule::end(&tx, &[row.id], &acting.actor.email, now).await?;
    audit::record(&tx, acting, now, POLICY_DELETED, subject(&row, &project), audit::no_changes()).await?;
    tx.commit().await?;
    let message = tr!("Policy {} deleted. Its backups go on being kept by its rules", row.name);
    Ok(Done::new(message, schedules(project.id)).or_undo(Reversal::RestorePolicy(PolicyId(row.id))))
}

/// Takes a deleted policy back; its schedule goes on at its next time, unless it was paused. Its Ping URL went with the
/// deletion.
pub async fn undo_deletion(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let row = policy::Entity::find_by_id(named(form)?.0)
        .filter(policy::Column::DeletedAt.is_not_null())
        .one(&tx)
        .await?
        .ok_or(ServiceError::NotFound)?;
    let (project, _) = projects::find_unlocked(acting, &tx, ProjectId(row.project_id)).await?;
    repositories::of_project(&tx, project.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    let now = services.clock().now();
    let mut change = row.clone().into_active_model();
    change.deleted_at = Set(None);
    change.deleted_by = Set(None);
    change.next_run_at = Set(if row.paused { None } else { schedule::next_run(&row, now) });
    change.overdue_at = Set(if row.paused { None } else { overdue::promised(&row, now) });
    let row = match change.update(&tx).await {
        Err(error) if database::is_unique_violation(&error) => {
            return Err(PolicyConflict::NameTaken { name: row.name }.into());
        }
        updated => updated?,
    };
    audit::record(&tx, acting, now, POLICY_DELETION_UNDONE, subject(&row, &project), audit::no_changes()).await?;
    tx.commit().await?;
    Ok(Done::new(tr!("Policy {} is back", row.name), schedules(project.id)))
}

/// Applies changed rules to the backups that are there.
async fn keep_by(
    tx: &DatabaseTransaction,
    (before, after): (&policy::Model, &policy::Model),
    form: &PolicyForm,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let rules = |row: &policy::Model| (row.retention_seconds, schedule::keep(row), row.time_zone.clone());
    if rules(before) == rules(after) {
        return Ok(());
    }
    let gone = runs::retention::due_of(tx, before, now).await?;
    let newly = runs::retention::due_of(tx, after, now).await?.difference(&gone).count();
    if newly > 0 && !form.confirm_shorter.0 {
        return Err(ServiceError::at("confirm_shorter", shorter(newly)));
    }
    Ok(runs::retention::follow_policy(tx, after).await?)
}

fn shorter(backups: usize) -> String {
    tr!(
        "By these rules {n} backup has reached its end and is marked for deletion. Tick this to let it go, or keep it for longer"
            | "By these rules {n} backups have reached their end and are marked for deletion. Tick this to let them go, or keep them for longer"
                % backups
    )
}

fn with_terms(row: policy::ActiveModel, terms: &PolicyTerms) -> policy::ActiveModel {
    policy::ActiveModel {
        name: Set(terms.name.as_str().to_owned()),
        cron: Set(terms.cron.as_str().to_owned()),
        time_zone: Set(terms.time_zone.name().to_owned()),
        retention_seconds: Set(i64::try_from(terms.retention.seconds()).unwrap_or(i64::MAX)),
        include: Set(TextList(terms.include.as_slice().to_vec())),
        exclude: Set(TextList(terms.exclude.as_slice().to_vec())),
        keep_last: Set(terms.keep.last.into()),
        keep_hourly: Set(terms.keep.hourly.into()),
        keep_daily: Set(terms.keep.daily.into()),
        keep_weekly: Set(terms.keep.weekly.into()),
        keep_monthly: Set(terms.keep.monthly.into()),
        keep_yearly: Set(terms.keep.yearly.into()),
        unusual_below: Set(terms.unusual_below.into()),
        source_options: Set(StoredOptions(terms.options)),
        ..row
    }
}

/// The row with its Ping URL, sealed to the row's id.
fn with_ping(
    services: &Services,
    row: policy::Model,
    terms: &PolicyTerms,
) -> Result<policy::ActiveModel, ServiceError> {
    let sealed = match &terms.ping {
        PingChange::Keep => return Ok(row.into_active_model()),
        PingChange::Forget => None,
        PingChange::Set(url) => Some(services.vault().seal(Purpose::PingUrl, row.id, url.expose())?),
    };
    let mut change = row.into_active_model();
    change.ping_url_sealed = Set(sealed);
    Ok(change)
}

/// Of the Ping URL only that it changed.
fn note_ping(changes: &mut Map<String, Value>, terms: &PolicyTerms) {
    let word = match terms.ping {
        PingChange::Keep => return,
        PingChange::Forget => "removed",
        PingChange::Set(_) => "changed",
    };
    changes.insert("ping_url".to_owned(), json!(word));
}

fn stored(written: Result<policy::Model, DbErr>, terms: &PolicyTerms) -> Result<policy::Model, ServiceError> {
    match written {
        Err(error) if database::is_unique_violation(&error) => {
            Err(ServiceError::at("name", tr!("This project has a policy named {} already", terms.name)))
        }
        written => Ok(written?),
    }
}

/// A schedule that has changed runs at its own next time.
async fn rescheduled(
    db: &impl sea_orm::ConnectionTrait,
    before: &policy::Model,
    after: policy::Model,
    now: DateTime<Utc>,
) -> Result<policy::Model, DbErr> {
    let same = (&before.cron, &before.time_zone) == (&after.cron, &after.time_zone);
    if same || after.paused {
        return Ok(after);
    }
    let (next, overdue) = (schedule::next_run(&after, now), overdue::promised(&after, now));
    let mut change = after.into_active_model();
    change.next_run_at = Set(next);
    change.overdue_at = Set(overdue);
    change.overdue_told_at = Set(None);
    change.update(db).await
}

/// What a policy says, by the names of the form's fields.
fn facts(row: &policy::Model) -> Result<Vec<(&'static str, String)>, ServiceError> {
    Ok(vec![
        ("name", row.name.clone()),
        ("cron", row.cron.clone()),
        ("time_zone", row.time_zone.clone()),
        ("retention", retention(row)?.to_string()),
        ("keep", schedule::keep(row).to_string()),
        ("include", row.include.0.join(", ")),
        ("exclude", row.exclude.0.join(", ")),
        ("unusual_below", row.unusual_below.to_string()),
        ("source_options", left_out(row.source_options.0)),
    ])
}

/// What is left out beside patterns, for the audit log.
fn left_out(options: SourceOptions) -> String {
    let larger = options.exclude_larger_than.map(|bytes| format!("larger than {}", size::typed(bytes)));
    let parts = [
        options.one_file_system.then(|| "other file systems".to_owned()),
        options.exclude_caches.then(|| "caches".to_owned()),
        larger,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The changed fields before and after.
fn changes(before: &policy::Model, after: &policy::Model) -> Result<Map<String, Value>, ServiceError> {
    let pairs = facts(before)?.into_iter().zip(facts(after)?);
    let differ = pairs.filter(|((_, old), (_, new))| old != new);
    Ok(differ.map(|((field, old), (_, new))| (field.to_owned(), json!([old, new]))).collect())
}

/// By whom it was changed, and what differs from what was typed.
fn changed_meanwhile(row: &policy::Model, terms: &PolicyTerms) -> Result<FormErrors, ServiceError> {
    let differs = |field: &str, stored: String, typed: String| {
        (stored != typed).then(|| FieldError { field: field.to_owned(), message: tr!("Stored meanwhile: {}", stored) })
    };
    let fields = [
        differs("name", row.name.clone(), terms.name.to_string()),
        differs("cron_period", row.cron.clone(), terms.cron.as_str().to_owned()),
        differs("time_zone", row.time_zone.clone(), terms.time_zone.name().to_owned()),
        differs("retention", retention(row)?.to_string(), terms.retention.to_string()),
        differs("include", row.include.0.join(", "), terms.include.as_slice().join(", ")),
        differs("exclude", row.exclude.0.join(", "), terms.exclude.as_slice().join(", ")),
        differs("keep.last", schedule::keep(row).in_words(), terms.keep.in_words()),
    ];
    let by = row.modified_by.clone().unwrap_or_else(|| tr!("Somebody"));
    Ok(FormErrors {
        summary: tr!(
            "{} changed this policy at {} UTC, after you opened it. Nothing was saved. Cancel and open it again to go \
             on from what is stored now",
            by,
            row.modified_at.unwrap_or(row.created_at).format("%Y-%m-%d %H:%M"),
        ),
        fields: fields.into_iter().flatten().collect(),
    })
}
