//! The server of Holdfast: configuration, command line, and everything between a socket and a server function.
//!
//! The binary `holdfast` and the tests share [`startup::Application`].

pub mod cli;
pub mod config;
mod demo;
mod listener;
pub mod startup;
pub mod telemetry;
mod web;

pub use web::addresses;
