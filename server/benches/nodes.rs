//! Two nodes on one PostgreSQL with 10,000 due runs, one of them killed half-way: counts what was done how often.
//!
//! To reach: every run exactly once. A run that is queued while another one of its project is working is skipped by
//! rule, and counts as done.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use reqwest::Client;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use support::Outcome;
use tempfile::TempDir;
use tokio::time::interval;

mod support;

const PROJECTS: i64 = 200;
const POLICIES: i64 = 10_000;
const KEYS: (&str, &str) = ("BENCHKEY", "bench-secret-0123456789");

#[tokio::main]
async fn main() -> Outcome {
    let folder = tempfile::tempdir()?;
    let url = test_postgres::new_database();
    let s3 = s3(&folder).await?;
    let mut one = node(folder.path(), "one", &url)?;
    let client = Client::builder().cookie_store(true).build()?;
    set_up(&client, &one.address, folder.path(), s3.endpoint().as_str()).await?;
    let db = Database::connect(&url).await?;
    add_policies(&db).await?;
    let two = node(folder.path(), "two", &url)?;

    println!(
        "\nTwo nodes on one PostgreSQL, {POLICIES} runs due at once in {PROJECTS} projects, one node killed half-way"
    );
    db.execute_unprepared("UPDATE policy SET next_run_at = now()").await?;
    let begun = Instant::now();
    wait(&db, POLICIES / 2).await?;
    one.child.kill()?;
    let killed = begun.elapsed();
    wait(&db, POLICIES).await?;
    let took = begun.elapsed();
    let count = async |what: &str| count(&db, what).await;
    println!("  the kill came after {:.0} s, all were done after {:.0} s", killed.as_secs_f64(), took.as_secs_f64());
    println!(
        "  runs {}, due times {}",
        count("FROM backup").await?,
        count("FROM (SELECT DISTINCT policy_id, scheduled_for FROM backup) AS due").await?
    );
    for (phase, runs) in phases(&db).await? {
        println!("  {phase} {runs}");
    }
    println!("  taken over {}", count("FROM backup WHERE attempt > 1").await?);
    println!("  snapshots in the buckets {}", snapshots(&folder.path().join("s3"))?);
    drop((one, two));
    db.close().await?;
    s3.shutdown().await;
    Ok(())
}

/// A process that is killed where it is dropped.
struct Node {
    child: Child,
    address: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn node(folder: &Path, name: &str, url: &str) -> Outcome<Node> {
    let data = folder.join(name);
    fs::DirBuilder::new().mode(0o700).create(&data)?;
    let key = folder.join("master.key");
    if !key.exists() {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key)?;
        writeln!(file, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")?;
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .arg("serve")
        .current_dir(&data)
        .env("HOLDFAST_LISTEN", "127.0.0.1:0")
        .env("HOLDFAST_DATA_DIR", &data)
        .env("HOLDFAST_DATABASE_URL", url)
        .env("HOLDFAST_MASTER_KEY_FILE", &key)
        .env("HOLDFAST_SOURCE_ROOTS", folder.join("files"))
        .env("HOLDFAST_S3_ALLOW_NETWORKS", "127.0.0.0/8")
        .env("HOLDFAST_NODE", "shared")
        .env("HOLDFAST_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("Holdfast listens on ").map(str::to_owned))
        .ok_or("the node did not start")?;
    Ok(Node { child, address })
}

async fn s3(folder: &TempDir) -> Outcome<EmbeddedS3> {
    let config = EmbeddedS3Config {
        folder: folder.path().join("s3"),
        access_key_id: KEYS.0.to_owned(),
        secret_key: KEYS.1.to_owned(),
        listen: "127.0.0.1:0".parse()?,
    };
    Ok(EmbeddedS3::start(config).await?)
}

/// The first account, a credential, and projects of one small directory.
async fn set_up(client: &Client, base: &str, folder: &Path, endpoint: &str) -> Outcome {
    let source = folder.join("files/small");
    fs::create_dir_all(&source)?;
    fs::write(source.join("README.md"), "# Small\n")?;
    let source = source.display().to_string();
    let send = async |function: &str, fields: &[(&str, &str)]| -> Outcome {
        let form: Vec<_> = fields.iter().map(|(field, value)| (format!("form{field}"), *value)).collect();
        let request = client.post(format!("{base}/api/{function}")).header("accept", "application/json").form(&form);
        Ok(request.send().await?.error_for_status().map(drop)?)
    };
    let account = [
        ("[account_name]", "Benchmark"),
        ("[organization]", support::ORGANIZATION),
        ("[email]", support::EMAIL),
        ("[password]", support::PASSWORD),
    ];
    send("session/set_up", &account).await?;
    let credential = [
        ("[s3_name]", "Main"),
        ("[access_key_id]", KEYS.0),
        ("[secret_key]", KEYS.1),
        ("[endpoint]", endpoint),
        ("[region]", "us-east-1"),
    ];
    send("credentials/add", &credential).await?;
    for number in 1..=PROJECTS {
        let name = format!("project-{number}");
        let project = [
            ("[project_name]", name.as_str()),
            ("[directory]", &source),
            ("[backup][enable_backup]", "on"),
            ("[backup][credential]", "1"),
        ];
        send("projects/create", &project).await?;
    }
    Ok(())
}

async fn add_policies(db: &DatabaseConnection) -> Outcome {
    let far = chrono::Utc::now() + chrono::TimeDelta::days(300);
    for first in (1..POLICIES).step_by(1_000) {
        db.execute(&support::rows::policies(first, 1_000, PROJECTS, far)?).await?;
    }
    Ok(())
}

/// Until so many runs have ended, and none will be tried again.
async fn wait(db: &DatabaseConnection, runs: i64) -> Outcome {
    let mut looks = interval(Duration::from_millis(500));
    while count(db, "FROM backup WHERE phase NOT IN ('Queued', 'InProgress') AND retry_at IS NULL").await? < runs {
        looks.tick().await;
    }
    Ok(())
}

/// How many runs ended in which way.
#[expect(clippy::disallowed_methods, reason = "counts, as a person would ask for them")]
async fn phases(db: &DatabaseConnection) -> Outcome<Vec<(String, i64)>> {
    let sql = "SELECT phase, count(*) AS n FROM backup GROUP BY phase ORDER BY n DESC";
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter().map(|row| Ok((row.try_get("", "phase")?, row.try_get("", "n")?))).collect()
}

#[expect(clippy::disallowed_methods, reason = "counts, as a person would ask for them")]
async fn count(db: &DatabaseConnection, what: &str) -> Outcome<i64> {
    let statement = Statement::from_string(db.get_database_backend(), format!("SELECT count(*) AS n {what}"));
    Ok(db.query_one_raw(statement).await?.ok_or("no count")?.try_get("", "n")?)
}

/// Counts the snapshots in all buckets of the embedded server's folder.
fn snapshots(buckets: &Path) -> Outcome<usize> {
    let mut found = 0;
    for bucket in fs::read_dir(buckets)? {
        let folder = bucket?.path().join("snapshots");
        if folder.is_dir() {
            found += fs::read_dir(folder)?
                .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_name().len() == 64))
                .count();
        }
    }
    Ok(found)
}
