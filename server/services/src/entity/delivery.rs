//! What is to be told, or was: to a channel, or to a policy's Ping URL.

use sea_orm::entity::prelude::*;

use crate::sentence::Sentence;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub organization_id: i64,
    pub channel_id: Option<i64>,
    pub policy_id: Option<i64>,
    pub kind: String,
    /// Names what happened, so that it is told once.
    pub event_key: String,
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    pub phase: String,
    pub attempts: i32,
    pub repeats: i32,
    pub not_before: DateTimeUtc,
    pub lease_owner: Option<String>,
    pub lease_until: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cause: Option<Sentence>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    /// Addresses to which it has not gone, one a line, where it has gone to others. They are tried again alone.
    #[sea_orm(column_type = "Text", nullable)]
    pub refused: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::organization::Entity",
        from = "Column::OrganizationId",
        to = "super::organization::Column::Id"
    )]
    Organization,
    #[sea_orm(
        belongs_to = "super::notification_channel::Entity",
        from = "Column::ChannelId",
        to = "super::notification_channel::Column::Id"
    )]
    Channel,
    #[sea_orm(belongs_to = "super::policy::Entity", from = "Column::PolicyId", to = "super::policy::Column::Id")]
    Policy,
}

impl Related<super::organization::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Organization.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
