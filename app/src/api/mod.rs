//! Server functions: what the browser may ask of the server, one file for each noun.
//!
//! Each takes the acting person from the session and hands over to `services`, which decides. A function that changes
//! something takes one argument named `form` and answers [`Done`](model::form::Done), so that the same function serves
//! a plain form post and a call from the browser's half.

pub mod account;
pub mod audit;
pub mod backups;
pub mod credentials;
pub mod dashboard;
pub mod error;
pub mod flash;
pub mod maintenance;
pub mod manual;
pub mod nodes;
pub mod notifications;
pub mod organizations;
pub mod page;
pub mod policies;
pub mod profile;
pub mod projects;
pub mod restores;
pub mod runs;
pub mod second_factor;
pub mod session;
pub mod users;
pub mod zone;

#[cfg(feature = "ssr")]
pub mod server;

pub use error::ApiError;
pub use flash::Flash;
