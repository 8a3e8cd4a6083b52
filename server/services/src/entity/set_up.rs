//! A set-up of a project's backup that is under way, or the last one that failed.

use model::project::SetUpStep;
use sea_orm::entity::prelude::*;

use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "set_up")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: i64,
    pub step: SetUpStep,
    pub started_at: DateTimeUtc,
    /// When it has ended at the latest. One that is here after that died with its process.
    pub until: DateTimeUtc,
    /// Why it failed; `None` while it is under way.
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<Sentence>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::project::Entity", from = "Column::ProjectId", to = "super::project::Column::Id")]
    Project,
}

impl ActiveModelBehavior for ActiveModel {}
