//! A restore: a run in the queue, with a worker, or done.

use model::backup::RestorePhase;
use sea_orm::entity::prelude::*;

use super::TextList;
use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "restore")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub project_id: i64,
    pub name: String,
    pub phase: RestorePhase,
    pub lease_owner: Option<String>,
    pub lease_until: Option<DateTimeUtc>,
    pub cancel_requested: bool,
    pub queued_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub done_files: i64,
    pub done_bytes: i64,
    pub total_files: i64,
    pub total_bytes: i64,
    pub files: Option<i64>,
    pub bytes: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<Sentence>,
    pub created_by: Option<String>,
    pub backup_id: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub paths: TextList,
    #[sea_orm(column_type = "Text")]
    pub target: String,
    pub target_kind: String,
    pub on_conflict: String,
    pub skipped: Option<i64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub warnings: TextList,
    /// How many processes it has not survived.
    pub crashes: i32,
    /// Owners by their names, in place of their numbers.
    pub owners_by_name: bool,
    /// Since when it waits for the S3 service, which is away.
    pub waiting_since: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
    #[sea_orm(belongs_to = "super::backup::Entity", from = "Column::BackupId", to = "super::backup::Column::Id")]
    Backup,
}

impl Related<super::project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl Related<super::backup::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Backup.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
