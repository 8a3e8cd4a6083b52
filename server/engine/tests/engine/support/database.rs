//! A database with what is easily lost, and how it is backed up.

use engine::{DatabaseDump, PostgresDatabase, PostgresTools, Secret, SnapshotRequest, SnapshotSource, SslMode};
use test_postgres::{Database, PASSWORD, USER, cluster};

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
