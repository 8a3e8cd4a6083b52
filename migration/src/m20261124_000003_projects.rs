//! Projects and their repositories.

use sea_orm_migration::{
    prelude::*,
    schema::{big_integer, big_integer_null, big_pk_auto, blob, boolean, string, text, timestamp_with_time_zone},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(project()).await?;
        for index in [
            "CREATE UNIQUE INDEX project_name_unique ON project (organization_id, name)",
            "CREATE UNIQUE INDEX project_in_organization ON project (id, organization_id)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        manager.create_table(repository()).await?;
        for index in [
            // Two projects never share a place: one's retention would remove the other's backups.
            "CREATE UNIQUE INDEX repository_place_unique ON repository (endpoint, bucket, prefix)",
            // A project is backed up into one repository at a time.
            "CREATE UNIQUE INDEX repository_in_use_unique ON repository (project_id) WHERE backup_credential_id IS NOT NULL",
            "CREATE INDEX repository_credential ON repository (backup_credential_id)",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["repository", "project"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn project() -> TableCreateStatement {
    Table::create()
        .table("project")
        .col(big_pk_auto("id"))
        .col(big_integer("organization_id"))
        .col(string("name"))
        .col(string("source_kind").check(Expr::cust("source_kind IN ('directory')")))
        .col(text("source_location"))
        .col(boolean("locked").default(false))
        .col(string("created_by"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create()
                .from("project", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}

/// A project's backup is on while one of its repositories has a credential. The row stays when backup is switched off,
/// since it holds the password of the backups that stay in the bucket.
fn repository() -> TableCreateStatement {
    Table::create()
        .table("repository")
        .col(big_pk_auto("id"))
        .col(big_integer("project_id"))
        .col(big_integer("organization_id"))
        .col(big_integer_null("backup_credential_id"))
        .col(string("endpoint"))
        .col(string("region"))
        .col(string("bucket"))
        .col(string("prefix"))
        .col(blob("password_sealed"))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(
            ForeignKey::create()
                .from("repository", ("project_id", "organization_id"))
                .to("project", ("id", "organization_id"))
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("repository", ("backup_credential_id", "organization_id"))
                .to("backup_credential", ("id", "organization_id"))
                .on_delete(ForeignKeyAction::Restrict),
        )
        .to_owned()
}
