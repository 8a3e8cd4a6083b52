//! Claiming rows of queues, so that each goes to one process.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QuerySelect, Select,
    sea_query::{LockBehavior, LockType},
};

/// Locks the first of what waits, if any, in a transaction that is still to be committed. On PostgreSQL it passes over
/// what another node is just claiming.
pub async fn lock_first<E: EntityTrait>(
    db: &DatabaseConnection,
    waiting: Select<E>,
) -> Result<Option<(DatabaseTransaction, E::Model)>, DbErr> {
    // Mostly nothing waits, and looking takes no lock.
    if waiting.clone().one(db).await?.is_none() {
        return Ok(None);
    }
    let tx = super::begin_write(db).await?;
    let found = waiting.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).one(&tx).await?;
    Ok(found.map(|row| (tx, row)))
}

/// Changes a locked row into a claimed one; `None` where another node was faster with another one that excludes it.
pub async fn claim<E>(
    tx: &DatabaseTransaction,
    row: E::Model,
    change: impl FnOnce(&mut E::ActiveModel),
) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
{
    let mut claimed = row.into_active_model();
    change(&mut claimed);
    match claimed.update(tx).await {
        Err(error) if super::is_unique_violation(&error) => Ok(None),
        updated => updated.map(Some),
    }
}
