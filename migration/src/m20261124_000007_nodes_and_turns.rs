//! Several nodes, turns between organizations, and policies that can be edited.

use sea_orm_migration::{
    prelude::*,
    schema::{boolean, integer, string, timestamp_with_time_zone},
    sea_orm::DbBackend,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Column by column, because SQLite adds one at a time.
const COLUMNS: [&str; 11] = [
    // The node that has a directory. NULL: any node may take the project's runs.
    "ALTER TABLE project ADD COLUMN node TEXT",
    // The organization of the project, which never changes: turns are taken by it.
    "ALTER TABLE backup ADD COLUMN organization_id BIGINT REFERENCES organization (id)",
    "ALTER TABLE policy ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
    "ALTER TABLE policy ADD COLUMN modified_by TEXT",
    "ALTER TABLE policy ADD COLUMN modified_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE policy ADD COLUMN keep_last INTEGER NOT NULL DEFAULT 0 CHECK (keep_last >= 0)",
    "ALTER TABLE policy ADD COLUMN keep_hourly INTEGER NOT NULL DEFAULT 0 CHECK (keep_hourly >= 0)",
    "ALTER TABLE policy ADD COLUMN keep_daily INTEGER NOT NULL DEFAULT 0 CHECK (keep_daily >= 0)",
    "ALTER TABLE policy ADD COLUMN keep_weekly INTEGER NOT NULL DEFAULT 0 CHECK (keep_weekly >= 0)",
    "ALTER TABLE policy ADD COLUMN keep_monthly INTEGER NOT NULL DEFAULT 0 CHECK (keep_monthly >= 0)",
    "ALTER TABLE policy ADD COLUMN keep_yearly INTEGER NOT NULL DEFAULT 0 CHECK (keep_yearly >= 0)",
];

const REST: [&str; 5] = [
    "UPDATE backup SET organization_id = (SELECT organization_id FROM project WHERE project.id = backup.project_id)",
    "UPDATE policy SET next_run_at = NULL WHERE paused",
    // Workers look here for the next run of an organization; the old index knew nothing of organizations.
    "DROP INDEX backup_waiting",
    "CREATE INDEX backup_waiting ON backup (organization_id, not_before) WHERE phase = 'Queued'",
    // Whose turn it is: the organization whose last start is longest ago.
    "CREATE INDEX backup_turn ON backup (organization_id, started_at)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in COLUMNS.into_iter().chain(REST) {
            db.execute_unprepared(&typed(statement, db.get_database_backend())).await?;
        }
        if db.get_database_backend() == DbBackend::Postgres {
            // SQLite cannot say it of a column that is added.
            db.execute_unprepared("ALTER TABLE backup ALTER COLUMN organization_id SET NOT NULL").await?;
        }
        manager.create_table(node()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("node").to_owned()).await?;
        let db = manager.get_connection();
        for statement in [
            "DROP INDEX backup_turn",
            "DROP INDEX backup_waiting",
            "CREATE INDEX backup_waiting ON backup (not_before) WHERE phase = 'Queued'",
        ] {
            db.execute_unprepared(statement).await?;
        }
        for statement in COLUMNS {
            let mut words = statement.split(' ');
            let (table, column) = (words.nth(2).unwrap_or_default(), words.nth(2).unwrap_or_default());
            db.execute_unprepared(&format!("ALTER TABLE {table} DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}

/// SQLite names its types otherwise.
fn typed(statement: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite => statement.replace("TIMESTAMP WITH TIME ZONE", "timestamp_with_timezone_text"),
        _ => statement.to_owned(),
    }
}

/// Processes that work, or have worked lately. A row is a process's life: a restart is a new one.
fn node() -> TableCreateStatement {
    Table::create()
        .table("node")
        .col(string("id").primary_key())
        .col(string("name"))
        .col(string("version"))
        .col(boolean("serves_pages"))
        .col(integer("workers").check(Expr::cust("workers >= 0")))
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone("seen_at"))
        .to_owned()
}
