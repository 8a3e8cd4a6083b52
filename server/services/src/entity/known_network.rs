//! A network from which somebody signed in lately.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "known_network")]
pub struct Model {
    /// SHA-256 of the network, in hexadecimal digits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub network: String,
    pub last_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
