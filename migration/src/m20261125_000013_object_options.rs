//! How the service keeps what is written to a repository.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// NULL: as the bucket is set up.
const COLUMNS: [(&str, &str); 3] = [
    (
        "storage_class",
        "TEXT CHECK (storage_class IN ('STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'))",
    ),
    ("encryption", "TEXT CHECK (encryption IN ('AES256', 'aws:kms'))"),
    ("kms_key", "TEXT CHECK (kms_key IS NULL OR (encryption IS NOT NULL AND encryption = 'aws:kms'))"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, kind) in COLUMNS {
            let statement = format!("ALTER TABLE repository ADD COLUMN {column} {kind}");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, _) in COLUMNS.into_iter().rev() {
            let statement = format!("ALTER TABLE repository DROP COLUMN {column}");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}
