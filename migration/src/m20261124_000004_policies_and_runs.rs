//! Backup policies, and the runs: backups and restores, which are also the queue of the workers.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, big_pk_auto, boolean, integer, json_binary, string, string_null, text,
        text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
    },
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(policy()).await?;
        manager.create_table(backup()).await?;
        manager.create_table(restore()).await?;
        for index in [
            "CREATE UNIQUE INDEX policy_name_unique ON policy (project_id, name)",
            "CREATE INDEX policy_due ON policy (next_run_at) WHERE NOT paused",
            // A due time is claimed once, whoever claims it.
            "CREATE UNIQUE INDEX backup_scheduled_unique ON backup (policy_id, scheduled_for)",
            "CREATE UNIQUE INDEX backup_name_unique ON backup (project_id, name)",
            // One backup of a project at a time.
            "CREATE UNIQUE INDEX backup_running_unique ON backup (project_id) WHERE phase = 'InProgress'",
            "CREATE INDEX backup_waiting ON backup (not_before) WHERE phase = 'Queued'",
            "CREATE INDEX backup_retry ON backup (retry_at) WHERE retry_at IS NOT NULL",
            "CREATE INDEX backup_lease ON backup (lease_until) WHERE phase IN ('InProgress', 'Deleting')",
            "CREATE INDEX backup_of_project ON backup (project_id, queued_at)",
            "CREATE INDEX backup_expiry ON backup (expires_at)",
            "CREATE UNIQUE INDEX restore_name_unique ON restore (project_id, name)",
            "CREATE INDEX restore_waiting ON restore (queued_at) WHERE phase = 'Queued'",
            "CREATE INDEX restore_lease ON restore (lease_until) WHERE phase = 'InProgress'",
            "CREATE INDEX restore_of_project ON restore (project_id, queued_at)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["restore", "backup", "policy"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn policy() -> TableCreateStatement {
    Table::create()
        .table("policy")
        .col(big_pk_auto("id"))
        .col(big_integer("project_id"))
        .col(string("name"))
        .col(string("cron"))
        .col(string("time_zone"))
        .col(big_integer("retention_seconds").check(Expr::cust("retention_seconds >= 3600")))
        .col(json_binary("include"))
        .col(json_binary("exclude"))
        .col(boolean("paused").default(false))
        .col(timestamp_with_time_zone_null("next_run_at"))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create().from("policy", "project_id").to("project", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// The columns that a backup and a restore have in common: where the run stands, who has it, how far it has come.
fn run(table: &'static str, phases: &'static str) -> TableCreateStatement {
    Table::create()
        .table(table)
        .col(big_pk_auto("id"))
        .col(big_integer("project_id"))
        .col(string("name"))
        .col(string("phase").check(Expr::cust(format!("phase IN ({phases})"))))
        .col(string_null("lease_owner"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(boolean("cancel_requested").default(false))
        .col(timestamp_with_time_zone("queued_at"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("finished_at"))
        .col(big_integer("done_files").default(0))
        .col(big_integer("done_bytes").default(0))
        .col(big_integer("total_files").default(0))
        .col(big_integer("total_bytes").default(0))
        .col(big_integer_null("files"))
        .col(big_integer_null("bytes"))
        .col(text_null("cause"))
        .col(string_null("created_by"))
        .check(Expr::cust("(lease_owner IS NULL) = (lease_until IS NULL)"))
        .check(Expr::cust("phase <> 'InProgress' OR lease_owner IS NOT NULL"))
        .check(Expr::cust("phase <> 'Queued' OR lease_owner IS NULL"))
        .foreign_key(
            ForeignKey::create().from(table, "project_id").to("project", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn backup() -> TableCreateStatement {
    run(
        "backup",
        "'Queued', 'InProgress', 'Completed', 'PartiallyFailed', 'Failed', 'Cancelled', 'Skipped', 'Deleting'",
    )
    .col(big_integer("repository_id"))
    .col(big_integer_null("policy_id"))
    // Stays when the policy is gone.
    .col(string_null("policy_name"))
    .col(timestamp_with_time_zone_null("scheduled_for"))
    .col(boolean("made_good").default(false))
    .col(json_binary("include"))
    .col(json_binary("exclude"))
    .col(big_integer("retention_seconds"))
    .col(integer("attempt").default(1))
    .col(timestamp_with_time_zone("not_before"))
    .col(timestamp_with_time_zone_null("retry_at"))
    .col(string_null("snapshot"))
    .col(big_integer_null("added_bytes"))
    .col(json_binary("unreadable"))
    .col(timestamp_with_time_zone_null("expires_at"))
    // A backup that is shown as there has its snapshot.
    .check(Expr::cust("phase NOT IN ('Completed', 'PartiallyFailed') OR snapshot IS NOT NULL"))
    .check(Expr::cust("retry_at IS NULL OR phase = 'Failed'"))
    .foreign_key(
        ForeignKey::create()
            .from("backup", "repository_id")
            .to("repository", "id")
            .on_delete(ForeignKeyAction::Cascade),
    )
    .foreign_key(
        ForeignKey::create().from("backup", "policy_id").to("policy", "id").on_delete(ForeignKeyAction::SetNull),
    )
    .to_owned()
}

fn restore() -> TableCreateStatement {
    run("restore", "'Queued', 'InProgress', 'Completed', 'PartiallyFailed', 'Failed', 'Cancelled'")
        .col(big_integer("backup_id"))
        .col(json_binary("paths"))
        .col(text("target"))
        .col(string("on_conflict").check(Expr::cust("on_conflict IN ('skip', 'overwrite', 'keep-both')")))
        .col(big_integer_null("skipped"))
        .col(json_binary("warnings"))
        .foreign_key(
            ForeignKey::create().from("restore", "backup_id").to("backup", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
