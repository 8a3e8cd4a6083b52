//! A connection of our own, to ask the server about itself.

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection as _, PgConnection,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::{timeout, timeout_at};

use super::{PostgresDatabase, PostgresError, Result, Version, address::dial, relay::Relay, tls::secure};

/// A check of a form ends within this time, however many steps it has.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// A PostgreSQL server says its first word within this time after it was dialled.
const GREETING: Duration = Duration::from_secs(5);
/// Characters of a server's words that are shown.
const SHOWN: usize = 500;

/// Gives `work` so much time.
pub(super) async fn in_time<T>(
    database: &PostgresDatabase,
    patience: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let late = |_| PostgresError::TimedOut { host: database.host.clone() };
    timeout(patience, work).await.map_err(late)?
}

/// Gives a check of a form its time, and takes the same time for a port that is closed, that is silent, and at which
/// something else answers: whoever may fill in the form need not learn which of them it is.
///
/// The work lies on the heap: whoever checks a form does not expect to carry a handshake about.
pub(super) async fn in_even_time<T>(database: &PostgresDatabase, work: BoxFuture<'_, Result<T>>) -> Result<T> {
    let began = tokio::time::Instant::now();
    let done = in_time(database, TIMEOUT, work).await;
    if matches!(done, Err(PostgresError::NoServer { .. })) {
        tokio::time::sleep_until(began + GREETING).await;
    }
    done
}

/// An open connection.
pub(super) struct Connection {
    pub(super) session: PgConnection,
    /// Where it leads, for the programs that follow.
    pub(super) address: IpAddr,
    pub(super) version: Version,
    relay: Relay,
}

impl Connection {
    /// Connects and asks for the version. Give it a deadline.
    pub(super) async fn open(database: &PostgresDatabase) -> Result<Self> {
        let deadline = Instant::now() + GREETING;
        let dialled = timeout_at(deadline.into(), async {
            let (stream, address) = dial(database).await?;
            Ok((secure(stream, database, address).await?, address))
        });
        let (stream, address) = dialled.await.unwrap_or_else(|_| Err(database.no_server()))?;
        let relay = Relay::start(stream).await.map_err(|_| database.broken())?;
        let connected = tokio::select! {
            connected = log_in(database, relay.address()) => connected,
            () = relay.silent_until(deadline) => return Err(database.no_server()),
        };
        match connected {
            Ok((session, version)) => Ok(Self { session, address, version, relay }),
            Err(_) if !relay.is_postgres() => Err(database.no_server()),
            Err(error) => Err(connecting(database, error)),
        }
    }

    /// Says goodbye; that it was heard does not matter.
    pub(super) async fn close(self) {
        let Self { session, relay, .. } = self;
        let _ = timeout(Duration::from_secs(1), async {
            let _ = session.close().await;
            relay.ended().await;
        })
        .await;
    }
}

async fn log_in(database: &PostgresDatabase, relay: SocketAddr) -> sqlx::Result<(PgConnection, Version)> {
    let mut session = options(database, relay).connect().await?;
    let number: String =
        sqlx::query_scalar("SELECT current_setting('server_version_num')").fetch_one(&mut session).await?;
    let number: u32 = number.parse().map_err(|_| sqlx::Error::Protocol("a version that is no number".into()))?;
    Ok((session, Version(number / 10_000)))
}

/// By way of the relay, which has made the connection as it should be.
fn options(database: &PostgresDatabase, relay: SocketAddr) -> PgConnectOptions {
    // An empty password, lest one be taken from the environment.
    let password = database.password.as_ref().map_or("", |password| password.expose());
    PgConnectOptions::new_without_pgpass()
        .host(&relay.ip().to_string())
        .port(relay.port())
        .database(&database.database)
        .username(&database.user)
        .password(password)
        .ssl_mode(PgSslMode::Disable)
        .application_name("holdfast")
        .disable_statement_logging()
}

/// A failure to connect, told apart by SQLSTATE
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn connecting(database: &PostgresDatabase, error: sqlx::Error) -> PostgresError {
    let PostgresDatabase { user, .. } = database;
    match error {
        sqlx::Error::Io(_) => database.broken(),
        sqlx::Error::Protocol(_) => database.no_server(),
        sqlx::Error::Database(refusal) => {
            let detail = shown(refusal.message());
            if is_poolers(&*refusal) {
                return PostgresError::Pooler { detail };
            }
            match refusal.code().as_deref().unwrap_or_default() {
                "28P01" => PostgresError::Password { user: user.clone() },
                "28000" => PostgresError::NotAdmitted { user: user.clone(), detail },
                "3D000" => PostgresError::NoDatabase { database: database.database.clone() },
                "53300" | "57P01" | "57P02" | "57P03" => PostgresError::Busy { detail },
                _ => PostgresError::Refused { detail },
            }
        }
        other => PostgresError::Refused { detail: shown(&other.to_string()) },
    }
}

/// A failed statement.
pub(super) fn refused(error: sqlx::Error) -> PostgresError {
    let detail = match error {
        sqlx::Error::Database(refusal) if is_poolers(&*refusal) => {
            return PostgresError::Pooler { detail: shown(refusal.message()) };
        }
        sqlx::Error::Database(refusal) => shown(refusal.message()),
        other => shown(&other.to_string()),
    };
    PostgresError::Refused { detail }
}

/// Whether only a pooler in transaction mode refuses this. It may take no parameter that belongs to a session, or hands the
/// next transaction to a session that knows nothing of a statement prepared before, or has one of the same name
/// (<https://www.pgbouncer.org/features.html>, <https://www.pgbouncer.org/config.html#ignore_startup_parameters>).
fn is_poolers(refusal: &dyn DatabaseError) -> bool {
    const UNKNOWN_STATEMENT: &str = "26000";
    const STATEMENT_TAKEN: &str = "42P05";
    matches!(refusal.code().as_deref(), Some(UNKNOWN_STATEMENT | STATEMENT_TAKEN))
        || refusal.message().starts_with("unsupported startup parameter")
}

/// A server's words, cut.
fn shown(words: &str) -> String {
    let words = words.trim_end_matches('.');
    match words.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
