//! A repository whose project is gone and whose objects are to be removed.

use sea_orm::entity::prelude::*;

use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "removal")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub organization_id: i64,
    pub backup_credential_id: i64,
    pub project_name: String,
    pub bucket: String,
    pub prefix: String,
    pub not_before: DateTimeUtc,
    pub lease_owner: Option<String>,
    pub lease_until: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<Sentence>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::backup_credential::Entity",
        from = "Column::BackupCredentialId",
        to = "super::backup_credential::Column::Id"
    )]
    BackupCredential,
}

impl Related<super::backup_credential::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::BackupCredential.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
