//! PostgreSQL databases as sources, against a real server.

use std::{
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use engine::{
    DatabaseRestore, DatabaseTarget, NetworkPolicy, PostgresDatabase, PostgresError, PostgresTools, Progress,
    RepositoryError, SnapshotRequest, SslMode, Tool, Version,
};
use test_postgres::{Database, PASSWORD, USER, cluster};
use tokio_util::sync::CancellationToken;

use crate::support::{
    World,
    database::{content, described, dump_request, dumped, fill, new, restored},
    servers, tls,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_restores_into_a_new_database() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 200);
    let taken = dumped(&repository, &database).await;
    assert_eq!((taken.files, taken.unreadable.len()), (1, 0));

    let entries = repository.entries(&taken.snapshot, "", 0, 100).await.unwrap().entries;
    let [dump, properties] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!(properties.name, format!("{}.json", database.name));
    assert_eq!((dump.name.clone(), dump.size), (format!("{}.dump", database.name), taken.bytes));
    assert!(taken.bytes > 200 * 1024, "{}", taken.bytes);
    let [info] = &repository.snapshots().await.unwrap()[..] else { panic!("one snapshot") };
    assert_eq!((info.id.clone(), info.bytes), (taken.snapshot.clone(), Some(taken.bytes)));

    let copy = cluster().database(&format!("{} \"copy\"", database.name));
    let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
    assert_eq!((report.files, report.bytes, report.warnings), (1, taken.bytes, vec![]));
    assert_eq!(content(&copy), content(&database));
    assert!(!cluster().database(&format!("{}_draft", copy.name)).exists());

    let again = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap_err();
    assert!(matches!(again, RepositoryError::Database(PostgresError::DatabaseExists { .. })), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_restores_over_the_original_or_changes_nothing() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 50);
    let before = content(&database);
    let taken = dumped(&repository, &database).await;
    database.sql(
        "DELETE FROM notes; DELETE FROM shop.orders; ALTER TABLE shop.orders ADD COLUMN spoiled text; DROP TABLE notes",
    );

    let spoiled = content(&database);
    let mut user = database.session();
    until(|| sessions(&database) == "1").await;
    let busy = restored(&repository, &taken.snapshot, &database, DatabaseTarget::Original).await.unwrap_err();
    assert!(busy.to_string().contains("1 other session"), "{busy}");
    assert_eq!(content(&database), spoiled);
    user.kill().unwrap();
    user.wait().unwrap();
    until(|| sessions(&database) == "0").await;

    database.sql("CREATE TABLE later (id integer REFERENCES shop.orders (id))");
    let in_the_way = restored(&repository, &taken.snapshot, &database, DatabaseTarget::Original).await.unwrap_err();
    assert!(in_the_way.to_string().contains("The database is as it was before"), "{in_the_way}");
    database.sql("DROP TABLE later");
    assert_eq!(content(&database), spoiled);

    let report = restored(&repository, &taken.snapshot, &database, DatabaseTarget::Original).await.unwrap();
    assert_eq!(report.warnings, []);
    assert_eq!(content(&database), before);
}

fn sessions(database: &Database) -> String {
    let counted = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'", database.name);
    cluster().database("postgres").sql(&counted).trim().to_owned()
}

