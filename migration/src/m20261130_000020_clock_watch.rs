//! What each node last saw of its wall clock, beside the clock that counts from the machine's start.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, boolean, string, timestamp_with_time_zone, timestamp_with_time_zone_null},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(clock_watch()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("clock_watch").to_owned()).await
    }
}

fn clock_watch() -> TableCreateStatement {
    Table::create()
        .table("clock_watch")
        // The node's name, which outlives its processes.
        .col(string("node").primary_key())
        .col(timestamp_with_time_zone("wall_at"))
        // Linux makes up another one at each start of the machine.
        .col(string("boot_id"))
        // Milliseconds since that start, suspended or not, at `wall_at`.
        .col(big_integer("boot_ms"))
        // From when on, in the same milliseconds, the wall clock has not jumped.
        .col(big_integer("steady_ms"))
        // Jumps since the wall clock was trusted last, added up, in milliseconds; negative where it is behind.
        .col(big_integer("ahead_ms"))
        // Whether the machine was started anew since then: a time has passed that nobody has counted.
        .col(boolean("restarted"))
        .col(timestamp_with_time_zone_null("doubtful_since"))
        // How far it jumped, in milliseconds, when it became doubtful.
        .col(big_integer_null("jump_ms"))
        .check(Expr::cust("(doubtful_since IS NULL) = (jump_ms IS NULL)"))
        .to_owned()
}
