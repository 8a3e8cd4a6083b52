//! Which part of a database a backup takes, against a real server.

use std::sync::Arc;

use engine::{PatternMatches, PostgresError, Repository, RepositoryError, SnapshotReport, SnapshotRequest};
use test_postgres::{Database, cluster};
use tokio_util::sync::CancellationToken;

use crate::support::{
    World,
    database::{described, dump_request, fill, new, restored},
};

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

async fn dumped(
    repository: &Repository,
    database: &Database,
    (include, exclude): (&str, &str),
) -> Result<SnapshotReport, RepositoryError> {
    let request = SnapshotRequest { include: words(include), exclude: words(exclude), ..dump_request(database) };
    repository.snapshot(request, Arc::new(()), CancellationToken::new()).await
}

async fn matches(database: &Database, (include, exclude): (&str, &str)) -> PatternMatches {
    described(database).matches(&words(include), &words(exclude)).await.unwrap()
}

/// A partitioned table with two levels below it, one part in another schema, and a table with children.
fn partitioned() -> Database {
    let database = cluster().new_database();
    database.sql(
        "CREATE SCHEMA shop; CREATE SCHEMA archive;
         CREATE TABLE shop.events (id integer, at integer) PARTITION BY RANGE (at);
         CREATE TABLE shop.first_half PARTITION OF shop.events FOR VALUES FROM (0) TO (500) PARTITION BY RANGE (at);
         CREATE TABLE shop.first_quarter PARTITION OF shop.first_half FOR VALUES FROM (0) TO (250);
         CREATE TABLE archive.\"Second Quarter\" PARTITION OF shop.first_half FOR VALUES FROM (250) TO (500);
         CREATE TABLE shop.rest PARTITION OF shop.events DEFAULT;
         INSERT INTO shop.events SELECT n, n FROM generate_series(0, 999) n;
         CREATE TABLE shop.cities (name text); CREATE TABLE shop.capitals (country text) INHERITS (shop.cities);
         CREATE TABLE archive.old_capitals (until integer) INHERITS (shop.capitals);
         INSERT INTO shop.cities VALUES ('Bonn'); INSERT INTO shop.capitals VALUES ('Paris', 'France');
         INSERT INTO archive.old_capitals VALUES ('Turin', 'Italy', 1865);
         CREATE TABLE shop.other (id integer); INSERT INTO shop.other VALUES (1)",
    );
    database
}

