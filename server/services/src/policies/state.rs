//! A policy's schedule: paused, resumed, run at once.

use model::{
    follow::Reversal,
    form::Done,
    ids::{OrganizationId, PolicyId, RepositoryId},
    policy::PolicyRef,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};
use serde_json::json;

use super::{find, find_unlocked, named, schedules, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    backups,
    context::Services,
    error::ServiceError,
    notifications::overdue,
    policies::PolicyConflict,
    repositories::{self, RepositoryConflict},
    runs::queue::{self, Place},
    schedule, wake,
};

const POLICY_PAUSED: Deed = Deed::new("policy paused");
const POLICY_RESUMED: Deed = Deed::new("policy resumed");
const BACKUP_REQUESTED: Deed = Deed::new("backup requested");

/// Pauses the schedule: nothing is started by itself any more, not even another try of a failed run. What waits or runs
/// goes on.
pub async fn pause(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    set_paused(acting, services, form, true).await
}

/// Resumes the schedule at its next time. What was missed meanwhile is not made good.
pub async fn resume(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    set_paused(acting, services, form, false).await
}

async fn set_paused(
    acting: &Acting,
    services: &Services,
    form: &PolicyRef,
    paused: bool,
) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find_unlocked(acting, &tx, named(form)?).await?;
    match (row.paused, paused) {
        (true, true) => return Err(PolicyConflict::ScheduleAlreadyPaused.into()),
        (false, false) => return Err(PolicyConflict::ScheduleNotPaused.into()),
        _ => {}
    }
    let now = services.clock().now();
    let mut change = row.clone().into_active_model();
    change.paused = Set(paused);
    change.next_run_at = Set(if paused { None } else { schedule::next_run(&row, now) });
    change.overdue_at = Set(if paused { None } else { overdue::promised(&row, now) });
    change.overdue_told_at = Set(None);
    change.update(&tx).await?;
    if paused {
        queue::forgo_retries(&tx, services, vec![row.id], now).await?;
    }
    let deed = if paused { POLICY_PAUSED } else { POLICY_RESUMED };
    audit::record(&tx, acting, now, deed, subject(&row, &project), audit::no_changes()).await?;
    tx.commit().await?;
    let id = PolicyId(row.id);
    let (message, undo) = if paused {
        (tr!("Policy {} paused", row.name), Reversal::ResumePolicy(id))
    } else {
        (tr!("Policy {} resumed", row.name), Reversal::PausePolicy(id))
    };
    Ok(Done::new(message, schedules(project.id)).or_undo(undo))
}

/// Queues a backup with what the policy includes and as long as it keeps.
pub async fn run_now(acting: &Acting, services: &Services, form: &PolicyRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let (row, project) = find(acting, &tx, named(form)?).await?;
    let in_use = repositories::of_project(&tx, project.id).await?.ok_or(RepositoryConflict::BackupDisabled)?;
    if queue::has_waiting(&tx, project.id).await? {
        return Err(PolicyConflict::BackupAlreadyQueued.into());
    }
    let now = services.clock().now();
    let place =
        Place { organization: OrganizationId(project.organization_id), repository: RepositoryId(in_use.repository.id) };
    let queued = queue::manual(&tx, services, &row, place, &acting.actor.email).await?;
    audit::record(&tx, acting, now, BACKUP_REQUESTED, subject(&row, &project), json!({ "backup": queued.name }))
        .await?;
    tx.commit().await?;
    wake::one(services).await;
    Ok(Done::new(tr!("Backup {} queued", queued.name), backups::tab(project.id)))
}
