//! A connection of our own, to ask the server about itself.

use std::{future::Future, net::IpAddr, time::Duration};

use sqlx::{
    ConnectOptions, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::timeout;

use super::{PostgresDatabase, PostgresError, Result, SslMode, Version, address::resolve};

/// A check of a form ends within this time, however many steps it has.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Gives `work` so much time.
pub(super) async fn in_time<T>(
    database: &PostgresDatabase,
    patience: Duration,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let late = |_| PostgresError::TimedOut { host: database.host.clone() };
    timeout(patience, work).await.map_err(late)?
}

/// An open connection.
pub(super) struct Connection {
    pub(super) session: PgConnection,
    /// Where it leads, for the programs that follow.
    pub(super) address: IpAddr,
    pub(super) version: Version,
}

impl Connection {
    /// Connects and asks for the version. Give it a deadline.
    pub(super) async fn open(database: &PostgresDatabase) -> Result<Self> {
        let address = resolve(database).await?;
        let mut session = options(database, address).connect().await.map_err(|error| connecting(database, error))?;
        let number: String = sqlx::query_scalar("SELECT current_setting('server_version_num')")
            .fetch_one(&mut session)
            .await
            .map_err(|error| connecting(database, error))?;
        let number: u32 = number.parse().map_err(|_| PostgresError::NotPostgres)?;
        Ok(Self { session, address, version: Version(number / 10_000) })
    }

    /// Says goodbye; that it was heard does not matter.
    pub(super) async fn close(self) {
        let _ = timeout(Duration::from_secs(1), self.session.close()).await;
    }
}

fn options(database: &PostgresDatabase, address: IpAddr) -> PgConnectOptions {
    // The address that was judged is the one that is dialled. Only a certificate for the name needs the name: whoever
    // makes it resolve to something else meanwhile must have that certificate.
    let host = match database.ssl_mode {
        SslMode::VerifyFull => database.host.clone(),
        _ => address.to_string(),
    };
    // An empty password, lest one be taken from the environment.
    let password = database.password.as_ref().map_or("", |password| password.expose());
    PgConnectOptions::new_without_pgpass()
        .host(&host)
        .port(database.port)
        .database(&database.database)
        .username(&database.user)
        .password(password)
        .ssl_mode(ssl_mode(database.ssl_mode))
        .application_name("holdfast")
        .disable_statement_logging()
}

const fn ssl_mode(mode: SslMode) -> PgSslMode {
    match mode {
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Allow => PgSslMode::Allow,
        SslMode::Prefer => PgSslMode::Prefer,
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => PgSslMode::VerifyCa,
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}

/// A failure to connect, told apart by SQLSTATE
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn connecting(database: &PostgresDatabase, error: sqlx::Error) -> PostgresError {
    let PostgresDatabase { host, port, user, .. } = database;
    match error {
        sqlx::Error::Io(_) => PostgresError::Connection { host: host.clone(), port: *port },
        sqlx::Error::Tls(cause) => PostgresError::Tls { detail: cause.to_string() },
        sqlx::Error::Protocol(_) => PostgresError::NotPostgres,
        sqlx::Error::Database(refusal) => {
            let detail = refusal.message().trim_end_matches('.').to_owned();
            match refusal.code().as_deref().unwrap_or_default() {
                "28P01" => PostgresError::Password { user: user.clone() },
                "28000" => PostgresError::NotAdmitted { user: user.clone(), detail },
                "3D000" => PostgresError::NoDatabase { database: database.database.clone() },
                "53300" | "57P01" | "57P02" | "57P03" => PostgresError::Busy { detail },
                _ => PostgresError::Refused { detail },
            }
        }
        other => PostgresError::Refused { detail: other.to_string() },
    }
}

/// A failed statement.
pub(super) fn refused(error: sqlx::Error) -> PostgresError {
    let detail = match error {
        sqlx::Error::Database(refusal) => refusal.message().trim_end_matches('.').to_owned(),
        other => other.to_string(),
    };
    PostgresError::Refused { detail }
}
