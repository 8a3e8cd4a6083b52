//! Failed attempts to sign in, so that guessing becomes slow on every node.

use sea_orm_migration::{
    prelude::*,
    schema::{integer, string_len, timestamp_with_time_zone, timestamp_with_time_zone_null},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(sign_in_throttle()).await?;
        let oldest_first = "CREATE INDEX sign_in_throttle_last ON sign_in_throttle (last_at)";
        manager.get_connection().execute_unprepared(oldest_first).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sign_in_throttle").to_owned()).await
    }
}

fn sign_in_throttle() -> TableCreateStatement {
    Table::create()
        .table("sign_in_throttle")
        // SHA-256 of an email or a network, in hexadecimal digits: people type passwords into the wrong field.
        .col(string_len("subject", 64).primary_key())
        .col(integer("failures"))
        .col(timestamp_with_time_zone("last_at"))
        .col(timestamp_with_time_zone_null("blocked_until"))
        .to_owned()
}
