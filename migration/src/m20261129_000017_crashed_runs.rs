//! How many processes a run has not survived. It is tried once more, alone on its node, and then given up.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLES: [&str; 3] = ["backup", "restore", "maintenance"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for table in TABLES {
            let column =
                format!("ALTER TABLE {table} ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0 CHECK (crashes >= 0)");
            db.execute_unprepared(&column).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for table in TABLES {
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN crashes")).await?;
        }
        Ok(())
    }
}
