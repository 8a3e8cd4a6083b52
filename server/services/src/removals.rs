//! Removals of deleted projects' backups that the service does not let happen: tried again, or given up.

use model::{form::Done, ids::OrganizationId, permission::Action, project::RemovalRef};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::json;

use crate::{
    acting::Acting,
    audit::{self, Deed, Subject},
    context::Services,
    entity::{organization, removal},
    error::{Refusal, ServiceError},
    organizations, wake,
};

const REMOVAL_GIVEN_UP: Deed = Deed::new("backups of a deleted project left in the bucket");

/// Why a removal cannot be given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemovalConflict {
    #[error("{}", tr!("It is being tried at this moment. Give it up when that has ended, in some minutes at the latest"))]
    IsTried,
}

impl Refusal for RemovalConflict {}

/// Where what failed stands.
const PAGE: &str = "/";

/// Has it tried at once, rather than at its next time.
pub async fn retry(acting: &Acting, services: &Services, form: &RemovalRef) -> Result<Done, ServiceError> {
    let tx = services.write().await?;
    let row = find(acting, &tx, form).await?;
    let name = row.project_name.clone();
    let mut change = row.into_active_model();
    change.not_before = Set(services.clock().now());
    change.update(&tx).await?;
    tx.commit().await?;
    wake::one(services).await;
    Ok(Done::new(tr!("Removing the backups of {} is tried again", name), PAGE))
}

/// Forgets it. What is still in the bucket stays there, and the answer says where.
pub async fn give_up(acting: &Acting, services: &Services, form: &RemovalRef) -> Result<Done, ServiceError> {
    let now = services.clock().now();
    let tx = services.write().await?;
    let row = find(acting, &tx, form).await?;
    if row.lease_until.is_some_and(|until| until > now) {
        return Err(RemovalConflict::IsTried.into());
    }
    removal::Entity::delete_by_id(row.id).exec(&tx).await?;
    let place = json!({ "bucket": row.bucket, "prefix": row.prefix });
    audit::record(&tx, acting, now, REMOVAL_GIVEN_UP, subject(&row), place).await?;
    tx.commit().await?;
    let message = if row.prefix.is_empty() {
        tr!(
            "Given up. What is left of the backups of {} stays in the bucket {}. Delete it at the service",
            row.project_name,
            row.bucket,
        )
    } else {
        tr!(
            "Given up. What is left of the backups of {} stays in the bucket {} below {}. Delete it at the service",
            row.project_name,
            row.bucket,
            row.prefix,
        )
    };
    Ok(Done::new(message, PAGE))
}

/// What the audit log says of it: the project, which is gone.
pub(crate) fn subject(row: &removal::Model) -> Subject<'_> {
    Subject { kind: "project", id: row.id, name: &row.project_name, organization: OrganizationId(row.organization_id) }
}

/// One that the person may see and end.
async fn find(acting: &Acting, db: &impl ConnectionTrait, form: &RemovalRef) -> Result<removal::Model, ServiceError> {
    let id = form.removal().map_err(|_| ServiceError::NotFound)?;
    let row = removal::Entity::find_by_id(id.0).one(db).await?.ok_or(ServiceError::NotFound)?;
    let home = organization::Entity::find_by_id(row.organization_id).one(db).await?.ok_or(ServiceError::NotFound)?;
    acting.may(Action::ManageProjects, organizations::owner(&home))?;
    Ok(row)
}
