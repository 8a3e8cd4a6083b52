//! The server of Holdfast: configuration, command line, and everything between a socket and a server function.
//!
//! The binary `holdfast` and the tests share [`startup::Application`].

pub mod cli;
pub mod config;
mod demo;
mod listener;
pub mod private;
pub mod startup;
pub mod telemetry;
mod terminal;
mod web;

pub use web::addresses;

use tikv_jemallocator::Jemalloc;

/// Pages are drawn from thousands of small pieces, and backups from buffers that come and go in many threads. The
/// system's allocator takes half as long again over the one, and keeps more of the other.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;
