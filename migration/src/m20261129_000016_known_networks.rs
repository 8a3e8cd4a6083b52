//! Networks from which somebody signed in lately: their sign-ins have a lane of their own.

use sea_orm_migration::{
    prelude::*,
    schema::{string_len, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(known_network()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("known_network").to_owned()).await
    }
}

fn known_network() -> TableCreateStatement {
    Table::create()
        .table("known_network")
        // SHA-256 in hexadecimal digits, as in `sign_in_throttle`.
        .col(string_len("network", 64).primary_key())
        .col(timestamp_with_time_zone("last_at"))
        .to_owned()
}
