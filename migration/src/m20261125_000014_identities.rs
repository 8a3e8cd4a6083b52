//! Whom the sign-in provider knows a person as.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, string, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(identity()).await?;
        let one_each = "CREATE UNIQUE INDEX identity_of_user ON identity (user_id, issuer)";
        manager.get_connection().execute_unprepared(one_each).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("identity").to_owned()).await
    }
}

/// A subject is one person's, and a person has one subject at each provider.
fn identity() -> TableCreateStatement {
    Table::create()
        .table("identity")
        .col(string("issuer"))
        .col(string("subject"))
        .col(big_integer("user_id"))
        .col(timestamp_with_time_zone("linked_at"))
        .primary_key(Index::create().col("issuer").col("subject"))
        .foreign_key(
            ForeignKey::create().from("identity", "user_id").to("users", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
