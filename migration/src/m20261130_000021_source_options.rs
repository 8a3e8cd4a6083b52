//! What a policy leaves out of a directory beside its patterns, what that came to, and how owners are restored; copies of
//! what opens repositories.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Column by column, because SQLite adds one at a time.
const COLUMNS: [&str; 6] = [
    "ALTER TABLE policy ADD COLUMN source_options JSONB NOT NULL DEFAULT '{}'",
    "ALTER TABLE backup ADD COLUMN source_options JSONB NOT NULL DEFAULT '{}'",
    // Files that were left out because they are larger than the policy takes them.
    "ALTER TABLE backup ADD COLUMN too_large_files BIGINT NOT NULL DEFAULT 0 CHECK (too_large_files >= 0)",
    "ALTER TABLE backup ADD COLUMN too_large_bytes BIGINT NOT NULL DEFAULT 0 CHECK (too_large_bytes >= 0)",
    // Owners by their names, in place of their numbers.
    "ALTER TABLE restore ADD COLUMN owners_by_name BOOLEAN NOT NULL DEFAULT FALSE",
    // A copy of the configuration and the keys, as they lie in the bucket: encrypted. NULL until there is one.
    "ALTER TABLE repository ADD COLUMN opening_files BLOB",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in COLUMNS {
            db.execute_unprepared(&typed(statement, db.get_database_backend())).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in COLUMNS {
            let mut words = statement.split_whitespace();
            let (table, column) = (words.nth(2).unwrap_or_default(), words.nth(2).unwrap_or_default());
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}

/// Each database names its types otherwise.
fn typed(statement: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite => statement.replace("JSONB", "jsonb_text"),
        _ => statement.replace("BLOB", "BYTEA"),
    }
}