const TABLES: &str = "SELECT schemaname || '.' || tablename FROM pg_tables
                      WHERE schemaname IN ('shop', 'archive') ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_pattern_fails_the_backup_and_is_named() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 5);
    for (include, named) in
        [("orders custmers", "custmers"), ("shop.* shpo.*", "shpo.*"), ("** Notes", "Notes"), ("pg_class", "pg_class")]
    {
        let error = dumped(&repository, &database, (include, "")).await.unwrap_err();
        let RepositoryError::Database(PostgresError::NothingMatches { patterns }) = &error else {
            panic!("{include}: {error}")
        };
        assert_eq!(patterns, named);
        assert!(!error.is_transient());
    }
    assert!(world.stored("snapshots").is_empty());

    let complete = dumped(&repository, &database, ("orders notes", "log_* custmers")).await.unwrap();
    assert_eq!((complete.unmatched_exclude, complete.unreadable), (vec!["custmers".to_owned()], Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_learns_what_its_patterns_mean() {
    let database = cluster().new_database();
    fill(&database, 1);
    database.sql("CREATE SCHEMA empty; CREATE VIEW shop.all_orders AS SELECT * FROM shop.orders");
    for (patterns, unmatched_include, unmatched_exclude, tables) in [
        (("**", ""), "", "", 5),
        (("", "log_* nothing"), "", "nothing", 3),
        (("orders custmers", ""), "custmers", "", 1),
        (("shop.* empty.* no.*", "none.*"), "no.*", "none.*", 3),
        // Beside a table, a schema means its tables.
        (("orders empty.*", ""), "empty.*", "", 1),
        (("all_orders ORDERS *.p*", ""), "ORDERS *.p*", "", 0),
    ] {
        let expected = PatternMatches {
            unmatched_include: words(unmatched_include),
            unmatched_exclude: words(unmatched_exclude),
            tables,
        };
        assert_eq!(matches(&database, patterns).await, expected, "{patterns:?}");
    }
    let bad = described(&database).matches(&["a/b".into()], &[]).await.unwrap_err();
    assert!(matches!(bad, RepositoryError::InvalidPattern { .. }), "{bad}");
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_and_children_go_with_their_table() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = partitioned();
    let (events, cities) = ("SELECT count(*) FROM shop.events", "SELECT count(*) FROM shop.cities");
    let parts = "archive.Second Quarter\nshop.events\nshop.first_half\nshop.first_quarter\nshop.rest\n";
    let children = "archive.old_capitals\nshop.capitals\nshop.cities\n";
    for (number, (patterns, tables)) in [
        (("events", ""), parts.to_owned()),
        (("events", "Second*"), parts.replace("archive.Second Quarter\n", "")),
        (("shop.cities", ""), children.to_owned()),
        (("capitals cities", ""), children.to_owned()),
        (("cities", "capitals"), "shop.cities\n".to_owned()),
        (("**", "events"), "archive.old_capitals\nshop.capitals\nshop.cities\nshop.other\n".to_owned()),
        (("**", "events cities"), "shop.other\n".to_owned()),
        (("**", "first_half capitals"), "shop.cities\nshop.events\nshop.other\nshop.rest\n".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let taken = dumped(&repository, &database, patterns).await.unwrap();
        assert_eq!((taken.unreadable, taken.unmatched_exclude), (Vec::new(), Vec::new()), "{patterns:?}");
        assert_eq!(matches(&database, patterns).await.tables, tables.lines().count() as u64, "{patterns:?}");
        let copy = cluster().database(&format!("{}_part_{number}", database.name));
        // Of single tables, the schemas are not taken.
        let missing_schemas = patterns.0 != "**";
        if missing_schemas {
            restored_with_schemas(&world, &repository, &taken.snapshot, &copy.name).await;
        } else {
            let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
            assert_eq!(report.warnings, [], "{patterns:?}");
        }
        assert_eq!(copy.sql(TABLES), tables, "{patterns:?}");
        if tables == parts {
            assert_eq!(copy.sql(events), "1000\n");
        }
        if tables == children {
            assert_eq!(copy.sql(cities), "3\n");
        }
    }
}

/// As the recovery kit does it, into a database that has the schemas.
async fn restored_with_schemas(world: &World, repository: &Repository, snapshot: &engine::SnapshotId, name: &str) {
    use tokio_stream::StreamExt;

    let entries = repository.entries(snapshot, "", 0, 10).await.unwrap().entries;
    let mut dump = repository.open_file(snapshot, &entries[0].path).await.unwrap();
    let file = world.target(name);
    let mut content = Vec::new();
    while let Some(part) = dump.stream.next().await {
        content.extend_from_slice(&part.unwrap());
    }
    std::fs::write(&file, content).unwrap();
    cluster().database("postgres").sql(&format!("CREATE DATABASE {name}"));
    let copy = cluster().database(name);
    copy.sql("CREATE SCHEMA shop; CREATE SCHEMA archive");
    let mut program = std::process::Command::new("pg_restore");
    let output = program.args(["--dbname", &copy.socket_url()]).arg(file).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_in_a_schema_that_is_not_taken_is_named() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = partitioned();
    let taken = dumped(&repository, &database, ("shop.*", "")).await.unwrap();
    let mut missing: Vec<_> = taken.unreadable.iter().map(|one| one.path.as_str()).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["archive.Second Quarter", "archive.old_capitals"]);
    let whole = dumped(&repository, &database, ("shop.* archive.*", "")).await.unwrap();
    assert_eq!(whole.unreadable, []);
    let left_out = dumped(&repository, &database, ("shop.*", "archive.*")).await.unwrap();
    assert_eq!(left_out.unreadable, [], "as it was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn wildcards_leave_the_servers_own_schemas_out() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    database.sql(
        "CREATE SCHEMA places; CREATE TABLE places.p (id integer); CREATE TABLE public.pages (id integer);
         INSERT INTO public.pages VALUES (1), (2)",
    );
    for (number, include) in ["p*", "p*.*", "*.pages", "i* p*"].into_iter().enumerate() {
        let taken = match dumped(&repository, &database, (include, "")).await {
            Err(RepositoryError::Database(PostgresError::NothingMatches { patterns })) if include == "i* p*" => {
                assert_eq!(patterns, "i*", "information_schema is nobody's");
                continue;
            }
            taken => taken.unwrap(),
        };
        let copy = cluster().database(&format!("{}_own_{number}", database.name));
        let report = restored(&repository, &taken.snapshot, &database, new(&copy.name)).await.unwrap();
        // Of single tables, the schema is not taken; of a schema, also where every new database has it.
        let expected = ["\"places\" does not exist", "\"public\" already exists"];
        for warning in &report.warnings {
            assert!(expected.iter().any(|expected| warning.message.contains(expected)), "{include}: {warning:?}");
        }
        assert_eq!(copy.sql("SELECT count(*) FROM pages"), "2\n", "{include}");
    }
}

/// With names as long as they can be: the server's answer is long too.
#[tokio::test(flavor = "multi_thread")]
async fn children_are_named_until_they_are_too_many() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    let long = |name: &str| format!("{name}_{}", "x".repeat(56 - name.len()));
    let (schema, child) = (long("archive"), long("child"));
    database.sql(&format!("CREATE TABLE events (at integer); CREATE SCHEMA {schema}"));
    let more = |from: u32, to: u32| {
        database.sql(&format!(
            "DO $$ BEGIN FOR n IN {from}..{to} LOOP
                 EXECUTE format('CREATE TABLE {schema}.{child}_%s () INHERITS (events)', n);
             END LOOP; END $$"
        ));
    };
    more(1, 2000);
    more(2001, 5000);
    let complete = dumped(&repository, &database, ("**", "events")).await.unwrap();
    assert_eq!(complete.unreadable, []);
    assert_eq!(matches(&database, ("events", "")).await.tables, 5001);
    more(5001, 5001);
    for patterns in [("events", ""), ("**", "events")] {
        let error = dumped(&repository, &database, patterns).await.unwrap_err();
        let expected = RepositoryError::Database(PostgresError::TooManyPartitions { most: 5000 });
        assert_eq!(error.to_string(), expected.to_string());
    }
    dumped(&repository, &database, ("**", "events child_*")).await.unwrap();
}
