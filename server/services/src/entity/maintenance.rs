//! Maintenance of a repository: in the queue, with a worker, or done.

use model::maintenance::{MaintenanceKind, MaintenancePhase};
use sea_orm::entity::prelude::*;

use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "maintenance")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub project_id: i64,
    pub repository_id: i64,
    pub kind: MaintenanceKind,
    pub phase: MaintenancePhase,
    pub lease_owner: Option<String>,
    pub lease_until: Option<DateTimeUtc>,
    pub cancel_requested: bool,
    pub yields: bool,
    pub postponed: i32,
    pub attempt: i32,
    pub queued_at: DateTimeUtc,
    pub not_before: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub done_files: i64,
    pub done_bytes: i64,
    pub total_files: i64,
    pub total_bytes: i64,
    pub whole: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub outcome: Option<Sentence>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<Sentence>,
    pub created_by: Option<String>,
    /// How many processes it has not survived.
    pub crashes: i32,
    /// Since when it waits for the S3 service, which is away.
    pub waiting_since: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
}

impl Related<super::project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
