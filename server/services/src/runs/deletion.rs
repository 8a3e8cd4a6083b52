//! Deletes a backup: first its snapshot in the bucket, then its row.

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use crate::{
    context::Services,
    entity::backup,
    error::ServiceError,
    repositories,
    runs::{lease, maintenance_due, release::freed},
};

/// How long after a failure the deletion is tried again.
const PAUSE: TimeDelta = TimeDelta::minutes(5);

const SILENT: &str = "The S3 service did not answer in time. It is tried again";

/// Removing a snapshot that is gone already is no error, so a deletion that died half-way is simply done again.
pub async fn run(services: &Services, row: &backup::Model) -> Result<(), ServiceError> {
    let forgotten = tokio::time::timeout(lease::TURN, forget(services, row)).await;
    let cause = forgotten.map_or_else(
        |_| Some(SILENT.to_owned()),
        |forgotten| forgotten.err().map(|error| error.cause(("backup", row.id))),
    );
    match cause {
        None => {
            let now = services.clock().now();
            let tx = services.write().await?;
            maintenance_due::note_unneeded(&tx, row.repository_id, now).await?;
            if row.damaged {
                maintenance_due::verify_soon(&tx, row.repository_id, now).await?;
            }
            backup::Entity::delete_many()
                .filter(backup::Column::Id.eq(row.id))
                .filter(backup::Column::LeaseOwner.eq(services.node().id.as_str()))
                .exec(&tx)
                .await?;
            tx.commit().await?;
        }
        Some(cause) => {
            freed(backup::Entity::update_many(), backup::Column::LeaseOwner, backup::Column::LeaseUntil)
                .col_expr(backup::Column::NotBefore, Expr::value(services.clock().now() + PAUSE))
                .col_expr(backup::Column::Cause, Expr::value(cause))
                .filter(backup::Column::Id.eq(row.id))
                .filter(backup::Column::LeaseOwner.eq(services.node().id.as_str()))
                .exec(services.db())
                .await?;
        }
    }
    Ok(())
}

async fn forget(services: &Services, row: &backup::Model) -> Result<(), ServiceError> {
    let Some(snapshot) = row.snapshot.as_deref().and_then(|id| id.parse().ok()) else { return Ok(()) };
    let in_use = repositories::by_id(services.db(), row.repository_id).await?;
    Ok(repositories::open(services, &in_use).await?.forget(&[snapshot]).await?)
}
