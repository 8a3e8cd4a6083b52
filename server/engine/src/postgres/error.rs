//! What can go wrong between us and a PostgreSQL server, in words for people.

use thiserror::Error;

use super::{Version, tools::Tool};

/// A failed use of a database. Every message says what happened and what to do next; none contains a password.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostgresError {
    /// The host name has no address.
    #[error("The host name \"{host}\" cannot be resolved. Check its spelling, and this server's DNS.")]
    Name {
        /// The host.
        host: String,
    },
    /// The port is closed, or silent, or what answers is no PostgreSQL server. Which of them is not told: a form would be
    /// a way to look around in networks that nobody can see from outside.
    #[error(
        "\"{host}\" did not answer as a PostgreSQL server at port {port}. Check host and port, that PostgreSQL runs and listens there, and that no firewall is in between."
    )]
    NoServer {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A connection with a PostgreSQL server broke.
    #[error("The connection with \"{host}\" broke. Try again, and look at the database server's log.")]
    Connection {
        /// The host.
        host: String,
    },
    /// A PostgreSQL server answered, but not all that was asked in time.
    #[error("\"{host}\" did not answer in time. Check that PostgreSQL is not overloaded there.")]
    TimedOut {
        /// The host.
        host: String,
    },
    /// The address is not one this installation may dial.
    #[error(
        "The address of \"{host}\" is not allowed on this installation. Ask the operator to allow its network with HOLDFAST_POSTGRES_ALLOW_NETWORKS."
    )]
    ForbiddenAddress {
        /// The host.
        host: String,
    },
    /// No encrypted connection could be made.
    #[error(
        "No secure connection to the database server could be made: {detail}. Check its certificate, or choose another sslmode in the Connection URL."
    )]
    Tls {
        /// What went wrong.
        detail: String,
    },
    /// The password is wrong, or the user unknown: servers do not tell which.
    #[error("The database server does not accept the user \"{user}\" with this password. Check both.")]
    Password {
        /// The role.
        user: String,
    },
    /// The server lets this user not in from here.
    #[error("The database server does not let the user \"{user}\" in: {detail}. Change that in its pg_hba.conf.")]
    NotAdmitted {
        /// The role.
        user: String,
        /// The server's message.
        detail: String,
    },
    /// There is no such database.
    #[error("The database \"{database}\" does not exist on this server. Check its name, or create it.")]
    NoDatabase {
        /// The database.
        database: String,
    },
    /// The server is starting, stopping, or full.
    #[error("The database server takes no connections at the moment ({detail}). Try again later.")]
    Busy {
        /// The server's message.
        detail: String,
    },
    /// PostgreSQL's client programs are not there.
    #[error(
        "{tool} is not installed on Holdfast's server. Ask the operator to install PostgreSQL's client programs, version {server} or newer."
    )]
    ToolMissing {
        /// The program.
        tool: Tool,
        /// The server's version.
        server: Version,
    },
    /// PostgreSQL's client programs are too old for the server.
    #[error(
        "{tool} on Holdfast's server is version {found}, and the database server is PostgreSQL {server}. Ask the operator to install PostgreSQL's client programs, version {server} or newer."
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
        "The user \"{user}\" may not read {objects}, so a dump would fail. Let it: GRANT pg_read_all_data TO {user}; or use another user."
    )]
    MissingRights {
        /// The role.
        user: String,
        /// Some of what it may not read.
        objects: String,
    },
    /// Row security would hide rows from the role.
    #[error(
        "Row security hides rows of {objects} from the user \"{user}\", so a dump would fail. Let it: ALTER ROLE {user} BYPASSRLS; or use another user."
    )]
    RowSecurity {
        /// The role.
        user: String,
        /// Some of the tables.
        objects: String,
    },
    /// A pattern of Include matches nothing, so what it stands for would be missing from the backup.
    #[error(
        "Nothing in the database fits \"{patterns}\" in Include. Check its spelling and letter case, or take it out of the policy."
    )]
    NothingMatches {
        /// The patterns, with quotes and commas between them.
        patterns: String,
    },
    /// More tables belong to the chosen ones than can be named.
    #[error(
        "More than {most} partitions and children of the policy's tables have names that its patterns do not match. Write patterns that match them too, such as orders* or archive.*."
    )]
    TooManyPartitions {
        /// How many can be named.
        most: usize,
    },
    /// A database of this name is there already.
    #[error("A database named \"{database}\" exists on the server already. Choose another name.")]
    DatabaseExists {
        /// The database.
        database: String,
    },
    /// The role may not make databases.
    #[error("The user \"{user}\" may not create databases. Let it: ALTER ROLE {user} CREATEDB;")]
    MayNotCreate {
        /// The role.
        user: String,
    },
    /// A program of PostgreSQL's failed.
    #[error("{tool} failed: {detail}")]
    Failed {
        /// The program.
        tool: Tool,
        /// What it said, and what to do where that is known.
        detail: String,
    },
    /// The URL leads to a pooler that gives a client another session for each transaction.
    #[error(
        "The Connection URL leads to a connection pooler in transaction mode, such as PgBouncer ({detail}), through which no dump can be made. Enter the host and port of the PostgreSQL server itself, or of a pool in session mode."
    )]
    Pooler {
        /// What it said.
        detail: String,
    },
    /// Any other refusal of the server's.
    #[error("The database server refused: {detail}.")]
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
