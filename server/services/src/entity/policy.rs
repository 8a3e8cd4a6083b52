//! A backup policy.

use sea_orm::entity::prelude::*;

use super::{StoredOptions, TextList};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "policy")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub project_id: i64,
    pub name: String,
    pub cron: String,
    pub time_zone: String,
    pub retention_seconds: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub include: TextList,
    #[sea_orm(column_type = "JsonBinary")]
    pub exclude: TextList,
    pub paused: bool,
    pub next_run_at: Option<DateTimeUtc>,
    pub created_by: String,
    pub created_at: DateTimeUtc,
    pub version: i64,
    pub modified_by: Option<String>,
    pub modified_at: Option<DateTimeUtc>,
    pub keep_last: i32,
    pub keep_hourly: i32,
    pub keep_daily: i32,
    pub keep_weekly: i32,
    pub keep_monthly: i32,
    pub keep_yearly: i32,
    /// Told how each run goes.
    #[sea_orm(column_type = "Blob", nullable)]
    pub ping_url_sealed: Option<Vec<u8>>,
    /// When it counts as overdue, without a completed backup until then.
    pub overdue_at: Option<DateTimeUtc>,
    /// When that was told.
    pub overdue_told_at: Option<DateTimeUtc>,
    /// Since when it is there only to keep its backups by its rules.
    pub deleted_at: Option<DateTimeUtc>,
    pub deleted_by: Option<String>,
    /// Below how many percent of what they were its backups are unusual; 0 where none ever is.
    pub unusual_below: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub source_options: StoredOptions,
}

impl Entity {
    /// The policies that people see: those that are not deleted.
    pub fn living() -> Select<Self> {
        Self::find().filter(Column::DeletedAt.is_null())
    }
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
