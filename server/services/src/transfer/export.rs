//! The export.

use std::path::Path;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel,
    TransactionOptions, TransactionTrait,
};
use serde_json::Value as Json;

use super::{
    Exported, TransferError,
    file::{Head, Section, Writer},
    record,
    tables::{self, Table},
};
use crate::{
    account,
    audit::Deed,
    context::ServicesConfig,
    database, master_key,
    vault::{Vault, VaultError},
};

const EXPORTED: Deed = Deed::new("database exported");

/// Rows that are in memory at the same time.
const BATCH: u64 = 500;

/// Writes all that is in the database to `file`, as it was at one moment. The server may be running; the schema is left
/// as it is.
pub async fn export(config: &ServicesConfig, file: &Path) -> Result<Exported, TransferError> {
    let db = database::connect_existing(&config.database_url).await?;
    if database::steps(&db).await? != migration::steps() {
        return Err(TransferError::Schema);
    }
    if !account::exists(&db).await? {
        return Err(TransferError::NoAccount);
    }
    // An export is worth nothing with a key that does not open it: better told now than when it is needed.
    let key = &config.master_key_file;
    if !master_key::fits(&db, &Vault::open(key, false)?).await? {
        return Err(VaultError::WrongKey { path: key.clone() }.into());
    }
    let now = config.clock.now();
    let mut writer = Writer::create(file, &Head::new(now))?;
    let tx = one_moment(&db).await?;
    for table in tables::exported() {
        write(&tx, &table, &mut writer).await?;
    }
    tx.commit().await?;
    let (rows, bytes) = writer.finish()?;
    record(&db, now, EXPORTED).await?;
    db.close().await?;
    Ok(Exported { rows, bytes })
}

/// A transaction that sees the database as it is at its first statement.
async fn one_moment(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        // Every transaction of SQLite does.
        return db.begin().await;
    }
    let options = TransactionOptions {
        isolation_level: Some(IsolationLevel::RepeatableRead),
        access_mode: Some(AccessMode::ReadOnly),
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await
}

async fn write(tx: &DatabaseTransaction, table: &Table, writer: &mut Writer) -> Result<(), TransferError> {
    writer.section(&Section {
        table: table.name.to_owned(),
        columns: table.columns.iter().map(|column| column.name.to_owned()).collect(),
        last_id: table.last_id(tx).await?,
    })?;
    let mut last: Option<Vec<Json>> = None;
    loop {
        let rows = tx.query_all(&table.after(last.as_deref(), BATCH)).await?;
        for row in &rows {
            let values = table.columns.iter().map(|column| column.kind.read(row, column.name));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            writer.row(&values)?;
            last = Some(table.key_of(&values));
        }
        if (rows.len() as u64) < BATCH {
            return Ok(());
        }
    }
}
