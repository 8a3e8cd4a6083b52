//! PostgreSQL databases: checked over a connection of our own, dumped with `pg_dump`, restored with `pg_restore`.
//!
//! The password reaches the programs through their environment, never their command line, and they dial the very
//! address that was judged here.

mod address;
mod check;
mod child;
mod connection;
mod dump;
mod error;
mod filter;
mod matches;
mod program;
mod properties;
mod relay;
mod restore;
mod tls;
mod tools;

use std::fmt;

pub(crate) use self::{
    child::Stop,
    dump::{DumpReader, SUFFIX, file_name, properties_name},
    properties::Properties,
    restore::{Restored, Restoring, restore_from},
};
pub use self::{
    error::PostgresError,
    matches::PatternMatches,
    restore::DatabaseTarget,
    tools::{PostgresTools, Tool},
};
use crate::{NetworkPolicy, ResolveError, Secret};

type Result<T> = std::result::Result<T, PostgresError>;

/// A database, and who reads it.
#[derive(Clone, Debug)]
pub struct PostgresDatabase {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The database's name.
    pub database: String,
    /// The role to log in as.
    pub user: String,
    /// Its password; without one, the server must not ask for it.
    pub password: Option<Secret>,
    /// How the connection is encrypted.
    pub ssl_mode: SslMode,
    /// Which addresses may be dialled.
    pub network: NetworkPolicy,
}

impl PostgresDatabase {
    /// Another database of the same server.
    fn named(&self, database: &str) -> Self {
        Self { database: database.into(), ..self.clone() }
    }

    /// Whether none of its host's addresses may be dialled. A name that cannot be resolved is none of this. Give it a
    /// deadline.
    pub async fn is_forbidden(&self) -> bool {
        matches!(self.network.resolve(&self.host).await, Err(ResolveError::Forbidden))
    }

    fn no_server(&self) -> PostgresError {
        PostgresError::NoServer { host: self.host.clone(), port: self.port }
    }

    fn broken(&self) -> PostgresError {
        PostgresError::Connection { host: self.host.clone() }
    }
}

/// How a connection is encrypted, as in libpq
/// (<https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Only where the server insists.
    Allow,
    /// Where the server can.
    Prefer,
    /// Always, whoever answers.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this very host.
    VerifyFull,
}

impl SslMode {
    /// libpq's word for it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    const fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

/// A major version of PostgreSQL, such as 15. Of versions before 10, which had two numbers, the first alone: all of
/// them are too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A name as SQL writes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
