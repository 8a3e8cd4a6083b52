//! What happened in a run, step by step. It goes with its run.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer_null, big_pk_auto, string, text, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The column that names the run, and the run's table.
const RUNS: [(&str, &str); 3] = [("backup_id", "backup"), ("restore_id", "restore"), ("maintenance_id", "maintenance")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On SQLite too: there another connection of the pool may not know yet what a step before has done.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(run_log()).await?;
        for (column, _) in RUNS {
            let index = format!("CREATE INDEX run_log_{column} ON run_log ({column}, id) WHERE {column} IS NOT NULL");
            manager.get_connection().execute_unprepared(&index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("run_log").to_owned()).await
    }
}

fn run_log() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("run_log").col(big_pk_auto("id"));
    for (column, run) in RUNS {
        table.col(big_integer_null(column)).foreign_key(
            ForeignKey::create().from("run_log", column).to(run, "id").on_delete(ForeignKeyAction::Cascade),
        );
    }
    table
        .col(timestamp_with_time_zone("at"))
        .col(string("node"))
        .col(text("text"))
        // Each line is of one run.
        .check(Expr::cust(
            "CASE WHEN backup_id IS NULL THEN 0 ELSE 1 END + CASE WHEN restore_id IS NULL THEN 0 ELSE 1 END \
             + CASE WHEN maintenance_id IS NULL THEN 0 ELSE 1 END = 1",
        ))
        .to_owned()
}
