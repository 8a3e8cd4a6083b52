//! Maintenance of repositories: pruning, verification, repair.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_pk_auto, boolean, integer, string, string_null, text_null, timestamp_with_time_zone,
        timestamp_with_time_zone_null,
    },
    sea_orm::DbBackend,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Column by column, because SQLite adds one at a time.
const COLUMNS: [&str; 10] = [
    // When the next prune is due; NULL while there is nothing to remove.
    "ALTER TABLE repository ADD COLUMN prune_due_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE repository ADD COLUMN pruned_at TIMESTAMP WITH TIME ZONE",
    // When the next verification is due; NULL until it is planned.
    "ALTER TABLE repository ADD COLUMN verify_due_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE repository ADD COLUMN verified_at TIMESTAMP WITH TIME ZONE",
    // Which part the next verification reads.
    "ALTER TABLE repository ADD COLUMN verify_part INTEGER NOT NULL DEFAULT 0 CHECK (verify_part >= 0)",
    // Since when damage is known; NULL while none is.
    "ALTER TABLE repository ADD COLUMN damaged_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE repository ADD COLUMN stored_bytes BIGINT",
    "ALTER TABLE repository ADD COLUMN unused_bytes BIGINT",
    // The damaged files, as the verification found them.
    "ALTER TABLE repository ADD COLUMN damage JSONB NOT NULL DEFAULT '[]'",
    // Whether a verification found that the backup cannot be restored whole.
    "ALTER TABLE backup ADD COLUMN damaged BOOLEAN NOT NULL DEFAULT FALSE",
];

const INDEXES: [&str; 7] = [
    "CREATE INDEX repository_prune_due ON repository (prune_due_at) WHERE prune_due_at IS NOT NULL",
    "CREATE INDEX repository_verify_due ON repository (verify_due_at)",
    // One of a kind waits, and one in all works on a repository.
    "CREATE UNIQUE INDEX maintenance_waiting_unique ON maintenance (repository_id, kind) WHERE phase = 'Queued'",
    "CREATE UNIQUE INDEX maintenance_running_unique ON maintenance (repository_id) WHERE phase = 'InProgress'",
    "CREATE INDEX maintenance_waiting ON maintenance (not_before) WHERE phase = 'Queued'",
    "CREATE INDEX maintenance_lease ON maintenance (lease_until) WHERE phase = 'InProgress'",
    "CREATE INDEX maintenance_of_project ON maintenance (project_id, id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(maintenance()).await?;
        let db = manager.get_connection();
        for statement in COLUMNS.into_iter().chain(INDEXES) {
            db.execute_unprepared(&typed(statement, db.get_database_backend())).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("maintenance").to_owned()).await?;
        let db = manager.get_connection();
        for index in ["repository_prune_due", "repository_verify_due"] {
            db.execute_unprepared(&format!("DROP INDEX {index}")).await?;
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
        DbBackend::Sqlite => {
            statement.replace("TIMESTAMP WITH TIME ZONE", "timestamp_with_timezone_text").replace("JSONB", "jsonb_text")
        }
        _ => statement.to_owned(),
    }
}

fn maintenance() -> TableCreateStatement {
    Table::create()
        .table("maintenance")
        .col(big_pk_auto("id"))
        .col(big_integer("project_id"))
        .col(big_integer("repository_id"))
        .col(string("kind").check(Expr::cust("kind IN ('Prune', 'Verification', 'Repair')")))
        .col(string("phase").check(Expr::cust("phase IN ('Queued', 'InProgress', 'Completed', 'Failed', 'Cancelled')")))
        .col(string_null("lease_owner"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(boolean("cancel_requested").default(false))
        // It stops to let a backup go first, and goes on later.
        .col(boolean("yields").default(false))
        .col(integer("postponed").default(0))
        .col(integer("attempt").default(1))
        .col(timestamp_with_time_zone("queued_at"))
        .col(timestamp_with_time_zone("not_before"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("finished_at"))
        .col(big_integer("done_files").default(0))
        .col(big_integer("done_bytes").default(0))
        .col(big_integer("total_files").default(0))
        .col(big_integer("total_bytes").default(0))
        // A verification that reads all data, not a part.
        .col(boolean("whole").default(false))
        // What it came to, in a sentence.
        .col(text_null("outcome"))
        .col(text_null("cause"))
        .col(string_null("created_by"))
        .check(Expr::cust("(lease_owner IS NULL) = (lease_until IS NULL)"))
        .check(Expr::cust("(phase = 'InProgress') = (lease_owner IS NOT NULL)"))
        .foreign_key(
            ForeignKey::create()
                .from("maintenance", "project_id")
                .to("project", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("maintenance", "repository_id")
                .to("repository", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
