//! Keys of an S3 endpoint.

use model::credential::Addressing;
use sea_orm::entity::prelude::*;

use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "backup_credential")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub organization_id: i64,
    pub s3_name: String,
    pub s3_name_key: String,
    pub access_key_id: String,
    #[sea_orm(column_type = "Blob")]
    pub secret_key_sealed: Vec<u8>,
    pub endpoint: String,
    pub region: String,
    pub is_default: bool,
    pub locked: bool,
    pub version: i64,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub modified_by: String,
    pub modified_at: DateTimeUtc,
    /// When its keys were tried last.
    pub checked_at: Option<DateTimeUtc>,
    /// What was wrong with them then.
    pub check_failure: Option<Sentence>,
    pub addressing: Addressing,
    /// In PEM: an authority that is trusted beside those of the system.
    #[sea_orm(column_type = "Text", nullable)]
    pub ca_certificate: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organization::Entity",
        from = "Column::OrganizationId",
        to = "super::organization::Column::Id"
    )]
    Organization,
}

impl Related<super::organization::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
