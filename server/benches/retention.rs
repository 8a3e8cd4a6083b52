//! How long retention takes with 100,000 policies of 60 backups each, of which 1,000 have something past its end, on SQLite
//! and on PostgreSQL.
//!
//! To reach: one pass within 10 seconds.

mod support;

use std::time::{Duration, Instant};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait,
    prelude::DateTimeUtc,
    sea_query::{Expr, ExprTrait, InsertStatement as Insert, Query},
};
use services::Clock;
use support::{Outcome, Server, rows};

const PROJECTS: i64 = 10_000;
const POLICIES: i64 = 100_000;
const EACH: i64 = 60;
/// One policy in so many has something past its end.
const ONE_IN: i64 = 100;
const BATCH: i64 = 500;

#[tokio::main]
async fn main() -> Outcome {
    println!("\n{POLICIES} policies of {EACH} backups each; {} with something past its end", POLICIES / ONE_IN);
    // The servers' own passes see nothing past its end.
    let early = || Clock::new(|| chrono::Utc::now() - Duration::from_hours(100));
    measure("SQLite", Server::start(early(), 1).await?).await?;
    measure("PostgreSQL", Server::start_on(early(), 1, Some(test_postgres::new_database())).await?).await
}

async fn measure(database: &str, server: Server) -> Outcome {
    let now = chrono::Utc::now();
    let begun = Instant::now();
    fill(&server.db, now).await?;
    println!("{database:<12} {:<22} {:>7.1} s", "rows written", begun.elapsed().as_secs_f64());
    for pass in ["the pass that marks", "the next pass"] {
        let begun = Instant::now();
        let marked = services::expire_backups(&server.services, now).await?;
        println!("{database:<12} {pass:<22} {:>7.1} s, {marked} marked", begun.elapsed().as_secs_f64());
    }
    server.stop().await
}

async fn fill(db: &DatabaseConnection, now: DateTimeUtc) -> Outcome {
    let tx = db.begin().await?;
    tx.execute(&rows::credential(1, now)?).await?;
    for id in 1..=PROJECTS {
        tx.execute(&rows::project(id, now)?).await?;
        tx.execute(&rows::repository(id, 1, now)?).await?;
    }
    for first in (1..=POLICIES).step_by(usize::try_from(BATCH)?) {
        tx.execute(&rows::policies(first, BATCH, PROJECTS, now + Duration::from_hours(240))?).await?;
    }
    tx.execute_unprepared("UPDATE policy SET keep_last = 30").await?;
    let made_again = lighten(&tx).await?;
    for number in 1..=EACH {
        tx.execute(&one_of_each(number, now)?).await?;
    }
    for index in made_again {
        tx.execute_unprepared(&index).await?;
    }
    tx.commit().await?;
    db.execute_unprepared("ANALYZE").await?;
    Ok(())
}

/// Lets millions of backups be written soon: with fewer indexes until the returned statements make them again, and on
/// PostgreSQL without looking up foreign keys in this transaction.
#[expect(clippy::disallowed_methods, reason = "the catalogs differ, as each database has them")]
async fn lighten(tx: &DatabaseTransaction) -> Outcome<Vec<String>> {
    let backend = tx.get_database_backend();
    let indexes = if backend == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL session_replication_role = replica").await?;
        "SELECT indexname::text AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'backup'
         AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    } else {
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'backup' AND sql IS NOT NULL"
    };
    let mut made_again = Vec::new();
    for index in tx.query_all_raw(Statement::from_string(backend, indexes)).await? {
        tx.execute_unprepared(&format!("DROP INDEX \"{}\"", index.try_get::<String>("", "name")?)).await?;
        made_again.push(index.try_get("", "sql")?);
    }
    Ok(made_again)
}

/// A backup of each policy, as many hours old as fewer follow it.
fn one_of_each(number: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let at = now - Duration::from_hours((EACH - number).unsigned_abs());
    let far = now + Duration::from_hours(240);
    let of_policy = |column: &'static str| Expr::col(("policy", column));
    let past = Expr::case(of_policy("id").modulo(ONE_IN).eq(0), Expr::value(at)).finally(Expr::value(far));
    let columns: [(&str, Expr); 16] = [
        ("id", of_policy("id").mul(EACH).add(number)),
        ("policy_id", of_policy("id")),
        ("policy_name", of_policy("name")),
        ("project_id", of_policy("project_id")),
        ("organization_id", Expr::val(1)),
        ("repository_id", of_policy("project_id")),
        ("name", Expr::cust(format!("policy.name || '-{number}'"))),
        ("phase", Expr::val("Completed")),
        ("queued_at", Expr::value(at)),
        ("started_at", Expr::value(at)),
        ("finished_at", Expr::value(at)),
        ("not_before", Expr::value(at)),
        ("include", of_policy("include")),
        ("exclude", of_policy("exclude")),
        ("retention_seconds", of_policy("retention_seconds")),
        ("expires_at", past.into()),
    ];
    let mut select = Query::select().from("policy").take();
    let mut names = Vec::new();
    for (name, value) in columns {
        select.expr(value);
        names.push(name);
    }
    names.extend(["unreadable", "snapshot"]);
    select.expr(of_policy("exclude")).expr(Expr::val(format!("{number:064x}")));
    Ok(Query::insert().into_table("backup").columns(names).select_from(select)?.take())
}
