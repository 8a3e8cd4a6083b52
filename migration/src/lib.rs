//! The schema, step by step. A file is never edited after it has landed; a change is a new file.
//!
//! What must not be is kept out by the schema itself: unique and partial indexes, checks and foreign keys.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::{MigratorTrait, SchemaManager};

mod m20261124_000001_people;
mod m20261124_000002_backup_credentials;
mod m20261124_000003_projects;
mod m20261124_000004_policies_and_runs;
mod m20261124_000005_audit_log;
mod m20261124_000006_links_and_removals;
mod m20261124_000007_nodes_and_turns;
mod m20261124_000008_sign_in_throttle;
mod m20261124_000009_database_sources;
mod m20261125_000010_second_factor;
mod m20261125_000011_notifications;
mod m20261125_000012_maintenance;
mod m20261125_000013_object_options;
mod m20261125_000014_identities;
mod m20261129_000015_session_hashes;
mod m20261129_000016_known_networks;
mod m20261129_000017_crashed_runs;
mod m20261130_000018_delayed_deletion;
mod m20261130_000019_unusual_deliveries;
mod m20261130_000020_clock_watch;
mod m20261130_000021_source_options;
mod m20261130_000022_source_had_files;
mod m20261130_000023_credential_checks;
mod m20261130_000024_services_as_they_are;
mod m20261130_000025_run_log;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_people::Migration),
            Box::new(m20261124_000002_backup_credentials::Migration),
            Box::new(m20261124_000003_projects::Migration),
            Box::new(m20261124_000004_policies_and_runs::Migration),
            Box::new(m20261124_000005_audit_log::Migration),
            Box::new(m20261124_000006_links_and_removals::Migration),
            Box::new(m20261124_000007_nodes_and_turns::Migration),
            Box::new(m20261124_000008_sign_in_throttle::Migration),
            Box::new(m20261124_000009_database_sources::Migration),
            Box::new(m20261125_000010_second_factor::Migration),
            Box::new(m20261125_000011_notifications::Migration),
            Box::new(m20261125_000012_maintenance::Migration),
            Box::new(m20261125_000013_object_options::Migration),
            Box::new(m20261125_000014_identities::Migration),
            Box::new(m20261129_000015_session_hashes::Migration),
            Box::new(m20261129_000016_known_networks::Migration),
            Box::new(m20261129_000017_crashed_runs::Migration),
            Box::new(m20261130_000018_delayed_deletion::Migration),
            Box::new(m20261130_000019_unusual_deliveries::Migration),
            Box::new(m20261130_000020_clock_watch::Migration),
            Box::new(m20261130_000021_source_options::Migration),
            Box::new(m20261130_000022_source_had_files::Migration),
            Box::new(m20261130_000023_credential_checks::Migration),
            Box::new(m20261130_000024_services_as_they_are::Migration),
            Box::new(m20261130_000025_run_log::Migration),
        ]
    }
}

/// The names of all steps, in their order.
pub fn steps() -> Vec<String> {
    let mut names: Vec<_> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    names.sort();
    names
}
