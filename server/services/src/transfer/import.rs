//! The import.

use std::path::Path;

use sea_orm::{
    ConnectionTrait, DatabaseTransaction,
    sea_query::{Expr, Query},
};
use serde_json::Value as Json;

use super::{
    Imported, TransferError,
    file::{Head, Line, Reader, Section},
    record,
    tables::{self, Column, Table},
};
use crate::{
    account,
    audit::Deed,
    context::ServicesConfig,
    database, master_key,
    vault::{Vault, VaultError},
};

const IMPORTED: Deed = Deed::new("database imported");

/// Rows of one statement. SQLite takes 32,766 values in one, PostgreSQL twice as many.
const BATCH: usize = 200;

/// Reads `file` into an empty database: all of it, or nothing.
///
/// What was in progress comes with the lease that it had, which has run out: it goes back into the queue as after a crash.
pub async fn import(config: &ServicesConfig, file: &Path) -> Result<Imported, TransferError> {
    let (reader, head) = Reader::open(file)?;
    fits(file, &head)?;
    let rows = reader.verify()?;
    let key = &config.master_key_file;
    if !key.exists() {
        return Err(VaultError::Missing { path: key.clone() }.into());
    }
    let vault = Vault::open(key, false)?;
    let db = database::connect(&config.database_url).await?;
    // Before the schema is touched, which may be another version's.
    if !database::steps(&db).await?.is_empty() && account::exists(&db).await? {
        return Err(TransferError::NotEmpty);
    }
    database::migrate(&config.database_url, &config.data_dir).await?;

    let tx = database::begin_write(&db).await?;
    if account::exists(&tx).await? {
        return Err(TransferError::NotEmpty);
    }
    fill(&tx, file).await?;
    if !master_key::fits(&tx, &vault).await? {
        return Err(VaultError::WrongKey { path: key.clone() }.into());
    }
    record(&tx, config.clock.now(), IMPORTED).await?;
    tx.commit().await?;
    db.close().await?;
    Ok(Imported { rows, version: head.version, made_at: head.made_at })
}

fn fits(file: &Path, head: &Head) -> Result<(), TransferError> {
    let (ours, file, version) = (migration::steps(), file.to_owned(), head.version.clone());
    if head.schema.iter().any(|step| !ours.contains(step)) {
        return Err(TransferError::Newer { file, version });
    }
    if head.schema.len() < ours.len() {
        return Err(TransferError::Older { file, version });
    }
    Ok(())
}

/// Reads the rows into their tables.
async fn fill(tx: &DatabaseTransaction, file: &Path) -> Result<(), TransferError> {
    let (mut reader, _) = Reader::open(file)?;
    let mut filling: Option<Filling> = None;
    while let Some(line) = reader.next()? {
        match line {
            Line::Section(section) => {
                if let Some(filled) = filling.take() {
                    filled.finish(tx).await?;
                }
                filling = Some(Filling::of(&section).ok_or_else(|| reader.damaged())?);
            }
            Line::Row(row) => {
                let filling = filling.as_mut().ok_or_else(|| reader.damaged())?;
                filling.add(&row).ok_or_else(|| reader.damaged())?;
                filling.write(tx, BATCH).await?;
            }
        }
    }
    match filling {
        Some(filled) => filled.finish(tx).await,
        None => Err(reader.damaged()),
    }
}

/// A table that is being filled.
struct Filling {
    table: Table,
    /// In the order of the file.
    columns: Vec<Column>,
    /// Read and not yet written.
    rows: Vec<Vec<Expr>>,
    last_id: i64,
}

impl Filling {
    /// `None` where the table or its columns are not ours.
    fn of(section: &Section) -> Option<Self> {
        let table = tables::exported().into_iter().find(|table| table.name == section.table)?;
        let column = |name: &String| table.columns.iter().find(|column| column.name == name).copied();
        let columns: Vec<_> = section.columns.iter().map(column).collect::<Option<_>>()?;
        let complete = columns.len() == table.columns.len();
        complete.then_some(Self { table, columns, rows: Vec::new(), last_id: section.last_id })
    }

    /// `None` where the values are not those of the columns.
    fn add(&mut self, row: &[Json]) -> Option<()> {
        if row.len() != self.columns.len() {
            return None;
        }
        let id = self.columns.iter().position(|column| column.name == "id").and_then(|place| row[place].as_i64());
        self.last_id = self.last_id.max(id.unwrap_or_default());
        let values = self.columns.iter().zip(row).map(|(column, value)| column.kind.value(value).map(Expr::val));
        self.rows.push(values.collect::<Option<_>>()?);
        Some(())
    }

    /// Writes what was read, if it is at least so much.
    async fn write(&mut self, tx: &DatabaseTransaction, at_least: usize) -> Result<(), TransferError> {
        if self.rows.len() < at_least {
            return Ok(());
        }
        let mut insert = Query::insert();
        insert.into_table(self.table.name).columns(self.columns.iter().map(|column| column.name));
        for row in self.rows.drain(..) {
            insert.values_panic(row);
        }
        match tx.execute(&insert).await {
            // Somebody's first run was faster.
            Err(error) if self.table.name == "account" && database::is_unique_violation(&error) => {
                Err(TransferError::NotEmpty)
            }
            written => Ok(written.map(drop)?),
        }
    }

    async fn finish(mut self, tx: &DatabaseTransaction) -> Result<(), TransferError> {
        self.write(tx, 1).await?;
        Ok(self.table.count_on(tx, self.last_id).await?)
    }
}
