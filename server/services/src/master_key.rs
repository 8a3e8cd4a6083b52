//! The master key and the secrets that are sealed under it: the check at start, and the change of the key.

use std::{path::PathBuf, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Order,
    sea_query::{Expr, ExprTrait, Query},
};
use tokio::time::Instant;

use crate::{
    context::Services,
    error::ServiceError,
    vault::{Purpose, Vault, VaultError},
};

/// Sealed texts that one transaction works on. A short transaction lets others in between.
const BATCH: u64 = 100;

/// Whoever seals a secret has changed one of these tables, or locked a row of `organization`.
const LOCK: &str = "LOCK TABLE organization, backup_credential, repository, project, policy, notification_channel, \
                    second_factor IN EXCLUSIVE MODE NOWAIT";

/// How long the tables may be busy, and how long after each try.
const TIMEOUT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(100);

/// A row's id and its sealed text.
type Sealed = (i64, Vec<u8>);

/// What a change of the master key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Secrets that were sealed anew.
    pub sealed: u64,
    /// The file with the keys from before.
    pub retired: PathBuf,
}

impl Services {
    /// A transaction that seals a secret. It fails where the database holds secrets that this node's master key does not
    /// open: what the node sealed would be lost to all others. Nodes that are started on an empty database with a key
    /// each, or one whose key file was forgotten when the key was changed, find out here.
    pub(crate) async fn write_secrets(&self) -> Result<DatabaseTransaction, ServiceError> {
        let tx = self.write().await?;
        if !self.has_other_nodes() || fits(&tx, self.vault()).await? {
            return Ok(tx);
        }
        // Once more: what was read may have been sealed under a key that was retired in the same moment.
        if !fits(&tx, self.vault()).await? {
            return Err(VaultError::WrongKey { path: self.config().master_key_file.clone() }.into());
        }
        Ok(tx)
    }
}

/// Whether the database holds anything that a master key sealed.
pub async fn seals_something(db: &impl ConnectionTrait) -> Result<bool, DbErr> {
    for purpose in Purpose::ALL {
        if !batch(db, purpose, 0, Order::Asc, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the keys in the vault's file open the oldest and the newest secret of each kind.
pub async fn fits(db: &impl ConnectionTrait, vault: &Vault) -> Result<bool, DbErr> {
    for purpose in Purpose::ALL {
        for order in [Order::Asc, Order::Desc] {
            for (id, sealed) in batch(db, purpose, 0, order.clone(), 1).await? {
                if !vault.is_current(purpose, id, &sealed).unwrap_or_default() {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// Seals everything under a new master key, while the server may be running.
///
/// The new key comes into the file before the old one, so that both open; whoever seals reads the file and takes the
/// new one. What is sealed under the old one is sealed anew, and then the old key goes. Killed at any time, the command
/// goes on where it was when it is given again.
pub async fn rotate(services: &Services) -> Result<Rotation, ServiceError> {
    services.vault().add_key()?;
    let mut sealed = 0;
    for purpose in Purpose::ALL {
        sealed += seal_anew(services, purpose).await?;
    }
    let (late, retired) = finish(services).await?;
    Ok(Rotation { sealed: sealed + late, retired })
}

/// Batch by batch, each in a transaction of its own.
async fn seal_anew(services: &Services, purpose: Purpose) -> Result<u64, ServiceError> {
    let (mut after, mut sealed) = (0, 0);
    loop {
        let tx = services.write().await?;
        let rows = batch(&tx, purpose, after, Order::Asc, BATCH).await?;
        let Some((last, _)) = rows.last() else { return Ok(sealed) };
        after = *last;
        sealed += seal_rows(&tx, services.vault(), purpose, &rows).await?;
        tx.commit().await?;
    }
}

/// What somebody sealed under the old key who had looked at the file before it changed. With the tables locked there is
/// nobody in the middle of that, so nothing is left behind when the old key goes.
async fn finish(services: &Services) -> Result<(u64, PathBuf), ServiceError> {
    let tx = alone(services).await?;
    let mut sealed = 0;
    for purpose in Purpose::ALL {
        let mut after = 0;
        loop {
            let rows = batch(&tx, purpose, after, Order::Asc, BATCH).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            sealed += seal_rows(&tx, services.vault(), purpose, &rows).await?;
        }
    }
    // First on the disk: an old key that is gone too early is worse than one that stays.
    tx.commit().await?;
    Ok((sealed, services.vault().retire_keys()?))
}

/// A transaction beside which nobody changes a secret.
async fn alone(services: &Services) -> Result<DatabaseTransaction, DbErr> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let tx = services.write().await?;
        // SQLite has one writer, and that is this transaction.
        if tx.get_database_backend() != DbBackend::Postgres {
            return Ok(tx);
        }
        // Without waiting: two that each wait for a table of the other's would be stuck.
        match tx.execute_unprepared(LOCK).await {
            Ok(_) => return Ok(tx),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => tx.rollback().await?,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn seal_rows(
    db: &impl ConnectionTrait,
    vault: &Vault,
    purpose: Purpose,
    rows: &[Sealed],
) -> Result<u64, ServiceError> {
    let (table, column) = purpose.place();
    let mut changed = 0;
    for (id, sealed) in rows.iter().filter(|(id, sealed)| !vault.is_newest(purpose, *id, sealed)) {
        let secret = vault.open_sealed(purpose, *id, sealed)?;
        let anew = vault.seal(purpose, *id, secret.expose())?;
        let update = Query::update()
            .table(table)
            .value(column, anew)
            .and_where(Expr::col("id").eq(*id))
            // Unless somebody changed the secret meanwhile.
            .and_where(Expr::col(column).eq(sealed.clone()))
            .to_owned();
        changed += db.execute(&update).await?.rows_affected();
    }
    Ok(changed)
}

/// Sealed texts of rows after an id. Rows that are reserved and have none yet are left out.
async fn batch(
    db: &impl ConnectionTrait,
    purpose: Purpose,
    after: i64,
    order: Order,
    most: u64,
) -> Result<Vec<Sealed>, DbErr> {
    let (table, column) = purpose.place();
    let select = Query::select()
        .columns(["id", column])
        .from(table)
        .and_where(Expr::col("id").gt(after))
        .and_where(Expr::col(column).is_not_null())
        .order_by("id", order)
        .limit(most)
        .to_owned();
    let rows = db.query_all(&select).await?.into_iter();
    let rows = rows.map(|row| Ok((row.try_get("", "id")?, row.try_get("", column)?)));
    rows.filter(|row: &Result<Sealed, DbErr>| !matches!(row, Ok((_, sealed)) if sealed.is_empty())).collect()
}
