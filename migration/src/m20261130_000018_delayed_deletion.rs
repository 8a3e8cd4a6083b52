//! Deletion that waits. A backup is marked first and can be taken back until its time has come; a deleted policy stays as
//! long as it keeps a backup; a deleted project goes with its time. Backups can be kept on purpose, and say what is
//! unusual or incomplete about them.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Column by column, because SQLite adds one at a time.
const COLUMNS: [&str; 17] = [
    // When a marked backup is removed. What runs cannot be marked.
    "ALTER TABLE backup ADD COLUMN delete_after TIMESTAMP WITH TIME ZONE \
     CHECK (delete_after IS NULL OR phase NOT IN ('Queued', 'InProgress'))",
    // Who marked it; NULL where its retention had ended.
    "ALTER TABLE backup ADD COLUMN deleted_by VARCHAR CHECK (deleted_by IS NULL OR delete_after IS NOT NULL)",
    // Kept on purpose, whatever its retention.
    "ALTER TABLE backup ADD COLUMN kept_at TIMESTAMP WITH TIME ZONE \
     CHECK (kept_at IS NULL OR delete_after IS NULL)",
    "ALTER TABLE backup ADD COLUMN kept_by VARCHAR CHECK ((kept_by IS NULL) = (kept_at IS NULL))",
    "ALTER TABLE backup ADD COLUMN kept_note TEXT CHECK (kept_note IS NULL OR kept_at IS NOT NULL)",
    // How it differs from those before it; NULL where it does not.
    "ALTER TABLE backup ADD COLUMN unusual TEXT",
    "ALTER TABLE backup ADD COLUMN acknowledged_at TIMESTAMP WITH TIME ZONE \
     CHECK (acknowledged_at IS NULL OR unusual IS NOT NULL)",
    "ALTER TABLE backup ADD COLUMN acknowledged_by VARCHAR \
     CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL))",
    // When it was told that retention waits for somebody to acknowledge it.
    "ALTER TABLE backup ADD COLUMN reminded_at TIMESTAMP WITH TIME ZONE",
    // Files that changed while they were read.
    "ALTER TABLE backup ADD COLUMN changed JSONB NOT NULL DEFAULT '[]'",
    // Patterns that matched nothing.
    "ALTER TABLE backup ADD COLUMN unmatched JSONB NOT NULL DEFAULT '[]'",
    // A deleted policy: its backups go on being kept by its rules.
    "ALTER TABLE policy ADD COLUMN deleted_at TIMESTAMP WITH TIME ZONE \
     CHECK (deleted_at IS NULL OR next_run_at IS NULL)",
    "ALTER TABLE policy ADD COLUMN deleted_by VARCHAR CHECK ((deleted_by IS NULL) = (deleted_at IS NULL))",
    // Below how many percent of what they were its backups are unusual; 0 where none ever is.
    "ALTER TABLE policy ADD COLUMN unusual_below INTEGER NOT NULL DEFAULT 50 \
     CHECK (unusual_below >= 0 AND unusual_below <= 99)",
    // A deleted project, and whether its backups go with it.
    "ALTER TABLE project ADD COLUMN delete_after TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE project ADD COLUMN deleted_by VARCHAR CHECK ((deleted_by IS NULL) = (delete_after IS NULL))",
    "ALTER TABLE project ADD COLUMN deletes_backups BOOLEAN NOT NULL DEFAULT FALSE \
     CHECK (NOT deletes_backups OR delete_after IS NOT NULL)",
];

const INDEXES: [&str; 10] = [
    "DROP INDEX policy_name_unique",
    "CREATE UNIQUE INDEX policy_name_unique ON policy (project_id, name) WHERE deleted_at IS NULL",
    "CREATE INDEX policy_deleted ON policy (id) WHERE deleted_at IS NOT NULL",
    "DROP INDEX project_name_unique",
    "CREATE UNIQUE INDEX project_name_unique ON project (organization_id, name) WHERE delete_after IS NULL",
    "CREATE INDEX project_deleted ON project (delete_after) WHERE delete_after IS NOT NULL",
    "CREATE INDEX backup_deleted ON backup (delete_after) WHERE delete_after IS NOT NULL",
    "DROP INDEX backup_expiry",
    // What retention looks at.
    "CREATE INDEX backup_expiry ON backup (expires_at) WHERE delete_after IS NULL AND kept_at IS NULL",
    // The backups of a policy, for retention and its tombstone.
    "CREATE INDEX backup_of_policy ON backup (policy_id)",
];

const FORMER_INDEXES: [&str; 9] = [
    "DROP INDEX policy_name_unique",
    "CREATE UNIQUE INDEX policy_name_unique ON policy (project_id, name)",
    "DROP INDEX policy_deleted",
    "DROP INDEX project_name_unique",
    "CREATE UNIQUE INDEX project_name_unique ON project (organization_id, name)",
    "DROP INDEX project_deleted",
    "DROP INDEX backup_deleted",
    "DROP INDEX backup_expiry",
    "DROP INDEX backup_of_policy",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in COLUMNS.into_iter().chain(INDEXES) {
            db.execute_unprepared(&typed(statement, db.get_database_backend())).await?;
        }
        Ok(())
    }

    /// What was marked is there again. Stops where a name is taken by a deleted policy or project too.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in FORMER_INDEXES {
            db.execute_unprepared(statement).await?;
        }
        db.execute_unprepared("CREATE INDEX backup_expiry ON backup (expires_at)").await?;
        // Checks name columns that come before them.
        for statement in COLUMNS.into_iter().rev() {
            let mut words = statement.split_whitespace();
            let (table, column) = (words.nth(2).unwrap_or_default(), words.nth(2).unwrap_or_default());
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}

/// SQLite names its types otherwise.
fn typed(statement: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite => {
            statement.replace("TIMESTAMP WITH TIME ZONE", "timestamp_with_timezone_text").replace("JSONB", "jsonb_text")
        }
        _ => statement.to_owned(),
    }
}
