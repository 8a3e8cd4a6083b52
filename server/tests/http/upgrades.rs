//! Upgrades: every step of the schema with data in it, on both databases. Whole databases of earlier versions are taken
//! over in `fixtures`.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::support::{Database, tell};

/// What is written after so many steps: rows as the version of that time wrote them. `?` stands for bytes.
const ROWS: [(u32, &[&str]); 10] = [
    (
        1,
        &[
            "INSERT INTO account (id, origin, name, created_at) VALUES (1, 'setup', 'Tests', '2026-11-24T00:00:00Z')",
            "INSERT INTO organization (id, account_id, name, name_key, created_at) VALUES (1, 1, 'acme', 'acme', '2026-11-24T00:00:00Z')",
            "INSERT INTO users (id, organization_id, email, password_hash, role, created_at) VALUES (1, 1, 'a@example.com', 'x', 'Partner', '2026-11-24T00:00:00Z')",
            "INSERT INTO session (id, user_id, data, expires_at, created_at) VALUES ('s', 1, '{}', '2099-01-01T00:00:00Z', '2026-11-24T00:00:00Z')",
        ],
    ),
    (
        2,
        &[
            "INSERT INTO backup_credential (id, organization_id, s3_name, s3_name_key, access_key_id, secret_key_sealed, endpoint, region, created_by, created_at, modified_by, modified_at) VALUES (1, 1, 'Main', 'main', 'KEY', ?, 'https://s3.example.com', 'us-east-1', 'a', '2026-11-24T00:00:00Z', 'a', '2026-11-24T00:00:00Z')",
        ],
    ),
    (
        3,
        &[
            "INSERT INTO project (id, organization_id, name, source_kind, source_location, created_by, created_at) VALUES (1, 1, 'web-shop', 'directory', '/srv', 'a', '2026-11-24T00:00:00Z')",
            "INSERT INTO repository (id, project_id, organization_id, backup_credential_id, endpoint, region, bucket, prefix, password_sealed, created_at) VALUES (1, 1, 1, 1, 'https://s3.example.com', 'us-east-1', 'bucket', '', ?, '2026-11-24T00:00:00Z')",
        ],
    ),
    (
        4,
        &[
            "INSERT INTO policy (id, project_id, name, cron, time_zone, retention_seconds, include, exclude, paused, next_run_at, created_by, created_at) VALUES (1, 1, 'nightly', '0 3 * * *', 'UTC', 3600, '[\"**\"]', '[]', true, '2026-11-25T03:00:00Z', 'a', '2026-11-24T00:00:00Z')",
            "INSERT INTO backup (id, project_id, name, phase, queued_at, repository_id, policy_id, include, exclude, retention_seconds, not_before, snapshot, unreadable) VALUES (1, 1, 'nightly-1', 'Completed', '2026-11-24T03:00:00Z', 1, 1, '[\"**\"]', '[]', 3600, '2026-11-24T03:00:00Z', 'abc', '[]')",
            "INSERT INTO backup (id, project_id, name, phase, queued_at, repository_id, policy_id, include, exclude, retention_seconds, not_before, unreadable) VALUES (2, 1, 'nightly-2', 'Queued', '2026-11-24T03:00:00Z', 1, 1, '[\"**\"]', '[]', 3600, '2026-11-24T03:00:00Z', '[]')",
            "INSERT INTO restore (id, project_id, name, phase, queued_at, backup_id, paths, target, on_conflict, warnings) VALUES (1, 1, 'restore-1', 'Queued', '2026-11-24T03:00:00Z', 1, '[]', '/srv', 'skip', '[]')",
        ],
    ),
    (
        5,
        &[
            "INSERT INTO audit_entry (id, account_id, at, actor, address, action, subject_kind, changes) VALUES (1, 1, '2026-11-24T00:00:00Z', 'a', '', 'x', 'y', '{}')",
        ],
    ),
    (
        6,
        &[
            "INSERT INTO one_time_link (user_id, token_hash, expires_at, created_by) VALUES (1, ?, '2026-11-27T00:00:00Z', 'a')",
            "INSERT INTO removal (id, organization_id, backup_credential_id, project_name, bucket, prefix, not_before) VALUES (1, 1, 1, 'old', 'old', '', '2026-11-24T00:00:00Z')",
        ],
    ),
    (7, &[]),
    (8, &[]),
    (9, &[]),
    (
        10,
        &[
            "INSERT INTO second_factor (id, secret_sealed, confirmed_at, last_step) VALUES (1, ?, '2026-11-25T00:00:00Z', 59000000)",
            "INSERT INTO recovery_code (id, second_factor_id, code_hash) VALUES (1, 1, 'x')",
        ],
    ),
];

/// What the newest version writes, beside what is there from before.
const LATEST_ROWS: [&str; 8] = [
    "INSERT INTO maintenance (id, project_id, repository_id, kind, phase, queued_at, not_before) VALUES (1, 1, 1, 'Verification', 'Queued', '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')",
    "INSERT INTO notification_channel (id, organization_id, name, name_key, kind, target, url_sealed, on_failure, on_recovery, on_overdue, on_damage, on_digest, created_by, created_at, modified_by, modified_at) VALUES (1, 1, 'Chat', 'chat', 'slack', 'example.com', ?, true, true, true, true, false, 'a', '2026-11-25T00:00:00Z', 'a', '2026-11-25T00:00:00Z')",
    "INSERT INTO delivery (id, organization_id, channel_id, kind, event_key, subject, payload, phase, not_before, created_at) VALUES (1, 1, 1, 'failure', 'failure:1:nightly-1', 'x', '{}', 'Queued', '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')",
    "INSERT INTO delivery (id, organization_id, policy_id, kind, event_key, subject, payload, phase, not_before, created_at) VALUES (2, 1, 1, 'ping-start', 'ping-start:nightly-1', 'x', '{}', 'Queued', '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')",
    "INSERT INTO trouble (policy_id, likeness, event_key, told_at, failures, since) VALUES (1, 'Failed', 'failure:1:nightly-1', '2026-11-25T00:00:00Z', 1, '2026-11-25T00:00:00Z')",
    "INSERT INTO identity (issuer, subject, user_id, linked_at) VALUES ('https://login.example.com', '42', 1, '2026-11-25T00:00:00Z')",
    "UPDATE policy SET ping_url_sealed = ?, overdue_at = '2026-11-26T00:00:00Z', overdue_told_at = '2026-11-26T00:00:00Z' WHERE id = 1",
    "UPDATE repository SET storage_class = 'STANDARD_IA', encryption = 'aws:kms', kms_key = 'alias/backups' WHERE id = 1",
];

