//! Backup credentials.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_pk_auto, blob, boolean, string, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(backup_credential()).await?;
        for index in [
            "CREATE UNIQUE INDEX backup_credential_name_unique ON backup_credential (organization_id, s3_name_key)",
            // At most one default for each organization.
            "CREATE UNIQUE INDEX backup_credential_default_unique ON backup_credential (organization_id) WHERE is_default",
            // Lets a repository point at a credential of its own organization and no other.
            "CREATE UNIQUE INDEX backup_credential_in_organization ON backup_credential (id, organization_id)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("backup_credential").to_owned()).await
    }
}

fn backup_credential() -> TableCreateStatement {
    Table::create()
        .table("backup_credential")
        .col(big_pk_auto("id"))
        .col(big_integer("organization_id"))
        .col(string("s3_name"))
        // The name without letter case, in which uniqueness is judged.
        .col(string("s3_name_key"))
        .col(string("access_key_id"))
        .col(blob("secret_key_sealed"))
        .col(string("endpoint"))
        .col(string("region"))
        .col(boolean("is_default").default(false))
        .col(boolean("locked").default(false))
        .col(big_integer("version").default(1))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .col(string("modified_by"))
        .col(timestamp_with_time_zone("modified_at"))
        .foreign_key(
            ForeignKey::create()
                .from("backup_credential", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}
