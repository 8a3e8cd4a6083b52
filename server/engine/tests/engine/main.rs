//! The engine against real S3 servers.

mod keys;
mod support;

mod addressing;
mod archives;
mod browse;
mod buckets;
mod cancel;
mod certificates;
mod database;
mod endpoints;
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
mod refusals;
mod repository;
mod restic;
mod restore;
mod source;
