//! Partner accounts, organizations, users, sessions.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, string, string_len, text, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(account()).await?;
        manager.create_table(organization()).await?;
        manager
            .create_index(
                Index::create()
                    .name("organization_name_unique")
                    .table("organization")
                    .col("account_id")
                    .col("name_key")
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager.create_table(users()).await?;
        manager.create_table(session()).await?;
        manager
            .create_index(Index::create().name("session_expiry").table("session").col("expires_at").to_owned())
            .await?;
        manager.create_index(Index::create().name("session_user").table("session").col("user_id").to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["session", "users", "organization", "account"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn account() -> TableCreateStatement {
    Table::create()
        .table("account")
        .col(big_pk_auto("id"))
        // A fresh installation makes exactly one account; the constant lets two first-run forms at once make no second.
        .col(string("origin").unique_key())
        .col(string("name"))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

fn organization() -> TableCreateStatement {
    Table::create()
        .table("organization")
        .col(big_pk_auto("id"))
        .col(big_integer("account_id"))
        .col(string("name"))
        .col(string("name_key"))
        .col(string("time_zone").default("UTC"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create()
                .from("organization", "account_id")
                .to("account", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(big_pk_auto("id"))
        .col(big_integer("organization_id"))
        .col(string("email").unique_key())
        .col(string("password_hash"))
        .col(string("role").check(Expr::cust("role IN ('User', 'Manager', 'Partner')")))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create()
                .from("users", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(string_len("id", 64).primary_key())
        .col(big_integer_null("user_id"))
        .col(text("data"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create().from("session", "user_id").to("users", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
