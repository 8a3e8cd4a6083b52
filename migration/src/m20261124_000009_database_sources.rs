//! PostgreSQL databases as sources, and restores into databases.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bytes = if manager.get_database_backend() == DbBackend::Sqlite { "blob" } else { "bytea" };
        let sealed = format!(
            // A database's URL holds its password: it is sealed, and it is there for databases alone.
            "ALTER TABLE project ADD COLUMN source_url_sealed {bytes} \
             CHECK ((source_url_sealed IS NOT NULL) = (source_kind = 'postgresql'))"
        );
        for step in [
            // SQLite cannot change a check, so the column gives way to one with a wider check.
            "ALTER TABLE project ADD COLUMN source_type varchar NOT NULL DEFAULT 'directory' \
             CHECK (source_type IN ('directory', 'postgresql'))",
            "ALTER TABLE project DROP COLUMN source_kind",
            "ALTER TABLE project RENAME COLUMN source_type TO source_kind",
            &sealed,
            "ALTER TABLE restore ADD COLUMN target_kind varchar NOT NULL DEFAULT 'directory' \
             CHECK (target_kind = 'directory' OR (target_kind = 'new-database' AND on_conflict = 'skip') \
             OR (target_kind = 'original-database' AND on_conflict = 'overwrite'))",
            // Two restores into one database would be one that nobody asked for.
            "CREATE UNIQUE INDEX restore_into_database_unique ON restore (project_id, target) \
             WHERE target_kind <> 'directory' AND phase IN ('Queued', 'InProgress')",
        ] {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }

    /// Stops where there is a project of a database: the schema before has no place for it.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for step in [
            "DROP INDEX restore_into_database_unique",
            "ALTER TABLE restore DROP COLUMN target_kind",
            "ALTER TABLE project ADD COLUMN source_type varchar CHECK (source_type IN ('directory'))",
            "UPDATE project SET source_type = source_kind",
            "ALTER TABLE project DROP COLUMN source_url_sealed",
            "ALTER TABLE project DROP COLUMN source_kind",
            "ALTER TABLE project RENAME COLUMN source_type TO source_kind",
        ] {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }
}