/// What the schema keeps out.
const IMPOSSIBLE: [&str; 10] = [
    // Two verifications of one repository that wait.
    "INSERT INTO maintenance (project_id, repository_id, kind, phase, queued_at, not_before) VALUES (1, 1, 'Verification', 'Queued', '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')",
    // Maintenance that nobody works on.
    "UPDATE maintenance SET phase = 'InProgress' WHERE id = 1",
    // The same event twice for one channel.
    "INSERT INTO delivery (organization_id, channel_id, kind, event_key, subject, payload, phase, not_before, created_at) VALUES (1, 1, 'failure', 'failure:1:nightly-1', 'x', '{}', 'Queued', '2026-11-25T00:00:00Z', '2026-11-25T00:00:00Z')",
    // One that is sent by nobody.
    "UPDATE delivery SET phase = 'Sending' WHERE id = 1",
    // One person's identity for another.
    "INSERT INTO identity (issuer, subject, user_id, linked_at) VALUES ('https://login.example.com', '42', 1, '2026-11-25T00:00:00Z')",
    // A second identity at the same provider.
    "INSERT INTO identity (issuer, subject, user_id, linked_at) VALUES ('https://login.example.com', '43', 1, '2026-11-25T00:00:00Z')",
    // A channel that is told nothing.
    "UPDATE notification_channel SET on_failure = false, on_recovery = false, on_overdue = false, on_damage = false WHERE id = 1",
    // A webhook that nothing signs.
    "UPDATE notification_channel SET kind = 'webhook' WHERE id = 1",
    // Backups that cannot be read at once.
    "UPDATE repository SET storage_class = 'DEEP_ARCHIVE' WHERE id = 1",
    // A key that nothing is encrypted with.
    "UPDATE repository SET encryption = 'AES256' WHERE id = 1",
];

#[test]
fn every_step_runs_forward_with_data_in_it() {
    tell(async {
        for database in [Database::Sqlite, Database::Postgres] {
            let folder = tempfile::tempdir().unwrap();
            let url = match database {
                Database::Sqlite => format!("sqlite://{}?mode=rwc", folder.path().join("holdfast.db").display()),
                Database::Postgres => test_postgres::new_database(),
            };
            let mut options = sea_orm::ConnectOptions::new(url);
            options.max_connections(1);
            let db = sea_orm::Database::connect(options).await.unwrap();
            for (step, rows) in ROWS {
                Migrator::up(&db, Some(1)).await.unwrap_or_else(|error| panic!("{database:?}, step {step}: {error}"));
                for row in rows {
                    insert(&db, row).await;
                }
            }
            Migrator::up(&db, None).await.unwrap_or_else(|error| panic!("{database:?}: {error}"));
            for row in LATEST_ROWS {
                insert(&db, row).await;
            }
            for (table, rows) in [
                ("account", 1),
                ("organization", 1),
                ("users", 1),
                // Their ids could not be told from hashes.
                ("session", 0),
                ("backup_credential", 1),
                ("project", 1),
                ("repository", 1),
                ("policy", 1),
                ("backup", 2),
                ("restore", 1),
                ("audit_entry", 1),
                ("one_time_link", 1),
                ("removal", 1),
                ("maintenance", 1),
                ("notification_channel", 1),
                ("delivery", 2),
                ("trouble", 1),
                ("second_factor", 1),
                ("recovery_code", 1),
                ("identity", 1),
                ("account WHERE NOT partners_need_second_factor", 1),
            ] {
                assert_eq!(count(&db, table).await, rows, "{database:?}: {table}");
            }
            assert_eq!(count(&db, "backup WHERE organization_id = 1").await, 2, "each knows its organization");
            assert_eq!(
                count(&db, "policy WHERE next_run_at IS NULL AND version = 1").await,
                1,
                "a paused one waits for nothing"
            );
            for statement in IMPOSSIBLE {
                assert!(db.execute_unprepared(statement).await.is_err(), "{database:?}: {statement}");
            }
            assert!(Migrator::get_pending_migrations(&db).await.unwrap().is_empty());
            db.close().await.unwrap();
        }
    });
}

async fn insert(db: &DatabaseConnection, row: &str) {
    let bytes = match db.get_database_backend() {
        DbBackend::Postgres => "'\\x0001'::bytea",
        _ => "x'0001'",
    };
    let row = row.replace('?', bytes);
    db.execute_unprepared(&row).await.unwrap_or_else(|error| panic!("{row}: {error}"));
}

#[expect(clippy::disallowed_methods, reason = "counts, as a person would ask for them")]
async fn count(db: &DatabaseConnection, from: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), format!("SELECT count(*) AS rows FROM {from}"));
    db.query_one_raw(statement).await.unwrap().unwrap().try_get("", "rows").unwrap()
}