async fn until(found: impl Fn() -> bool) {
    let began = Instant::now();
    while !found() {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Does something once so many bytes are dumped.
struct After<F> {
    bytes: AtomicU64,
    then: F,
}

impl<F: Fn() + Send + Sync> Progress for After<F> {
    fn total(&self, _files: u64, _bytes: u64) {}

    fn advance(&self, _files: u64, bytes: u64) {
        const LIMIT: u64 = 2 << 20;
        let before = self.bytes.fetch_add(bytes, Ordering::SeqCst);
        if before < LIMIT && before + bytes >= LIMIT {
            (self.then)();
        }
    }
}

fn after<F: Fn() + Send + Sync + 'static>(then: F) -> Arc<dyn Progress> {
    Arc::new(After { bytes: AtomicU64::new(0), then })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_breaks_never_becomes_a_snapshot() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 12_000);
    let name = database.name.clone();
    let progress = after(move || {
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        cluster().database("postgres").sql(&end);
    });
    let error = repository.snapshot(dump_request(&database), progress, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Database(PostgresError::Failed { tool: Tool::PgDump, .. })), "{error}");
    assert!(error.to_string().contains("The connection broke"), "{error}");
    assert!(world.stored("snapshots").is_empty(), "nothing that looks like a backup");
    dumped(&repository, &database).await;
    assert_eq!(repository.snapshots().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_dump_ends_pg_dump_soon() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 12_000);
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let cancelled_at = Arc::new(std::sync::Mutex::new(None));
    let noted = cancelled_at.clone();
    let progress = after(move || {
        *noted.lock().unwrap() = Some(Instant::now());
        token.cancel();
    });
    let error = repository.snapshot(dump_request(&database), progress, cancel).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Cancelled), "{error}");
    let waited = cancelled_at.lock().unwrap().unwrap().elapsed();
    assert!(waited < Duration::from_secs(5), "{waited:?}");
    assert!(world.stored("snapshots").is_empty());
    until(|| sessions(&database) == "0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_restore_leaves_no_database() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 12_000);
    let taken = dumped(&repository, &database).await;
    let copy = cluster().database(&format!("{}_copy", database.name));
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let request = DatabaseRestore {
        snapshot: taken.snapshot.clone(),
        database: described(&database),
        target: new(&copy.name),
        tools: PostgresTools::installed(),
    };
    let error = repository.restore_database(request, after(move || token.cancel()), cancel).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Cancelled), "{error}");
    assert!(!copy.exists() && !cluster().database(&format!("{}_draft", copy.name)).exists());
    restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
    assert_eq!(content(&copy), content(&database));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_stored_once() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 20_000);
    let first = dumped(&repository, &database).await;
    database.sql("UPDATE shop.orders SET note = 'changed' WHERE id = 19999");
    let second = dumped(&repository, &database).await;
    assert!(first.bytes > 20 << 20 && second.bytes > 20 << 20);
    assert!(second.added_bytes * 5 < first.added_bytes, "{} after {}", second.added_bytes, first.added_bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_choose_schemas_and_tables() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 5);
    let tables = "SELECT schemaname || '.' || tablename FROM pg_tables
                  WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
    for (number, (include, exclude, expected)) in [
        ("**", "notes", "Odd Schema.Mixed Case\nshop.log_2025\nshop.log_2026\nshop.orders\n"),
        ("shop.*", "shop.log_*", "shop.orders\n"),
        ("public.* shop.*", "shop.log_*", "public.notes\nshop.orders\n"),
        ("Mixed*", "", "Odd Schema.Mixed Case\n"),
        ("**", "shop.* notes", "Odd Schema.Mixed Case\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let owned = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let request = SnapshotRequest { include: owned(include), exclude: owned(exclude), ..dump_request(&database) };
        let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        let copy = cluster().database(&format!("{}_part_{number}", database.name));
        // A table without the schema that it was in can only go into one that is there.
        let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
        if include == "Mixed*" {
            assert!(report.warnings[0].message.contains("Odd Schema"), "{:?}", report.warnings);
            continue;
        }
        assert_eq!((report.warnings, report.ignored_errors), (vec![], 0), "{include} without {exclude}");
        assert_eq!(copy.sql(tables), expected, "{include} without {exclude}");
    }
}

