//! A second factor of people, recovery codes, and the account's wish that Partners have one.

use sea_orm_migration::{
    prelude::*,
    schema::{
        big_integer, big_integer_null, big_pk_auto, binary, binary_null, boolean, string, timestamp_with_time_zone_null,
    },
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(second_factor()).await?;
        manager.create_table(recovery_code()).await?;
        let by_owner = "CREATE INDEX recovery_code_owner ON recovery_code (second_factor_id)";
        manager.get_connection().execute_unprepared(by_owner).await?;
        let needed = boolean("partners_need_second_factor").default(false).to_owned();
        manager.alter_table(Table::alter().table("account").add_column(needed).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let needed = Table::alter().table("account").drop_column("partners_need_second_factor").to_owned();
        manager.alter_table(needed).await?;
        for table in ["recovery_code", "second_factor"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// A person has one at most. It counts once it is confirmed by a code.
fn second_factor() -> TableCreateStatement {
    Table::create()
        .table("second_factor")
        // The person's.
        .col(big_integer("id").primary_key())
        .col(binary("secret_sealed"))
        .col(timestamp_with_time_zone_null("confirmed_at"))
        // The newest time step of which a code was used: no code is good twice.
        .col(big_integer_null("last_step"))
        // Recovery codes that are shown and do not count yet.
        .col(binary_null("fresh_codes_sealed"))
        .col(timestamp_with_time_zone_null("drafted_at"))
        .check(Expr::cust("(confirmed_at IS NULL) = (last_step IS NULL)"))
        .check(Expr::cust("(drafted_at IS NULL) = (fresh_codes_sealed IS NULL)"))
        .check(Expr::cust("confirmed_at IS NOT NULL OR drafted_at IS NOT NULL"))
        .foreign_key(
            ForeignKey::create().from("second_factor", "id").to("users", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// One that was used is gone.
fn recovery_code() -> TableCreateStatement {
    Table::create()
        .table("recovery_code")
        .col(big_pk_auto("id"))
        .col(big_integer("second_factor_id"))
        // Argon2id, as passwords are kept.
        .col(string("code_hash"))
        .foreign_key(
            ForeignKey::create()
                .from("recovery_code", "second_factor_id")
                .to("second_factor", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}
