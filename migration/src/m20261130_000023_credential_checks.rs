//! When a credential's keys were tried last, and what was wrong with them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: [&str; 2] = [
    "ALTER TABLE backup_credential ADD COLUMN checked_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE backup_credential ADD COLUMN check_failure VARCHAR \
     CHECK (check_failure IS NULL OR checked_at IS NOT NULL)",
];

const DOWN: [&str; 2] =
    ["ALTER TABLE backup_credential DROP COLUMN check_failure", "ALTER TABLE backup_credential DROP COLUMN checked_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in UP {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
