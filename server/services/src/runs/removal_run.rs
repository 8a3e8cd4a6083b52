//! Removes the backups of a deleted project from the bucket.

use chrono::TimeDelta;
use engine::{Repository, S3};
use model::ids::{AccountId, OrganizationId};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{
    audit::{self, Author, Deed, Subject},
    context::Services,
    entity::{backup_credential, organization, removal},
    error::ServiceError,
    repositories,
    runs::{lease, release::freed},
};

const BACKUPS_REMOVED: Deed = Deed::new("backups of a deleted project removed from the bucket");
const BACKUPS_NOT_REMOVED: Deed = Deed::new("backups of a deleted project could not be removed from the bucket");

/// How long after a failure the removal is tried again.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// One turn, after which the next one goes on. Removing what is gone already is no error, so a removal that died half-way is simply done again.
pub async fn run(services: &Services, row: &removal::Model) -> Result<(), ServiceError> {
    let removed = tokio::time::timeout(lease::TURN, remove(services, row)).await;
    let held = removal::Column::LeaseOwner.eq(services.node().id.as_str());
    let tx = services.write().await?;
    match removed {
        Ok(Ok(())) => {
            let done =
                removal::Entity::delete_many().filter(removal::Column::Id.eq(row.id)).filter(held).exec(&tx).await?;
            // Where the lease was lost meanwhile, another process tells of it.
            if done.rows_affected > 0 {
                record(&tx, services, row, BACKUPS_REMOVED).await?;
            }
        }
        Ok(Err(error)) => {
            let cause = error.cause(("removal", row.id));
            let first = row.cause.is_none();
            let told = freed(removal::Entity::update_many(), removal::Column::LeaseOwner, removal::Column::LeaseUntil)
                .col_expr(removal::Column::NotBefore, Expr::value(services.clock().now() + PAUSE))
                .col_expr(removal::Column::Cause, Expr::value(cause))
                .filter(removal::Column::Id.eq(row.id))
                .filter(held)
                .exec(&tx)
                .await?;
            if first && told.rows_affected > 0 {
                record(&tx, services, row, BACKUPS_NOT_REMOVED).await?;
            }
        }
        Err(_) => {
            freed(removal::Entity::update_many(), removal::Column::LeaseOwner, removal::Column::LeaseUntil)
                .filter(removal::Column::Id.eq(row.id))
                .filter(held)
                .exec(&tx)
                .await?;
        }
    }
    Ok(tx.commit().await?)
}

async fn remove(services: &Services, row: &removal::Model) -> Result<(), ServiceError> {
    let credential = backup_credential::Entity::find_by_id(row.backup_credential_id).one(services.db()).await?;
    let credential = credential.ok_or(ServiceError::NotFound)?;
    let s3 = S3::connect(&repositories::access(services, &credential)?, services.network());
    Ok(Repository::remove(&s3, &row.bucket, &row.prefix).await?)
}

async fn record(
    db: &impl sea_orm::ConnectionTrait,
    services: &Services,
    row: &removal::Model,
    deed: Deed,
) -> Result<(), DbErr> {
    let home = organization::Entity::find_by_id(row.organization_id).one(db).await?;
    let account = home.ok_or_else(|| DbErr::RecordNotFound("the organization of a removal".to_owned()))?.account_id;
    let subject = Subject {
        kind: "project",
        id: row.id,
        name: &row.project_name,
        organization: OrganizationId(row.organization_id),
    };
    let author = Author::schedule(AccountId(account));
    audit::record(db, author, services.clock().now(), deed, subject, serde_json::json!({ "bucket": row.bucket })).await
}
