//! One page for each address.

pub mod backup_fields;
pub mod browse;
pub mod credentials;
pub mod dashboard;
pub mod login;
pub mod not_found;
pub mod policies;
pub mod project;
pub mod projects;
pub mod settings;
pub mod setup;
