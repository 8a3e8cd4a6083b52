//! Backup on and off for a project.

use chrono::{DateTime, Utc};
use model::{
    backup::{BackupPhase, RestorePhase},
    form::Done,
    maintenance::MaintenancePhase,
    project::{BackupSettingsForm, BucketChoice, EnableBackup, ProjectRef},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QuerySelect, sea_query::Expr,
};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    entity::{backup, maintenance, policy, restore},
    error::{Refusal, ServiceError},
    repositories::{self, InUse},
    schedule,
    sentence::{self, Sentence},
};

mod adopt;
mod enable;
mod set_up;
pub(crate) mod under_way;

use self::enable::{Changed, Enabled};
pub(crate) use self::enable::{enable, may_lie_in_a_bucket};
use self::under_way::Outcome;

const BACKUP_DISABLED: Deed = Deed::new("backup disabled");

/// Why the backup of a project cannot be switched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchConflict {
    #[error("{}", tr!("Backup already enabled for this project"))]
    BackupAlreadyEnabled,
    #[error("{}", tr!("Backup is being set up for this project. Wait until that has ended"))]
    BackupSettingUp,
    #[error("{}", tr!("Backup already disabled for this project"))]
    BackupAlreadyDisabled,
    #[error("{}", tr!("This organization has no backup credentials yet. Add some, then enable backup"))]
    NoCredentials,
    #[error(
        "{}",
        tr!("This backup credential belongs to another organization. Choose one of the project's own organization")
    )]
    CredentialOfAnotherOrganization,
}

impl Refusal for SwitchConflict {}

/// What Save in Settings means: backup on, another credential, the question whether it shall be off, or nothing.
pub async fn save(acting: &Acting, services: &Services, form: &BackupSettingsForm) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let (row, home) = super::find_unlocked(acting, services.db(), id).await?;
    let settings = format!("/projects/{id}/settings");
    let in_use = repositories::of_project(services.db(), row.id).await?;
    match (form.parse()?, in_use) {
        (None, None) => Ok(Done::new(tr!("Nothing changed"), settings)),
        (None, Some(_)) => {
            Ok(Done::new(tr!("Confirm that backup shall be disabled"), format!("{settings}?dialog=disable")))
        }
        (Some(choice), None) => {
            let work = {
                let (acting, services, row, home) = (acting.clone(), services.clone(), row.clone(), home.clone());
                move |steps| async move { enable(&acting, &services, (&row, &home), &choice, &steps).await }
            };
            let enabled = match under_way::in_time(services, row.id, work).await? {
                Outcome::Done(enabled) => enabled,
                Outcome::GoesOn => return Ok(Done::new(goes_on(&row.name), settings)),
            };
            let done = Done::new(told(&row.name, &enabled), settings);
            let policies = policy::Entity::living().filter(policy::Column::ProjectId.eq(row.id));
            if policies.count(services.db()).await? > 0 {
                return Ok(done);
            }
            // Nothing is backed up before a policy says when.
            let schedules = format!("/projects/{}/policies?tab=schedules&dialog=add", row.id);
            Ok(Done { goto: schedules, ..done })
        }
        (Some(choice), Some(in_use)) if !stays(&choice, &in_use) => Err(SwitchConflict::BackupAlreadyEnabled.into()),
        (Some(choice), Some(in_use)) => {
            let changed = enable::change(acting, services, &row, &in_use, &choice).await?;
            let message = match changed {
                Changed::Nothing => tr!("Nothing changed"),
                Changed::Credential => tr!("Backup credential of {} changed", row.name),
                Changed::Storage => tr!("What {} writes from now on is stored as chosen", row.name),
            };
            Ok(Done::new(message, settings))
        }
    }
}

/// What is said of a set-up that takes longer than a form waits.
pub(crate) fn goes_on(project: &str) -> String {
    tr!(
        "The service takes long to answer. The backup of {} is being set up, and its page shows how far that is",
        project
    )
}

fn told(project: &str, Enabled { bucket, keeps_versions, adopted }: &Enabled) -> String {
    let enabled = tr!("Backup enabled for {}", project);
    let adopted = (*adopted > 0)
        .then(|| tr!("{n} backup that was there is listed" | "{n} backups that were there are listed" % *adopted));
    let versions = keeps_versions.then(|| versions_are_kept(bucket));
    [Some(enabled), adopted, versions].into_iter().flatten().collect::<Vec<_>>().join(". ")
}

