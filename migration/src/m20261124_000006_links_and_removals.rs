//! One-time links for people, and backups in buckets that are to go with their project.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_pk_auto, binary_len, string, string_null, text_null, timestamp_with_time_zone,
        timestamp_with_time_zone_null,
    },
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(one_time_link()).await?;
        manager.create_table(removal()).await?;
        let waiting = "CREATE INDEX removal_waiting ON removal (not_before)";
        manager.get_connection().execute_unprepared(waiting).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["removal", "one_time_link"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// A user has one link at most: a newer one ends the older. It is gone once it is used.
fn one_time_link() -> TableCreateStatement {
    Table::create()
        .table("one_time_link")
        .col(big_integer("user_id").primary_key())
        // SHA-256 of the token: who reads the database cannot use the link.
        .col(binary_len("token_hash", 32).unique_key())
        .col(timestamp_with_time_zone("expires_at"))
        .col(string("created_by"))
        .foreign_key(
            ForeignKey::create()
                .from("one_time_link", "user_id")
                .to("users", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// A repository whose project is gone and whose objects a worker removes. Its credential stays as long.
fn removal() -> TableCreateStatement {
    Table::create()
        .table("removal")
        .col(big_pk_auto("id"))
        .col(big_integer("organization_id"))
        .col(big_integer("backup_credential_id"))
        .col(string("project_name"))
        .col(string("bucket"))
        .col(string("prefix"))
        .col(timestamp_with_time_zone("not_before"))
        .col(string_null("lease_owner"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(text_null("cause"))
        .foreign_key(
            ForeignKey::create()
                .from("removal", ("backup_credential_id", "organization_id"))
                .to("backup_credential", ("id", "organization_id"))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}
