//! A step of a run.

use sea_orm::entity::prelude::*;

use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "run_log")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub backup_id: Option<i64>,
    pub restore_id: Option<i64>,
    pub maintenance_id: Option<i64>,
    pub at: DateTimeUtc,
    pub node: String,
    #[sea_orm(column_type = "Text")]
    pub text: Sentence,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
