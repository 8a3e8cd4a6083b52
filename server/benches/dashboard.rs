//! How fast the dashboard answers with 10,000 projects, 10,000 policies and 100,000 backups of 90 days, on SQLite and on
//! PostgreSQL.
//!
//! To reach: within half a second at the 99th percentile.

mod support;

use std::time::{Duration, Instant};

use reqwest::header;
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use serde_json::json;
use services::Clock;
use support::{Outcome, Server, millis, rows};

const PROJECTS: i64 = 10_000;
const POLICIES: i64 = 10_000;
const BACKUPS: i64 = 100_000;
const BATCH: i64 = 500;
const ROUNDS: usize = 50;

#[tokio::main]
async fn main() -> Outcome {
    println!(
        "\n{PROJECTS} projects, {POLICIES} policies, {BACKUPS} backups; {ROUNDS} requests each, one after the other"
    );
    println!("{:<44} {:>9} {:>9} {:>9}", "", "median", "p99", "bytes");
    measure("SQLite", Server::start(Clock::system(), 1).await?).await?;
    measure("PostgreSQL", Server::start_on(Clock::system(), 1, Some(test_postgres::new_database())).await?).await
}

async fn measure(database: &str, server: Server) -> Outcome {
    fill(&server.db).await?;
    let function = || server.client.post(server.at("/api/dashboard/get")).json(&json!({}));
    print(&format!("{database}: the function"), function).await?;
    let page = || server.client.get(server.at("/")).header(header::ACCEPT, "text/html");
    print(&format!("{database}: the page, drawn on the server"), page).await?;
    server.stop().await
}

async fn print(what: &str, request: impl Fn() -> reqwest::RequestBuilder) -> Outcome {
    let (mut times, mut bytes) = (Vec::<Duration>::with_capacity(ROUNDS), 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        bytes = request().send().await?.error_for_status()?.bytes().await?.len();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| millis(times[(ROUNDS - 1) * percent / 100]);
    println!("{what:<44} {:>6.1} ms {:>6.1} ms {bytes:>9}", at(50), at(99));
    Ok(())
}

async fn fill(db: &DatabaseConnection) -> Outcome {
    let now = chrono::Utc::now();
    let tx = db.begin().await?;
    tx.execute(&rows::credential(1, now)?).await?;
    for id in 1..=PROJECTS {
        tx.execute(&rows::project(id, now)?).await?;
        // One in ten is not backed up.
        if id % 10 != 0 {
            tx.execute(&rows::repository(id, 1, now)?).await?;
        }
    }
    // Backups of projects that are not backed up any more have a repository that is not in use.
    tx.execute_unprepared(
        "INSERT INTO repository (id, project_id, organization_id, endpoint, region, bucket, prefix, password_sealed, created_at) \
         SELECT id, id, 1, 'https://s3.example.com', 'x', 'old-' || id, '', password_sealed, created_at \
         FROM (SELECT project.id, project.created_at, (SELECT password_sealed FROM repository LIMIT 1) AS password_sealed \
         FROM project WHERE project.id % 10 = 0) AS off",
    )
    .await?;
    for first in (1..=POLICIES).step_by(usize::try_from(BATCH)?) {
        tx.execute(&rows::policies(first, BATCH, PROJECTS, now + Duration::from_hours(24))?).await?;
    }
    for first in (1..=BACKUPS).step_by(usize::try_from(BATCH)?) {
        tx.execute(&rows::backups((first, BATCH, BACKUPS), PROJECTS, 78, now)?).await?;
    }
    tx.execute_unprepared("UPDATE policy SET overdue_at = created_at WHERE id % 50 = 0").await?;
    tx.execute_unprepared("UPDATE policy SET paused = true, next_run_at = NULL WHERE id % 70 = 0").await?;
    tx.commit().await?;
    db.execute_unprepared("ANALYZE").await?;
    Ok(())
}
