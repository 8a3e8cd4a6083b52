//! What may happen: the use cases, one module for each noun.
//!
//! Every function that a person asks for takes the [`Acting`] person first and asks the permission table in crate
//! `model`. A change and its audit entry are written in one transaction.

// `tr!`, around all that people read.
#[macro_use]
extern crate tr;

pub mod account;
mod acting;
mod audit;
pub mod audit_log;
pub mod backups;
pub mod browse;
mod clock;
mod codes;
mod context;
pub mod credentials;
pub mod dashboard;
mod database;
mod databases;
pub mod directories;
mod entity;
mod error;
pub mod health;
mod http;
mod known_networks;
mod listing;
pub mod live;
pub mod maintenance;
pub mod many_projects;
mod master_key;
pub mod metrics;
pub mod new_project;
pub mod nodes;
pub mod notifications;
pub mod openid;
pub mod organizations;
mod passwords;
pub mod policies;
pub mod profile;
mod progress;
pub mod projects;
mod provider;
pub mod recovery_kit;
pub mod removals;
mod repositories;
pub mod restores;
pub mod run_page;
mod runs;
mod schedule;
pub mod search;
pub mod second_factor;
mod sender;
mod sentence;
mod session_rows;
pub mod sessions;
pub mod setup;
mod source_roots;
mod sources;
mod standing;
mod start;
mod throttle;
pub mod transfer;
pub mod users;
mod vault;
mod wake;

pub use engine::{FileStream, LONGEST_OUTAGE, RepositoryError, Secret};

pub use self::{
    acting::Acting,
    clock::{Boot, Clock, Timepiece},
    context::{Services, ServicesConfig, SourceRoot},
    databases::{ForbiddenDatabase, forbidden_databases},
    error::{ServiceError, StartError, fault_id},
    master_key::{Rotation, rotate as rotate_master_key},
    projects::backup_switch,
    runs::{SchedulerError, clock_watch, retention::expire as expire_backups},
};

/// Sets who translates the messages of this crate, and of those below it; until then they are English.
pub fn set_translator(translator: impl tr::Translator + Clone + 'static) {
    let recordable = sentence::Recordable(translator.clone());
    tr::set_translator!(recordable.clone());
    engine::set_translator(recordable.clone());
    model::language::set_translator(recordable);
    sentence::set_translator(translator);
}
