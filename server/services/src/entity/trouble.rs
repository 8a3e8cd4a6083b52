//! A policy whose last runs failed: what was told of it, and how often it failed since.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "trouble")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub policy_id: i64,
    /// The last failure without what differs from time to time.
    #[sea_orm(column_type = "Text")]
    pub likeness: String,
    /// Of the deliveries that told of it.
    pub event_key: String,
    pub told_at: DateTimeUtc,
    pub failures: i32,
    pub since: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
