//! Restoring a database: what it is beside its content, what fails, and what is too much for one transaction.

use std::{fs, sync::Arc};

use engine::{DatabaseTarget, RestoreReport, SnapshotRequest};
use test_postgres::{Database, USER, cluster};
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::support::{
    World,
    database::{described, dump_request, dumped, fill, new, restored},
    snapshot,
};

fn server() -> Database {
    cluster().database("postgres")
}

/// What one sees of a database: how it sorts, its settings, comment, owner, limit and rights, but not its name.
fn seen(database: &Database) -> String {
    let name = &database.name;
    server().sql(&format!(
        "SELECT datlocprovider, daticulocale, datcollate, datctype, pg_encoding_to_char(encoding), datconnlimit,
                pg_get_userbyid(datdba), shobj_description(oid, 'pg_database')
         FROM pg_database WHERE datname = '{name}';
         SELECT setrole::regrole, setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase
         WHERE datname = '{name}' ORDER BY 1;
         SELECT grantee::regrole, privilege_type, is_grantable
         FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = '{name}' ORDER BY 1, 2"
    ))
}

/// A database that is like no other on the server.
fn peculiar() -> Database {
    let name = format!("{}_Odd \"One\"", cluster().new_database().name);
    let (quoted, role) = (name.replace('"', "\"\""), name.split('_').take(2).collect::<Vec<_>>().join("_"));
    let server = server();
    for statement in [
        format!("CREATE ROLE owner_{role} LOGIN; CREATE ROLE app_{role} LOGIN"),
        format!("CREATE DATABASE \"{quoted}\" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kf-upper'"),
        format!("ALTER DATABASE \"{quoted}\" SET search_path TO \"Odd Schema\", shop, public"),
        format!("ALTER DATABASE \"{quoted}\" SET work_mem TO '7MB'"),
        format!("ALTER DATABASE \"{quoted}\" SET my.motto TO E'it''s\\\\fine'"),
        format!("ALTER ROLE app_{role} IN DATABASE \"{quoted}\" SET default_transaction_read_only TO on"),
        format!("COMMENT ON DATABASE \"{quoted}\" IS E'the shop''s\\nown'"),
        format!("ALTER DATABASE \"{quoted}\" CONNECTION LIMIT 17"),
        format!("REVOKE CONNECT ON DATABASE \"{quoted}\" FROM PUBLIC"),
        format!("GRANT CONNECT ON DATABASE \"{quoted}\" TO app_{role} WITH GRANT OPTION"),
        format!("ALTER DATABASE \"{quoted}\" OWNER TO owner_{role}"),
    ] {
        for statement in statement.split("; ") {
            server.sql(statement);
        }
    }
    let database = cluster().database(&name);
    fill(&database, 20);
    database.sql(
        "CREATE TABLE public.words (word text); INSERT INTO public.words VALUES ('b'), ('B'), ('ä'), ('z'), ('a')",
    );
    database
}

fn drop_database(database: &Database) {
    server().sql(&format!("DROP DATABASE \"{}\" WITH (FORCE)", database.name.replace('"', "\"\"")));
}

