//! How fast the list of credentials answers with 10,000 credentials in an organization and 2,000 projects, on SQLite.
//!
//! To reach: first page and search within 30 ms at the 99th percentile, in the server (this measures them over HTTP on
//! loopback, so a little more than that); a page takes at most eight times as long as a file of the same size.

mod support;

use std::{
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use model::list::ListQuery;
use reqwest::header;
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use serde_json::json;
use services::Clock;
use support::{Outcome, Server, millis, rows};

const CREDENTIALS: i64 = 10_000;
const PROJECTS: i64 = 2_000;
const ROUNDS: usize = 400;

/// Asked for at the same time, where pages per second are counted.
const AT_ONCE: usize = 8;
/// Where the server looks for files.
const SITE_ROOT: &str = "LEPTOS_SITE_ROOT";

/// The server finds its files by a variable, which is set for a second process.
fn main() -> Outcome {
    if let Some(site) = env::var_os(SITE_ROOT) {
        return measure_all(Path::new(&site));
    }
    let site = tempfile::tempdir()?;
    let ended = Command::new(env::current_exe()?).env(SITE_ROOT, site.path()).status()?;
    if ended.success() { Ok(()) } else { Err(ended.to_string().into()) }
}

#[tokio::main]
async fn measure_all(site: &Path) -> Outcome {
    let server = Server::start(Clock::system(), 1).await?;
    fill(&server.db).await?;
    println!("\n{CREDENTIALS} credentials, {PROJECTS} projects, SQLite, {ROUNDS} requests each, one after the other");
    println!("{:<44} {:>9} {:>9} {:>9}", "", "median", "p99", "bytes");
    for (what, query) in views() {
        let ask = || server.client.post(server.at("/api/credentials/list")).json(&json!({ "query": query }));
        print(what, &measure(ask).await?);
    }
    let page = || server.client.get(server.at("/backup-credentials")).header(header::ACCEPT, "text/html");
    print("the page itself, drawn on the server", &measure(page).await?);
    fs::create_dir_all(site.join("pkg"))?;
    fs::write(site.join("pkg/page.txt"), page().send().await?.bytes().await?)?;
    let file = || server.client.get(server.at("/pkg/page.txt"));
    print("a file of the same size", &measure(file).await?);
    let (pages, files) = (per_second(page).await?, per_second(file).await?);
    println!(
        "\n{AT_ONCE} at once: {pages:.0} pages a second, {files:.0} of the file: {:.1} times as long",
        files / pages
    );
    server.stop().await
}

async fn per_second(request: impl Fn() -> reqwest::RequestBuilder) -> Outcome<f64> {
    let start = Instant::now();
    let answers = stream::iter((0..ROUNDS).map(|_| request().send())).buffer_unordered(AT_ONCE);
    let bodies = answers.and_then(|answer| async { answer.error_for_status()?.bytes().await });
    let _: Vec<_> = bodies.try_collect().await?;
    Ok(f64::from(u32::try_from(ROUNDS)?) / start.elapsed().as_secs_f64())
}

fn views() -> [(&'static str, ListQuery); 5] {
    let view = |search: &str, sort: &str, page| ListQuery {
        search: search.to_owned(),
        sort: sort.to_owned(),
        page,
        ..ListQuery::default()
    };
    [
        ("first page", view("", "", 1)),
        ("last page", view("", "", 400)),
        ("search in names and endpoints, few found", view("name-0777", "", 1)),
        ("search for an associated project", view("project-0123", "", 1)),
        ("sorted by associated projects", view("", "projects", 1)),
    ]
}

struct Measured {
    times: Vec<Duration>,
    bytes: usize,
}

async fn measure(request: impl Fn() -> reqwest::RequestBuilder) -> Outcome<Measured> {
    let mut measured = Measured { times: Vec::with_capacity(ROUNDS), bytes: 0 };
    for _ in 0..ROUNDS {
        let start = Instant::now();
        measured.bytes = request().send().await?.error_for_status()?.bytes().await?.len();
        measured.times.push(start.elapsed());
    }
    measured.times.sort_unstable();
    Ok(measured)
}

fn print(what: &str, measured: &Measured) {
    let at = |percent: usize| measured.times[(ROUNDS - 1) * percent / 100];
    println!("{what:<44} {:>6.1} ms {:>6.1} ms {:>9}", millis(at(50)), millis(at(99)), measured.bytes);
}

/// Rows as the use cases would have written them, without asking an S3 server ten thousand times.
async fn fill(db: &DatabaseConnection) -> Outcome {
    let now = chrono::Utc::now();
    let tx = db.begin().await?;
    for id in 1..=CREDENTIALS {
        tx.execute(&rows::credential(id, now)?).await?;
    }
    for id in 1..=PROJECTS {
        tx.execute(&rows::project(id, now)?).await?;
        tx.execute(&rows::repository(id, id * 5, now)?).await?;
    }
    Ok(tx.commit().await?)
}