fn versions_are_kept(bucket: &str) -> String {
    tr!(
        "The bucket {} keeps versions: what Holdfast deletes frees no room, and can be brought back there, until a lifecycle rule for noncurrent versions removes it",
        bucket
    )
}

/// Whether the choice leaves the backups where they are.
fn stays(choice: &EnableBackup, in_use: &InUse) -> bool {
    match &choice.bucket {
        None => true,
        Some(BucketChoice::Create) => false,
        Some(BucketChoice::Existing { bucket, prefix }) => {
            bucket.as_str() == in_use.repository.bucket && prefix.as_str() == in_use.repository.prefix
        }
    }
}

/// Switches backup off, ends the policies, cancels what waits and asks what runs to stop. Backups in the bucket stay.
pub async fn disable(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let now = services.clock().now();
    let tx = services.write().await?;
    let (row, _) = super::find_unlocked(acting, &tx, id).await?;
    let in_use = repositories::of_project(&tx, row.id).await?.ok_or(SwitchConflict::BackupAlreadyDisabled)?;
    let policies = policies_of(&tx, row.id).await?;
    schedule::end(&tx, &policies, &acting.actor.email, now).await?;
    cancel_runs(&tx, row.id, sentence::BACKUP_DISABLED, now).await?;
    let mut off = in_use.repository.into_active_model();
    off.backup_credential_id = Set(None);
    off.update(&tx).await?;
    let changes = json!({ "credential": [in_use.credential.s3_name, null], "policies deleted": policies.len() });
    audit::record(&tx, acting, now, BACKUP_DISABLED, super::subject(&row), changes).await?;
    tx.commit().await?;
    Ok(Done::new(
        tr!("Backup disabled for {}. Its backups stay in the bucket", row.name),
        format!("/projects/{id}/settings"),
    ))
}

async fn policies_of(db: &impl ConnectionTrait, project: i64) -> Result<Vec<i64>, DbErr> {
    let policies = policy::Entity::living().filter(policy::Column::ProjectId.eq(project));
    policies.select_only().column(policy::Column::Id).into_tuple().all(db).await
}

/// Cancels what waits, and asks what runs to stop.
pub(super) async fn cancel_runs(
    db: &impl ConnectionTrait,
    project: i64,
    cause: &'static str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    backup::Entity::update_many()
        .col_expr(backup::Column::Phase, Expr::value(BackupPhase::Cancelled))
        .col_expr(backup::Column::Cause, Expr::value(Sentence::said(cause)))
        .col_expr(backup::Column::FinishedAt, Expr::value(now))
        .filter(backup::Column::ProjectId.eq(project))
        .filter(backup::Column::Phase.eq(BackupPhase::Queued))
        .exec(db)
        .await?;
    backup::Entity::update_many()
        .col_expr(backup::Column::RetryAt, Expr::value(Option::<DateTime<Utc>>::None))
        .filter(backup::Column::ProjectId.eq(project))
        .exec(db)
        .await?;
    backup::Entity::update_many()
        .col_expr(backup::Column::CancelRequested, Expr::value(true))
        .filter(backup::Column::ProjectId.eq(project))
        .filter(backup::Column::Phase.eq(BackupPhase::InProgress))
        .exec(db)
        .await?;
    restore::Entity::update_many()
        .col_expr(restore::Column::Phase, Expr::value(RestorePhase::Cancelled))
        .col_expr(restore::Column::Cause, Expr::value(Sentence::said(cause)))
        .col_expr(restore::Column::FinishedAt, Expr::value(now))
        .filter(restore::Column::ProjectId.eq(project))
        .filter(restore::Column::Phase.eq(RestorePhase::Queued))
        .exec(db)
        .await?;
    maintenance::Entity::update_many()
        .col_expr(maintenance::Column::CancelRequested, Expr::value(true))
        .filter(maintenance::Column::ProjectId.eq(project))
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::InProgress))
        .exec(db)
        .await?;
    maintenance::Entity::update_many()
        .col_expr(maintenance::Column::Phase, Expr::value(MaintenancePhase::Cancelled))
        .col_expr(maintenance::Column::Cause, Expr::value(Sentence::said(cause)))
        .col_expr(maintenance::Column::FinishedAt, Expr::value(now))
        .filter(maintenance::Column::ProjectId.eq(project))
        .filter(maintenance::Column::Phase.eq(MaintenancePhase::Queued))
        .exec(db)
        .await?;
    Ok(())
}
