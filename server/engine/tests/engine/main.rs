//! The engine against real S3 servers.

mod keys;
mod support;

mod archives;
mod browse;
mod cancel;
mod database;
mod faults;
mod fidelity;
mod hostile;
mod kill;
mod maintenance;
mod opening;
mod options;
mod outage;
mod patterns;
mod pooler;
mod properties;
mod repository;
mod restic;
mod restore;
mod source;
