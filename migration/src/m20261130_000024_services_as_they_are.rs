//! What services need: how a credential connects to its service, and whether a run waits for one that is away; whether a
//! bucket keeps versions; how far the set-up of a project's backup has come; and to whom of several a message has not gone
//! yet.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: [&str; 9] = [
    "ALTER TABLE backup_credential ADD COLUMN addressing VARCHAR NOT NULL DEFAULT 'automatic' \
     CHECK (addressing IN ('automatic', 'path', 'host'))",
    "ALTER TABLE backup_credential ADD COLUMN ca_certificate TEXT CHECK (ca_certificate <> '')",
    "ALTER TABLE backup ADD COLUMN waiting_since TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE restore ADD COLUMN waiting_since TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE maintenance ADD COLUMN waiting_since TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE repository ADD COLUMN keeps_versions BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE repository ADD COLUMN noncurrent_bytes BIGINT CHECK (noncurrent_bytes >= 0)",
    "ALTER TABLE delivery ADD COLUMN refused TEXT",
    "CREATE TABLE set_up (
        project_id BIGINT NOT NULL PRIMARY KEY REFERENCES project (id) ON DELETE CASCADE,
        step VARCHAR NOT NULL CHECK (step IN ('Bucket', 'Access', 'Repository', 'Policy')),
        started_at TIMESTAMP WITH TIME ZONE NOT NULL,
        until TIMESTAMP WITH TIME ZONE NOT NULL,
        cause TEXT
    )",
];

const DOWN: [&str; 9] = [
    "DROP TABLE set_up",
    "ALTER TABLE delivery DROP COLUMN refused",
    "ALTER TABLE repository DROP COLUMN noncurrent_bytes",
    "ALTER TABLE repository DROP COLUMN keeps_versions",
    "ALTER TABLE maintenance DROP COLUMN waiting_since",
    "ALTER TABLE restore DROP COLUMN waiting_since",
    "ALTER TABLE backup DROP COLUMN waiting_since",
    "ALTER TABLE backup_credential DROP COLUMN ca_certificate",
    "ALTER TABLE backup_credential DROP COLUMN addressing",
];

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
