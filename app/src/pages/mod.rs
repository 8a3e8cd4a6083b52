//! One page for each address.

pub mod audit_log;
pub mod backup_fields;
pub mod browse;
pub mod credentials;
pub mod dashboard;
pub mod lazy;
pub mod login;
pub mod login_code;
pub mod manual;
pub mod nodes;
pub mod not_found;
pub mod notifications;
mod object_fields;
pub mod organizations;
pub mod policies;
pub mod profile;
pub mod project;
pub mod projects;
pub mod repository;
pub mod run;
pub mod search;
pub mod second_factor;
pub mod set_password;
pub mod settings;
pub mod setup;
pub mod users;
