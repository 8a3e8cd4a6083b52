//! The tables, one file for each. What they may hold is decided by crate `migration`.

use model::{backup::UnreadableFile, maintenance::DamagedFile, policy::SourceOptions};
use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

pub mod account;
pub mod audit_entry;
pub mod backup;
pub mod backup_credential;
pub mod clock_watch;
pub mod delivery;
pub mod identity;
pub mod known_network;
pub mod maintenance;
pub mod node;
pub mod notification_channel;
pub mod one_time_link;
pub mod organization;
pub mod policy;
pub mod project;
pub mod recovery_code;
pub mod removal;
pub mod repository;
pub mod restore;
pub mod run_log;
pub mod second_factor;
pub mod session;
pub mod set_up;
pub mod sign_in_throttle;
pub mod trouble;
pub mod users;

/// A column of texts, kept as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct TextList(pub Vec<String>);

/// A column of files that could not be read, kept as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct UnreadableList(pub Vec<UnreadableFile>);

/// A column of what is left out of a directory beside what patterns exclude, kept as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct StoredOptions(pub SourceOptions);

/// A column of damaged files of a repository, kept as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct DamageList(pub Vec<DamagedFile>);
