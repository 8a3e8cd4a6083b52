//! The state of a project: locked or not.

use model::{follow::Reversal, form::Done, permission::Action, project::ProjectRef};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

use super::{find, subject};
use crate::{
    acting::Acting,
    audit::{self, Deed},
    context::Services,
    error::ServiceError,
    projects::ProjectConflict,
};

const PROJECT_LOCKED: Deed = Deed::new("project locked");
const PROJECT_UNLOCKED: Deed = Deed::new("project unlocked");

/// Locks the project: nothing of it can be changed. Its scheduled backups go on.
pub async fn lock(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    set_locked(acting, services, form, true).await
}

/// Unlocks the project.
pub async fn unlock(acting: &Acting, services: &Services, form: &ProjectRef) -> Result<Done, ServiceError> {
    set_locked(acting, services, form, false).await
}

async fn set_locked(
    acting: &Acting,
    services: &Services,
    form: &ProjectRef,
    locked: bool,
) -> Result<Done, ServiceError> {
    let id = form.project().map_err(|_| ServiceError::NotFound)?;
    let tx = services.write().await?;
    let (row, _) = find(acting, &tx, Action::ManageProjects, id).await?;
    match (row.locked, locked) {
        (true, true) => return Err(ProjectConflict::ProjectAlreadyLocked.into()),
        (false, false) => return Err(ProjectConflict::ProjectAlreadyUnlocked.into()),
        _ => {}
    }
    let mut change = row.clone().into_active_model();
    change.locked = Set(locked);
    change.update(&tx).await?;
    let deed = if locked { PROJECT_LOCKED } else { PROJECT_UNLOCKED };
    audit::record(&tx, acting, services.clock().now(), deed, subject(&row), audit::no_changes()).await?;
    tx.commit().await?;
    let (message, undo) = if locked {
        (tr!("Project {} locked", row.name), Reversal::UnlockProject(id))
    } else {
        (tr!("Project {} unlocked", row.name), Reversal::LockProject(id))
    };
    Ok(Done::new(message, format!("/projects/{id}/settings")).or_undo(undo))
}
