//! A project and its source.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "project")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub organization_id: i64,
    pub name: String,
    pub source_kind: String,
    #[sea_orm(column_type = "Text")]
    pub source_location: String,
    /// The connection URL of a database.
    #[sea_orm(column_type = "Blob", nullable)]
    pub source_url_sealed: Option<Vec<u8>>,
    /// Whether the directory had files when the project was made; false where nobody has looked.
    pub source_had_files: bool,
    pub locked: bool,
    /// The node that has the directory; `None` where any node may take the runs.
    pub node: Option<String>,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    /// When it goes for good. Set where it is deleted; until then that can be undone.
    pub delete_after: Option<DateTimeUtc>,
    pub deleted_by: Option<String>,
    /// Whether its backups go with it.
    pub deletes_backups: bool,
}

impl Entity {
    /// The projects that people see: those that are not deleted.
    pub fn living() -> Select<Self> {
        Self::find().filter(Column::DeleteAfter.is_null())
    }
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