/// A dump of `public.*` makes the schema, which every new database has already.
#[tokio::test(flavor = "multi_thread")]
async fn that_the_schema_public_is_there_is_no_failure() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    database.sql("CREATE TABLE notes (id integer PRIMARY KEY); INSERT INTO notes SELECT generate_series(1, 5)");
    let before = content(&database);
    let request = SnapshotRequest { include: vec!["public.*".into()], ..dump_request(&database) };
    let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    let copy = cluster().database(&format!("{}_copy", database.name));
    let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
    assert_eq!((report.warnings, report.ignored_errors), (vec![], 0));
    assert_eq!(content(&copy), before);

    database.sql("DELETE FROM notes");
    let report = restored(&repository, &taken.snapshot, &database, DatabaseTarget::Original).await.unwrap();
    assert_eq!((report.warnings, report.ignored_errors), (vec![], 0));
    assert_eq!(content(&database), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_what_is_wrong() {
    let database = cluster().new_database();
    fill(&database, 1);
    let tools = PostgresTools::installed();
    let right = described(&database);
    right.check(&tools).await.unwrap();

    let check = async |change: &dyn Fn(&mut PostgresDatabase)| {
        let mut database = right.clone();
        change(&mut database);
        let began = Instant::now();
        let error = database.check(&tools).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(12), "{error}");
        assert!(!error.to_string().contains(PASSWORD), "{error}");
        error
    };
    let error = check(&|database| database.host = "no-such-host.invalid".into()).await;
    assert!(matches!(error, PostgresError::Name { .. }), "{error}");
    let closed = servers::closed().await.port().unwrap();
    let silent = servers::silent().await.port().unwrap();
    let http = servers::answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await.port().unwrap();
    for port in [closed, silent, http] {
        let began = Instant::now();
        let error = check(&|database| database.port = port).await;
        assert_eq!(error, PostgresError::NoServer { host: right.host.clone(), port });
        // The same time, whatever is there.
        let took = began.elapsed();
        assert!((Duration::from_secs(5)..Duration::from_millis(5900)).contains(&took), "{port}: {took:?}");
    }
    let error = check(&|database| database.network = NetworkPolicy::default()).await;
    assert!(matches!(error, PostgresError::ForbiddenAddress { .. }), "{error}");
    let error = check(&|database| database.host = "169.254.169.254".into()).await;
    assert!(matches!(error, PostgresError::ForbiddenAddress { .. }), "{error}");
    let error = check(&|database| database.password = Some(engine::Secret::new("wrong".into()))).await;
    assert!(matches!(error, PostgresError::Password { .. }), "{error}");
    let error = check(&|database| database.user = "nobody".into()).await;
    assert!(matches!(error, PostgresError::Password { .. }), "{error}");
    let error = check(&|database| database.database = "no_such".into()).await;
    assert!(matches!(error, PostgresError::NoDatabase { .. }), "{error}");
    let error = check(&|database| database.ssl_mode = SslMode::Require).await;
    assert!(matches!(error, PostgresError::Tls { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_is_checked_over() {
    let database = cluster().new_database();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let right = PostgresDatabase {
        port: listener.local_addr().unwrap().port(),
        ssl_mode: SslMode::Require,
        ..described(&database)
    };
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = tokio::net::TcpStream::connect(("127.0.0.1", cluster().port())).await.unwrap();
            if let Ok(mut client) = tls::accept(&mut client).await {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            }
        }
    });
    let tools = PostgresTools::installed();
    right.check(&tools).await.unwrap();
    right.check_new(&tools, "something_new").await.unwrap();
    // The authority of the tests is nobody's.
    let strict = PostgresDatabase { ssl_mode: SslMode::VerifyCa, ..right };
    let error = strict.check(&tools).await.unwrap_err();
    assert!(matches!(error, PostgresError::Tls { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_which_rights_are_missing() {
    let database = cluster().new_database();
    fill(&database, 1);
    let reader = format!("reader_of_{}", database.name);
    database.sql(&format!("CREATE ROLE {reader} LOGIN PASSWORD 'reads'"));
    let as_reader = PostgresDatabase {
        user: reader.clone(),
        password: Some(engine::Secret::new("reads".into())),
        ..described(&database)
    };
    let tools = PostgresTools::installed();
    let error = as_reader.check(&tools).await.unwrap_err();
    let PostgresError::MissingRights { objects, .. } = &error else { panic!("{error}") };
    assert!(objects.contains("\"Odd Schema\".\"Mixed Case\"") && objects.contains("more"), "{objects}");
    assert!(error.to_string().contains("GRANT pg_read_all_data"), "{error}");

    database.sql(&format!("GRANT pg_read_all_data TO {reader}"));
    as_reader.check(&tools).await.unwrap();
    database.sql("ALTER TABLE notes ENABLE ROW LEVEL SECURITY");
    let error = as_reader.check(&tools).await.unwrap_err();
    assert!(matches!(&error, PostgresError::RowSecurity { objects, .. } if objects == "public.notes"), "{error}");

    let error = as_reader.check_new(&tools, "something_new").await.unwrap_err();
    assert!(matches!(error, PostgresError::MayNotCreate { .. }), "{error}");
    let error = described(&database).check_new(&tools, &database.name).await.unwrap_err();
    assert!(matches!(error, PostgresError::DatabaseExists { .. }), "{error}");
    described(&database).check_new(&tools, "something_new").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_are_missing_or_too_old_are_told() {
    let database = cluster().new_database();
    let folder = tempfile::tempdir().unwrap();
    let tools = PostgresTools::in_folders(vec![folder.path().into()]);
    let error = described(&database).check(&tools).await.unwrap_err();
    assert!(matches!(error, PostgresError::ToolMissing { tool: Tool::PgDump, .. }), "{error}");

    let old = folder.path().join("pg_dump");
    std::fs::write(&old, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n").unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = described(&database).check(&tools).await.unwrap_err();
    assert!(matches!(error, PostgresError::ToolTooOld { found: Version(9), .. }), "{error}");
    assert_eq!(described(&database).user, USER);
}
