//! A database with what is easily lost, and how it is backed up.

use std::sync::Arc;

use engine::{
    DatabaseDump, DatabaseRestore, DatabaseTarget, PostgresDatabase, PostgresTools, Repository, RepositoryError,
    RestoreReport, Secret, SnapshotId, SnapshotReport, SnapshotRequest, SnapshotSource, SslMode,
};
use test_postgres::{Database, PASSWORD, USER, cluster};
use tokio_util::sync::CancellationToken;

use super::{loopback, request};

/// Several schemas, odd names, a sequence, a foreign key, binary values, a large object, and `rows` rows of a KiB each.
pub fn fill(database: &Database, rows: u32) {
    database.sql(&format!(
        r#"
        CREATE SCHEMA shop; CREATE SCHEMA "Odd Schema";
        CREATE TABLE shop.orders (id serial PRIMARY KEY, note text, bytes bytea, at timestamptz DEFAULT now());
        INSERT INTO shop.orders (note, bytes)
            SELECT 'order ' || n || E' \\ "ü" \n', decode(string_agg(md5(n::text || m::text), ''), 'hex')
            FROM generate_series(1, {rows}) n, generate_series(1, 64) m GROUP BY n ORDER BY n;
        CREATE TABLE shop.log_2025 (line text); CREATE TABLE shop.log_2026 (line text);
        CREATE TABLE notes (id integer REFERENCES shop.orders (id), text text);
        INSERT INTO notes VALUES (1, NULL), (1, ''), (1, E'\t|');
        CREATE TABLE "Odd Schema"."Mixed Case" ("select" integer, v double precision);
        INSERT INTO "Odd Schema"."Mixed Case" VALUES (1, 'NaN'), (2, 0.1);
        CREATE VIEW shop.recent AS SELECT id, note FROM shop.orders;
        SELECT lo_from_bytea(0, 'a large object');
        "#
    ));
}

/// As its superuser, over TCP.
pub fn described(database: &Database) -> PostgresDatabase {
    PostgresDatabase {
        host: "127.0.0.1".into(),
        port: cluster().port(),
        database: database.name.clone(),
        user: USER.into(),
        password: Some(Secret::new(PASSWORD.into())),
        ssl_mode: SslMode::Prefer,
        network: loopback(),
    }
}

pub fn dump_request(database: &Database) -> SnapshotRequest {
    let dump = DatabaseDump { database: described(database), tools: PostgresTools::installed() };
    // The directory is not looked at.
    SnapshotRequest { source: SnapshotSource::Database(dump), ..request(std::path::Path::new("/")) }
}

pub async fn dumped(repository: &Repository, database: &Database) -> SnapshotReport {
    repository.snapshot(dump_request(database), Arc::new(()), CancellationToken::new()).await.unwrap()
}

pub async fn restored(
    repository: &Repository,
    snapshot: &SnapshotId,
    database: &Database,
    target: DatabaseTarget,
) -> Result<RestoreReport, RepositoryError> {
    let request = DatabaseRestore {
        snapshot: snapshot.clone(),
        database: described(database),
        target,
        tools: PostgresTools::installed(),
    };
    repository.restore_database(request, Arc::new(()), CancellationToken::new()).await
}

pub fn new(name: &str) -> DatabaseTarget {
    DatabaseTarget::New { name: name.into(), draft: format!("{name}_draft") }
}

/// All rows and all definitions.
pub fn content(database: &Database) -> (String, String) {
    let rows = String::from_utf8(test_postgres::dump(&database.socket_url())).unwrap();
    let tables = database.sql(
        "SELECT table_schema, table_name, column_name, data_type, column_default FROM information_schema.columns
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3",
    );
    // The lines with random tokens, which newer versions write, and with versions.
    let plain = |line: &&str| !line.starts_with("--") && !line.starts_with('\\');
    (rows.lines().filter(plain).collect::<Vec<_>>().join("\n"), tables)
}
