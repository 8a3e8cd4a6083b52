//! The connection to SQLite or PostgreSQL.

use std::{fs::File, path::Path, time::Duration};

use migration::{Migrator, MigratorTrait, SchemaManager};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqlErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

mod claim;

pub use self::claim::{claim, lock_first};
use crate::error::ServiceError;

/// How long a statement waits for another writer of SQLite, or for a free connection.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was not used for so long is asked whether it still stands before it is used. Asked each time, every
/// statement would take twice as long.
const DOUBTED_AFTER: Duration = Duration::from_secs(1);

/// How long a process waits while another one migrates.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(10);

/// PostgreSQL's number for the lock: "holdfast" in ASCII.
const MIGRATION_LOCK: i64 = 0x686f_6c64_6661_7374;

/// The step of the schema that ends all sessions.
const ENDS_SESSIONS: &str = "m20261129_000015_session_hashes";

/// Connections for requests and runs.
const CONNECTIONS: u32 = 16;

/// Connects with a bounded pool. A SQLite file is made where there is none.
pub async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    connect_with(url, CONNECTIONS, true).await
}

/// The same for a database that must be there.
pub async fn connect_existing(url: &str) -> Result<DatabaseConnection, DbErr> {
    connect_with(url, CONNECTIONS, false).await
}

/// One connection, for a question before the schema is up to date. A SQLite file is made where there is none.
pub async fn connect_once(url: &str) -> Result<DatabaseConnection, DbErr> {
    connect_with(url, 1, true).await
}

async fn connect_with(url: &str, connections: u32, make: bool) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(TIMEOUT)
        .connect_timeout(TIMEOUT)
        .test_before_acquire_if_idle_for(DOUBTED_AFTER)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .create_if_missing(make)
                .foreign_keys(true)
                .busy_timeout(TIMEOUT)
                // Readers do not wait for the writer, and a commit is on the disk before it is reported.
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
        });
    Database::connect(options).await
}

/// Brings the schema up to date. Of processes that start at once on the same database one does, and the others wait.
pub async fn migrate(url: &str, data_dir: &Path) -> Result<(), DbErr> {
    if DbBackend::Postgres.is_prefix_of(url) {
        migrate_postgres(url).await
    } else {
        migrate_sqlite(url, data_dir).await
    }
}

/// The lock belongs to a transaction of its own, which ends with the process at the latest.
async fn migrate_postgres(url: &str) -> Result<(), DbErr> {
    let db = connect_with(url, 2, true).await?;
    let lock = db.begin().await?;
    lock.execute_unprepared(&format!("SET LOCAL lock_timeout = '{}s'", MIGRATION_TIMEOUT.as_secs())).await?;
    lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    upgrade(&db).await?;
    lock.commit().await?;
    db.close().await
}

/// The lock belongs to a file in the data folder, which is closed with the process at the latest. One connection, because
/// another one could still see what a step has just dropped.
async fn migrate_sqlite(url: &str, data_dir: &Path) -> Result<(), DbErr> {
    let path = data_dir.join("migration.lock");
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    let failed = |error: &dyn std::fmt::Display| DbErr::Custom(format!("the migrations cannot be locked: {error}"));
    let _lock = locked.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))?;
    let db = connect_with(url, 1, true).await?;
    upgrade(&db).await?;
    db.close().await
}

/// Does the steps that are missing, and tells the operator of what people will notice.
async fn upgrade(db: &DatabaseConnection) -> Result<(), DbErr> {
    let before = steps(db).await?;
    Migrator::up(db, None).await?;
    if !before.is_empty() && !before.iter().any(|step| step == ENDS_SESSIONS) {
        tracing::warn!(
            "this upgrade has ended all sessions: the database holds hashes of them from now on. Everybody signs in again"
        );
    }
    Ok(())
}

/// The steps of the schema that the database has been through, by name. It may have none yet, or such as only a newer
/// version knows.
pub async fn steps(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let has_any = SchemaManager::new(db).has_table(Migrator::migration_table_name().to_string()).await?;
    if !has_any {
        return Ok(Vec::new());
    }
    Ok(Migrator::get_migration_models(db).await?.into_iter().map(|step| step.version).collect())
}

/// Begins a transaction that will write. On SQLite it takes the write lock at once: a transaction that reads first and
/// writes later is refused when another one has written in between.
pub async fn begin_write(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    db.begin_with_options(options).await
}

/// Does a whole use case again where PostgreSQL took its transaction back for a deadlock. Deleting a project locks all that
/// belongs to it, in an order that the schema decides, beside whoever claims or queues a run of it.
pub async fn again_after_deadlock<T, F>(work: impl Fn() -> F) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    const MOST: usize = 5;
    for _ in 1..MOST {
        match work().await {
            Err(error) if error.is_deadlock() => tracing::debug!("a transaction met another one, and is done again"),
            outcome => return outcome,
        }
    }
    work().await
}

/// Whether a statement failed because what it would write is there already.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}
