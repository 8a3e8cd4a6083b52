//! What a node last saw of its clocks, and whether its wall clock is in doubt.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "clock_watch")]
pub struct Model {
    /// The node's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub node: String,
    pub wall_at: DateTimeUtc,
    pub boot_id: String,
    /// Milliseconds since the machine's start, at `wall_at`.
    pub boot_ms: i64,
    /// From when on, in the same milliseconds, the wall clock has not jumped.
    pub steady_ms: i64,
    /// Jumps since the wall clock was trusted last, added up; negative where it is behind.
    pub ahead_ms: i64,
    /// Whether the machine was started anew since then.
    pub restarted: bool,
    /// Since when it is in doubt, by the time that was trusted before.
    pub doubtful_since: Option<DateTimeUtc>,
    /// How far it had jumped then.
    pub jump_ms: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
