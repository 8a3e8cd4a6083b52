//! The audit log.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, json_binary, string, string_null, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(audit_entry()).await?;
        manager
            .create_index(
                Index::create()
                    .name("audit_entry_of_account")
                    .table("audit_entry")
                    .col("account_id")
                    .col("at")
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_entry").to_owned()).await
    }
}

/// Names are kept as they were, so that an entry still reads when what it speaks of is gone.
fn audit_entry() -> TableCreateStatement {
    Table::create()
        .table("audit_entry")
        .col(big_pk_auto("id"))
        .col(big_integer("account_id"))
        .col(big_integer_null("organization_id"))
        .col(timestamp_with_time_zone("at"))
        .col(string("actor"))
        .col(string("address"))
        .col(string("action"))
        .col(string("subject_kind"))
        .col(big_integer_null("subject_id"))
        .col(string_null("subject_name"))
        .col(json_binary("changes"))
        .foreign_key(
            ForeignKey::create()
                .from("audit_entry", "account_id")
                .to("account", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create()
                .from("audit_entry", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .to_owned()
}
