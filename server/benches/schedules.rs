//! What schedules cost, on SQLite: many policies that are not due, many that are due at once, one more policy.
//!
//! To reach: 100,000 policies of which none is due cost at most 2 % of one core; 1,000 that are due in the same second are
//! claimed within 2 s in the order of their times; adding one takes less than 20 ms with 100,000 there; the cost of each
//! due policy is the same for 100 and for 100,000.

mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, TransactionTrait,
    sea_query::{Expr, ExprTrait, Order, Query},
};
use services::Clock;
use support::{Outcome, Server, millis, rows};
use tokio::time::{interval, sleep};

const PROJECTS: i64 = 2_000;
const POLICIES: i64 = 100_000;
const IDLE: Duration = Duration::from_secs(30);
const ADDED: usize = 200;

#[tokio::main]
async fn main() -> Outcome {
    let server = Server::start(Clock::system(), 1).await?;
    // A locked credential: due runs are recorded as skipped, so that what workers do is not measured too.
    fill_projects(&server.db).await?;
    let far = Utc::now() + TimeDelta::days(300);
    fill_policies(&server.db, 1, 1_000, far).await?;
    println!("\nSchedules on SQLite");
    let few = idle(1_000).await?;
    fill_policies(&server.db, 1_001, POLICIES - 1_000, far).await?;
    let many = idle(POLICIES).await?;
    println!("{:<44} {:>9.2}", "memory with 100,000 over memory with 1,000", many / few);
    add(&server).await?;
    for due in [100, 1_000, 10_000, POLICIES] {
        claim(&server, due).await?;
    }
    server.stop().await
}

/// The process's share of a core while nothing is due. Returns its memory in MiB.
async fn idle(policies: i64) -> Outcome<f64> {
    sleep(Duration::from_secs(3)).await;
    let before = processor_time()?;
    sleep(IDLE).await;
    let share = processor_time()?.saturating_sub(before).as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    let memory = resident()?;
    println!("{policies:>7} policies, none due {:>18} {share:>7.2} % of a core {memory:>7.0} MiB", "");
    Ok(memory)
}

/// User and system time of this process (proc(5), fields 14 and 15 of stat, in hundredths of a second on Linux).
fn processor_time() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn resident() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
}

/// Adds policies over HTTP, with all the others present.
async fn add(server: &Server) -> Outcome {
    let mut times = Vec::with_capacity(ADDED);
    for number in 0..ADDED {
        let (name, project) = (format!("added-{number}"), (number + 1).to_string());
        let fields = [
            ("form[project]", project.as_str()),
            ("form[name]", &name),
            ("form[cron_period]", "30 2 * * *"),
            ("form[time_zone]", "Europe/Prague"),
            ("form[retention]", "30d"),
            ("form[include]", "**"),
        ];
        let begun = Instant::now();
        server.client.post(server.at("/api/policies/add")).form(&fields).send().await?.error_for_status()?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let [median, p99] = [50, 99].map(|percent| millis(times[(ADDED - 1) * percent / 100]));
    println!("{:<44} {median:>6.1} ms {p99:>6.1} ms p99", "adding a policy to 100,000");
    Ok(())
}

/// Makes so many policies due in the same second, waits until all are claimed, and again until a thousand have been.
async fn claim(server: &Server, due: i64) -> Outcome {
    let rounds = if due < 1_000 { 1_000 / due } else { 1 };
    let (mut slowest, mut busy) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        server.db.execute_unprepared("DELETE FROM backup").await?;
        make_due(&server.db, due).await?;
        let (begun, busy_before) = (Instant::now(), processor_time()?);
        let mut looks = interval(Duration::from_millis(20));
        while is_due(&server.db).await? {
            looks.tick().await;
        }
        slowest = slowest.max(begun.elapsed());
        busy += processor_time()?.saturating_sub(busy_before);
    }
    let claimed = scheduled_times(&server.db).await?;
    let in_order = claimed.is_sorted();
    let claimed = claimed.len();
    #[allow(clippy::cast_precision_loss, reason = "some thousands")]
    let each = millis(busy) / (due * rounds) as f64;
    println!(
        "{due:>7} due in one second: {claimed} claimed within {:>6.2} s, {each:>5.2} ms of processor each, {}",
        slowest.as_secs_f64(),
        if in_order { "in order of time" } else { "OUT OF ORDER" }
    );
    Ok(())
}

/// All in the second that has just ended, and not in the order of their ids.
async fn make_due(db: &DatabaseConnection, due: i64) -> Outcome {
    let now = Utc::now();
    let tx = db.begin().await?;
    for id in 1..=due {
        let update = Query::update()
            .table("policy")
            .value("next_run_at", now - TimeDelta::milliseconds(id * 7919 % 1000))
            .and_where(Expr::col("id").eq(id))
            .take();
        tx.execute(&update).await?;
    }
    Ok(tx.commit().await?)
}

async fn is_due(db: &DatabaseConnection) -> Outcome<bool> {
    let due = Query::select()
        .column("id")
        .from("policy")
        .and_where(Expr::col("paused").eq(false))
        .and_where(Expr::col("next_run_at").lte(Utc::now()))
        .limit(1)
        .take();
    Ok(db.query_one(&due).await?.is_some())
}

/// The due times of the runs, in the order in which these were queued.
async fn scheduled_times(db: &DatabaseConnection) -> Outcome<Vec<DateTime<Utc>>> {
    let times = Query::select().column("scheduled_for").from("backup").order_by("id", Order::Asc).take();
    let rows = db.query_all(&times).await?;
    Ok(rows.iter().map(|row| row.try_get("", "scheduled_for")).collect::<Result<_, _>>()?)
}

async fn fill_projects(db: &DatabaseConnection) -> Outcome {
    let now = Utc::now();
    let tx = db.begin().await?;
    tx.execute(&rows::credential(1, now)?).await?;
    tx.execute_unprepared("UPDATE backup_credential SET locked = true").await?;
    for id in 1..=PROJECTS {
        tx.execute(&rows::project(id, now)?).await?;
        tx.execute(&rows::repository(id, 1, now)?).await?;
    }
    Ok(tx.commit().await?)
}

async fn fill_policies(db: &DatabaseConnection, first: i64, count: i64, next_run: DateTime<Utc>) -> Outcome {
    const CHUNK: i64 = 1_000;
    let tx = db.begin().await?;
    for first in (first..first + count).step_by(usize::try_from(CHUNK)?) {
        tx.execute(&rows::policies(first, CHUNK, PROJECTS, next_run)?).await?;
    }
    Ok(tx.commit().await?)
}
