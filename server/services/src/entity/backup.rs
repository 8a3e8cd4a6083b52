//! A backup: a run in the queue, with a worker, or done.

use model::backup::BackupPhase;
use sea_orm::entity::prelude::*;

use super::{StoredOptions, TextList, UnreadableList};
use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "backup")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub project_id: i64,
    pub organization_id: i64,
    pub name: String,
    pub phase: BackupPhase,
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
    pub repository_id: i64,
    pub policy_id: Option<i64>,
    pub policy_name: Option<String>,
    pub scheduled_for: Option<DateTimeUtc>,
    pub made_good: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub include: TextList,
    #[sea_orm(column_type = "JsonBinary")]
    pub exclude: TextList,
    pub retention_seconds: i64,
    pub attempt: i32,
    pub not_before: DateTimeUtc,
    pub retry_at: Option<DateTimeUtc>,
    pub snapshot: Option<String>,
    pub added_bytes: Option<i64>,
    #[sea_orm(column_type = "JsonBinary")]
    pub unreadable: UnreadableList,
    pub expires_at: Option<DateTimeUtc>,
    pub damaged: bool,
    /// How many processes it has not survived.
    pub crashes: i32,
    /// When it is removed. Set where it is marked for deletion.
    pub delete_after: Option<DateTimeUtc>,
    /// Who marked it; `None` where its retention had ended.
    pub deleted_by: Option<String>,
    /// Since when it is kept on purpose.
    pub kept_at: Option<DateTimeUtc>,
    pub kept_by: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub kept_note: Option<String>,
    /// How it differs from those before it.
    #[sea_orm(column_type = "Text", nullable)]
    pub unusual: Option<Sentence>,
    pub acknowledged_at: Option<DateTimeUtc>,
    pub acknowledged_by: Option<String>,
    /// When it was told that retention waits for somebody to acknowledge it.
    pub reminded_at: Option<DateTimeUtc>,
    /// Files that changed while they were read.
    #[sea_orm(column_type = "JsonBinary")]
    pub changed: TextList,
    /// Patterns that matched nothing.
    #[sea_orm(column_type = "JsonBinary")]
    pub unmatched: TextList,
    #[sea_orm(column_type = "JsonBinary")]
    pub source_options: StoredOptions,
    /// Files that were left out because they are larger than the policy takes them.
    pub too_large_files: i64,
    pub too_large_bytes: i64,
    /// Since when it waits for the S3 service, which is away.
    pub waiting_since: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
    #[sea_orm(
        belongs_to = "super::repository::Entity",
        from = "Column::RepositoryId",
        to = "super::repository::Column::Id"
    )]
    Repository,
}

impl Related<super::project::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Project.def()
    }
}

impl Related<super::repository::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Repository.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
