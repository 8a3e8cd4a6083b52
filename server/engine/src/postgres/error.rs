//! What can go wrong between us and a PostgreSQL server, in words for people.

use thiserror::Error;

use super::{Version, tools::Tool};

/// A failed use of a database. Every message says what happened and what to do next; none contains a password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostgresError {
    /// The host name has no address.
    #[error("{}", tr!("The host name \"{}\" cannot be resolved. Check its spelling, and this server's DNS.", .host))]
    Name {
        /// The host.
        host: String,
    },
    /// The port is closed, or silent, or what answers is no PostgreSQL server. Which of them is not told: a form would be
    /// a way to look around in networks that nobody can see from outside.
    #[error(
        "{}",
        tr!(
            "\"{}\" did not answer as a PostgreSQL server at port {}. Check host and port, that PostgreSQL runs and listens there, and that no firewall is in between.",
            .host,
            .port
        )
    )]
    NoServer {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A connection with a PostgreSQL server broke.
    #[error("{}", tr!("The connection with \"{}\" broke. Try again, and look at the database server's log.", .host))]
    Connection {
        /// The host.
        host: String,
    },
    /// A PostgreSQL server answered, but not all that was asked in time.
    #[error("{}", tr!("\"{}\" did not answer in time. Check that PostgreSQL is not overloaded there.", .host))]
    TimedOut {
        /// The host.
        host: String,
    },
    /// The address is not one this installation may dial.
    #[error(
        "{}",
        tr!(
            "The address of \"{}\" is not allowed on this installation. Ask the operator to allow its network with HOLDFAST_POSTGRES_ALLOW_NETWORKS.",
            .host
        )
    )]
    ForbiddenAddress {
        /// The host.
        host: String,
    },
    /// No encrypted connection could be made.
    #[error(
        "{}",
        tr!(
            "No secure connection to the database server could be made: {}. Check its certificate, or choose another sslmode in the Connection URL.",
            .detail
        )
    )]
    Tls {
        /// What went wrong.
        detail: String,
    },
    /// The password is wrong, or the user unknown: servers do not tell which.
    #[error("{}", tr!("The database server does not accept the user \"{}\" with this password. Check both.", .user))]
    Password {
        /// The role.
        user: String,
    },
    /// The server lets this user not in from here.
    #[error(
        "{}",
        tr!("The database server does not let the user \"{}\" in: {}. Change that in its pg_hba.conf.", .user, .detail)
    )]
    NotAdmitted {
        /// The role.
        user: String,
        /// The server's message.
        detail: String,
    },
    /// There is no such database.
    #[error("{}", tr!("The database \"{}\" does not exist on this server. Check its name, or create it.", .database))]
    NoDatabase {
        /// The database.
        database: String,
    },
    /// The server is starting, stopping, or full.
    #[error("{}", tr!("The database server takes no connections at the moment ({}). Try again later.", .detail))]
    Busy {
        /// The server's message.
        detail: String,
    },
    /// PostgreSQL's client programs are not there.
    #[error(
        "{}",
        tr!(
            "{} is not installed on Holdfast's server. Ask the operator to install PostgreSQL's client programs, version {} or newer.",
            .tool,
            .server
        )
    )]
    ToolMissing {
        /// The program.
        tool: Tool,
        /// The server's version.
        server: Version,
    },
    /// PostgreSQL's client programs are too old for the server.
    #[error(
        "{}",
        tr!(
            "{} on Holdfast's server is version {}, and the database server is PostgreSQL {}. Ask the operator to install PostgreSQL's client programs, version {} or newer.",
            .tool,
            .found,
            .server,
            .server
        )
    )]
    ToolTooOld {
        /// The program.
        tool: Tool,
        /// Its newest version that is installed.
        found: Version,
        /// The server's version.
        server: Version,
    },
    /// The role may not read everything.
    #[error(
        "{}",
        tr!(
            "The user \"{}\" may not read {}, so a dump would fail. Let it: GRANT pg_read_all_data TO {}; or use another user.",
            .user,
            .objects,
            .user
        )
    )]
    MissingRights {
        /// The role.
        user: String,
        /// Some of what it may not read.
        objects: String,
    },
    /// Row security would hide rows from the role.
    #[error(
        "{}",
        tr!(
            "Row security hides rows of {} from the user \"{}\", so a dump would fail. Let it: ALTER ROLE {} BYPASSRLS; or use another user.",
            .objects,
            .user,
            .user
        )
    )]
    RowSecurity {
        /// The role.
        user: String,
        /// Some of the tables.
        objects: String,
    },
    /// A pattern of Include matches nothing, so what it stands for would be missing from the backup.
    #[error(
        "{}",
        tr!(
            "Nothing in the database fits \"{}\" in Include. Check its spelling and letter case, or take it out of the policy.",
            .patterns
        )
    )]
    NothingMatches {
        /// The patterns, with quotes and commas between them.
        patterns: String,
    },
    /// More tables belong to the chosen ones than can be named.
    #[error(
        "{}",
        tr!(
            "More than {} partitions and children of the policy's tables have names that its patterns do not match. Write patterns that match them too, such as orders* or archive.*.",
            .most
        )
    )]
    TooManyPartitions {
        /// How many can be named.
        most: usize,
    },
    /// A database of this name is there already.
    #[error("{}", tr!("A database named \"{}\" exists on the server already. Choose another name.", .database))]
    DatabaseExists {
        /// The database.
        database: String,
    },
    /// The role may not make databases.
    #[error("{}", tr!("The user \"{}\" may not create databases. Let it: ALTER ROLE {} CREATEDB;", .user, .user))]
    MayNotCreate {
        /// The role.
        user: String,
    },
    /// A program of PostgreSQL's failed.
    #[error("{}", tr!("{} failed: {}", .tool, .detail))]
    Failed {
        /// The program.
        tool: Tool,
        /// What it said, and what to do where that is known.
        detail: String,
    },
    /// The URL leads to a pooler that gives a client another session for each transaction.
    #[error(
        "{}",
        tr!(
            "The Connection URL leads to a connection pooler in transaction mode, such as PgBouncer ({}), through which no dump can be made. Enter the host and port of the PostgreSQL server itself, or of a pool in session mode.",
            .detail
        )
    )]
    Pooler {
        /// What it said.
        detail: String,
    },
    /// Any other refusal of the server's.
    #[error("{}", tr!("The database server refused: {}.", .detail))]
    Refused {
        /// The server's message.
        detail: String,
    },
}

impl PostgresError {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NoServer { .. } | Self::Connection { .. } | Self::TimedOut { .. } | Self::Busy { .. })
    }
}
