//! A delivery may tell that a backup is unusual.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

const BEFORE: &str = "'damage', 'digest'";
const AFTER: &str = "'damage', 'unusual', 'digest'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        replace(manager, BEFORE, AFTER).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DELETE FROM delivery WHERE kind = 'unusual'").await?;
        replace(manager, AFTER, BEFORE).await
    }
}

async fn replace(manager: &SchemaManager<'_>, from: &str, to: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Sqlite {
        return rebuild(manager, from, to).await;
    }
    let kinds = format!("'failure', 'recovery', 'overdue', {to}, 'test', 'ping-start', 'ping-success', 'ping-fail'");
    let db = manager.get_connection();
    db.execute_unprepared("ALTER TABLE delivery DROP CONSTRAINT delivery_kind_check").await?;
    let check = format!("ALTER TABLE delivery ADD CONSTRAINT delivery_kind_check CHECK (kind IN ({kinds}))");
    db.execute_unprepared(&check).await.map(drop)
}

/// SQLite changes no constraint, so the table is made anew as it was, with the new list in it, and takes over the rows.
/// No other table refers to it. <https://www.sqlite.org/lang_altertable.html#otheralter>
async fn rebuild(manager: &SchemaManager<'_>, from: &str, to: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let table = definitions(db, "table").await?.pop().unwrap_or_default();
    let indexes = definitions(db, "index").await?;
    if !table.contains(from) {
        return Err(DbErr::Migration(format!("the table delivery has no list with {from}: {table}")));
    }
    let made = table.replacen("\"delivery\"", "\"new_delivery\"", 1).replace(from, to);
    db.execute_unprepared(&made).await?;
    db.execute_unprepared("INSERT INTO new_delivery SELECT * FROM delivery").await?;
    db.execute_unprepared("DROP TABLE delivery").await?;
    db.execute_unprepared("ALTER TABLE new_delivery RENAME TO delivery").await?;
    for index in indexes {
        db.execute_unprepared(&index).await?;
    }
    Ok(())
}

/// The statements that made the table, or its indexes.
async fn definitions(db: &SchemaManagerConnection<'_>, kind: &str) -> Result<Vec<String>, DbErr> {
    let asked = Query::select()
        .column("sql")
        .from("sqlite_master")
        .and_where(Expr::col("tbl_name").eq("delivery"))
        .and_where(Expr::col("type").eq(kind))
        .and_where(Expr::col("sql").is_not_null())
        .take();
    let rows = db.query_all(&asked).await?;
    rows.iter().map(|row| row.try_get("", "sql")).collect()
}
