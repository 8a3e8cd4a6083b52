//! The words of Holdfast's domain and their rules, shared by the browser and the server.
//!
//! Everything here is pure: no input or output, no clock, no web framework. A rule is written once, as the only
//! constructor of a type, and used by the forms, the server and the tests.

// `tr!`, around all that people read.
#[macro_use]
extern crate tr;

pub mod audit;
pub mod backup;
pub mod cookies;
pub mod credential;
pub mod dashboard;
pub mod database;
pub mod directory;
pub mod follow;
pub mod form;
pub mod ids;
pub mod keep;
pub mod language;
pub mod list;
pub mod maintenance;
pub mod manual;
pub mod many;
pub mod names;
pub mod node;
pub mod notification;
pub mod organization;
pub mod outlook;
pub mod pattern;
pub mod people;
pub mod permission;
pub mod policy;
pub mod profile;
pub mod project;
pub mod restore;
pub mod retention;
pub mod rule;
pub mod run;
pub mod schedule;
pub mod search;
pub mod second_factor;
pub mod size;
pub mod standing;
pub mod theme;
pub mod time;
mod translation;
pub mod user;
