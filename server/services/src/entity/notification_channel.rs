//! Where notifications of an organization go.

use sea_orm::entity::prelude::*;

#[allow(clippy::struct_excessive_bools, reason = "a column for each event that a channel may choose")]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notification_channel")]
#[expect(clippy::struct_excessive_bools, reason = "one for each event that it may be told of")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub organization_id: i64,
    pub name: String,
    pub name_key: String,
    pub kind: String,
    /// What may be shown: addresses, one a line, or the URL's host.
    #[sea_orm(column_type = "Text")]
    pub target: String,
    #[sea_orm(column_type = "Blob", nullable)]
    pub url_sealed: Option<Vec<u8>>,
    #[sea_orm(column_type = "Blob", nullable)]
    pub secret_sealed: Option<Vec<u8>>,
    pub on_failure: bool,
    pub on_recovery: bool,
    pub on_overdue: bool,
    pub on_damage: bool,
    pub on_digest: bool,
    pub paused: bool,
    /// When the next digest is due.
    pub digest_at: Option<DateTimeUtc>,
    pub version: i64,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub modified_by: String,
    pub modified_at: DateTimeUtc,
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