fn messages(report: &RestoreReport) -> Vec<&str> {
    report.warnings.iter().map(|warning| warning.message.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_is_like_the_original_even_when_that_is_gone() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = peculiar();
    let (before, sorted) = (seen(&database), "SELECT string_agg(word, '' ORDER BY word) FROM public.words");
    let order = database.sql(sorted);
    let taken = dumped(&repository, &database).await;
    for gone in [false, true] {
        if gone {
            drop_database(&database);
        }
        let copy = cluster().database(&format!("{} copy {gone}", database.name.replace('"', "")));
        let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
        assert_eq!((messages(&report), report.ignored_errors), (Vec::new(), 0));
        assert_eq!(seen(&copy), before);
        assert_eq!(copy.sql(sorted), order);
    }
    println!("{before}{order}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_carried_over_is_told() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = peculiar();
    let taken = dumped(&repository, &database).await;
    drop_database(&database);
    let role = database.name.split('_').take(2).collect::<Vec<_>>().join("_");
    server().sql(&format!("DROP ROLE owner_{role}, app_{role}"));
    let copy = cluster().database(&format!("{role}_copy"));
    let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
    let told = messages(&report);
    println!("{told:#?}");
    let expected = [
        format!("setting default_transaction_read_only of the role app_{role}"),
        format!("right CONNECT of the role app_{role}"),
        format!("It belongs to {USER}, not to owner_{role}"),
    ];
    assert_eq!(told.len(), expected.len());
    for expected in expected {
        assert!(told.iter().any(|told| told.contains(&expected)), "{expected}: {told:?}");
    }
    let public = format!("SELECT has_database_privilege('public', '{}', 'CONNECT')", copy.name);
    assert_eq!(server().sql(&public), "f\n");
}

/// Somebody without a superuser's rights restores.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_give_it_away_is_told_so() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 5);
    let taken = dumped(&repository, &database).await;
    let maker = format!("maker_of_{}", database.name);
    server().sql(&format!("CREATE ROLE {maker} LOGIN CREATEDB PASSWORD 'makes'"));
    let request = engine::DatabaseRestore {
        snapshot: taken.snapshot.clone(),
        database: engine::PostgresDatabase {
            user: maker.clone(),
            password: Some(engine::Secret::new("makes".into())),
            ..described(&database)
        },
        target: new(&format!("{}_copy", database.name)),
        tools: engine::PostgresTools::installed(),
    };
    let report = repository.restore_database(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    let told = messages(&report);
    assert!(told[0].contains(&format!("It belongs to {maker}, not to {USER}")), "{told:?}");
    assert!(cluster().database(&format!("{}_copy", database.name)).exists());
}

/// A backup as earlier versions wrote it: the dump alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_without_properties_is_restored_like_the_original_of_today() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 5);
    server().sql(&format!("ALTER DATABASE {} SET work_mem TO '7MB'", database.name));
    let taken = dumped(&repository, &database).await;
    let mut dump = repository.open_file(&taken.snapshot, &format!("{}.dump", database.name)).await.unwrap();
    let mut content = Vec::new();
    while let Some(part) = dump.stream.next().await {
        content.extend_from_slice(&part.unwrap());
    }
    fs::write(world.source().join(format!("{}.dump", database.name)), content).unwrap();
    let old = snapshot(&repository, &world.source()).await;

    let copy = cluster().database(&format!("{}_copy", database.name));
    let report = restored(&repository, &old.snapshot, &database, new(&copy.name)).await.unwrap();
    assert_eq!(messages(&report), Vec::<&str>::new());
    assert_eq!(seen(&copy), seen(&database));

    drop_database(&database);
    let copy = cluster().database(&format!("{}_late_copy", database.name));
    let report = restored(&repository, &old.snapshot, &database, new(&copy.name)).await.unwrap();
    let told = messages(&report);
    assert!(told.len() == 1 && told[0].contains("does not tell"), "{told:?}");
    assert_eq!(copy.sql("SELECT count(*) FROM shop.orders"), "5\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_connects_to_a_database_that_is_not_complete() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 12_000);
    let taken = dumped(&repository, &database).await;
    let copy = format!("{}_copy", database.name);
    let seen = Arc::new(std::sync::Mutex::new(String::new()));
    let (noted, asked) = (seen.clone(), format!("SELECT has_database_privilege('public', '{copy}_draft', 'CONNECT')"));
    let progress = crate::support::after(2 << 20, move || *noted.lock().unwrap() = server().sql(&asked));
    let request = engine::DatabaseRestore {
        snapshot: taken.snapshot,
        database: described(&database),
        target: new(&copy),
        tools: engine::PostgresTools::installed(),
    };
    repository.restore_database(request, progress, CancellationToken::new()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), "f\n");
    assert_eq!(server().sql(&format!("SELECT has_database_privilege('public', '{copy}', 'CONNECT')")), "t\n");
}

/// Views with so many columns that no line of an error before them is among the last ones.
fn wide_views(database: &Database, count: usize) {
    let columns = (0..500).map(|n| format!("name AS c{n}")).collect::<Vec<_>>().join(", ");
    database.sql("CREATE SCHEMA shop; CREATE TABLE names (name text); CREATE TABLE shop.kept AS SELECT 1 AS id");
    for number in 0..count {
        database.sql(&format!("CREATE VIEW shop.wide_{number} AS SELECT {columns} FROM public.names"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_told_however_long_the_statements_are() {
    let world = World::start().await;
    let repository = world.repository().await;
    for (views, listed) in [(1, 2), (120, 200)] {
        let database = cluster().new_database();
        wide_views(&database, views);
        let request = SnapshotRequest { include: vec!["shop.*".into()], ..dump_request(&database) };
        let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        let copy = cluster().database(&format!("{}_copy", database.name));
        let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
        // Each view, and the statement that names its owner.
        assert_eq!((report.ignored_errors, report.warnings.len()), (2 * views as u64, listed));
        assert!(report.warnings[0].message.contains("relation \"public.names\" does not exist"), "{report:?}");
        assert_eq!(copy.sql("SELECT id FROM shop.kept"), "1\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_objects_are_replaced_or_the_setting_is_named() {
    let world = World::start().await;
    let repository = world.repository().await;
    for count in [20_000, 60_000] {
        let database = cluster().new_database();
        database.sql(&format!("SELECT count(lo_from_bytea(0, 'x')) FROM generate_series(1, {count})"));
        let taken = dumped(&repository, &database).await;
        let began = std::time::Instant::now();
        let report = restored(&repository, &taken.snapshot, &database, DatabaseTarget::Original).await;
        println!("{count} large objects: {report:?} in {:?}", began.elapsed());
        match report {
            Ok(report) => assert_eq!(report.warnings, []),
            Err(error) => {
                assert!(count > 20_000, "{error}");
                assert!(error.to_string().contains("max_locks_per_transaction"), "{error}");
                let copy = cluster().database(&format!("{}_copy", database.name));
                restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
                assert_eq!(copy.sql("SELECT count(*) FROM pg_largeobject"), format!("{count}\n"));
            }
        }
        assert_eq!(database.sql("SELECT count(*) FROM pg_largeobject"), format!("{count}\n"));
    }
}
