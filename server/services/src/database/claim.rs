//! Claiming rows of queues, so that each goes to one process.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait,
    IntoActiveModel, QuerySelect, Select,
    sea_query::{LockBehavior, LockType},
};

/// That whatever waits may be claimed.
pub async fn always<M>(_: &DatabaseTransaction, _: &M) -> Result<bool, DbErr> {
    Ok(true)
}

/// Claims the first of what waits, if any and if it still `may` be claimed, in a transaction that is still to be
/// committed. On PostgreSQL it passes over what another node is just claiming; `None` also where another node was faster.
pub async fn first<E>(
    db: &DatabaseConnection,
    waiting: Select<E>,
    may: impl AsyncFnOnce(&DatabaseTransaction, &E::Model) -> Result<bool, DbErr>,
    claim: impl FnOnce(&mut E::ActiveModel),
) -> Result<Option<(DatabaseTransaction, E::Model)>, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
{
    // Mostly nothing waits, and looking takes no lock.
    if waiting.clone().one(db).await?.is_none() {
        return Ok(None);
    }
    let tx = super::begin_write(db).await?;
    let found = waiting.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).one(&tx).await?;
    let Some(row) = found else { return Ok(None) };
    if !may(&tx, &row).await? {
        return Ok(None);
    }
    let mut claimed = row.into_active_model();
    claim(&mut claimed);
    let row = match claimed.update(&tx).await {
        // Another node has just claimed another run of the project.
        Err(error) if super::is_unique_violation(&error) => return Ok(None),
        updated => updated?,
    };
    Ok(Some((tx, row)))
}
