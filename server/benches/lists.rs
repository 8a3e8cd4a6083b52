//! How fast the list of credentials answers with 10,000 credentials in an organization and 2,000 projects, on SQLite.
//!
//! To reach: first page and search within 30 ms at the 99th percentile, in the server (this measures them over HTTP on
//! loopback, so a little more than that).

use std::time::{Duration, Instant};

use model::{list::ListQuery, names::Hidden, people::SetupForm};
use reqwest::{Client, header};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, TransactionTrait,
    prelude::DateTimeUtc,
    sea_query::{Expr, Query},
};
use serde_json::json;
use server::{
    config::{Config, Key, Settings},
    startup::Application,
};
use services::Clock;
use tokio_util::sync::CancellationToken;

const EMAIL: &str = "partner@example.com";
const PASSWORD: &str = "correct horse battery";
const CREDENTIALS: i64 = 10_000;
const PROJECTS: i64 = 2_000;
const ROUNDS: usize = 400;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut settings = Settings::default();
    settings.set(Key::Listen, "127.0.0.1:0");
    settings.set(Key::DataDir, folder.path().display().to_string());
    let config = Config::from_settings(&settings)?;
    let application = Application::build_with_clock(&config, Clock::system()).await?;
    let (address, services) = (application.address(), application.services().clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn(application.run_until(stop.clone().cancelled_owned()));
    services::setup::create(&services, setup().parse().map_err(|errors| errors.summary)?, String::new()).await?;
    fill(&Database::connect(config.database.expose()).await?).await?;

    let base = format!("http://{address}");
    let client = Client::builder().cookie_store(true).build()?;
    let sign_in = [("form[email]", EMAIL), ("form[password]", PASSWORD)];
    client.post(format!("{base}/api/session/sign_in")).form(&sign_in).send().await?.error_for_status()?;
    println!("\n{CREDENTIALS} credentials, {PROJECTS} projects, SQLite, {ROUNDS} requests each, one after the other");
    println!("{:<44} {:>9} {:>9} {:>9}", "", "median", "p99", "bytes");
    for (what, query) in views() {
        let ask = || client.post(format!("{base}/api/credentials/list")).json(&json!({ "query": query }));
        print(what, &measure(ask).await?);
    }
    let page = || client.get(format!("{base}/backup-credentials")).header(header::ACCEPT, "text/html");
    print("the page itself, drawn on the server", &measure(page).await?);

    stop.cancel();
    Ok(running.await??)
}

fn setup() -> SetupForm {
    SetupForm {
        account_name: "Benchmark".to_owned(),
        organization: "acme".to_owned(),
        email: EMAIL.to_owned(),
        password: Hidden::new(PASSWORD),
        ..SetupForm::default()
    }
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

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Rows as the use cases would have written them, without asking an S3 server ten thousand times.
async fn fill(db: &DatabaseConnection) -> Outcome {
    let now = chrono::Utc::now();
    let tx = db.begin().await?;
    for id in 1..=CREDENTIALS {
        tx.execute(&credential(id, now)?).await?;
    }
    for id in 1..=PROJECTS {
        tx.execute(&project(id, now)?).await?;
        tx.execute(&repository(id, now)?).await?;
    }
    Ok(tx.commit().await?)
}

type Insert = sea_orm::sea_query::InsertStatement;

fn credential(id: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let name = format!("Name-{id:05}");
    let columns = [
        "id",
        "organization_id",
        "s3_name",
        "s3_name_key",
        "access_key_id",
        "secret_key_sealed",
        "endpoint",
        "region",
        "is_default",
        "locked",
        "version",
        "created_by",
        "created_at",
        "modified_by",
        "modified_at",
    ];
    let values: [Expr; 15] = [
        id.into(),
        1.into(),
        name.clone().into(),
        name.to_lowercase().into(),
        format!("AKIA{id:016}").into(),
        vec![0_u8; 80].into(),
        format!("https://s3-{}.example.com", id % 97).into(),
        "eu-central-1".into(),
        (id == 1).into(),
        false.into(),
        1.into(),
        EMAIL.into(),
        now.into(),
        EMAIL.into(),
        now.into(),
    ];
    Ok(Query::insert().into_table("backup_credential").columns(columns).values(values)?.take())
}

fn project(id: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let columns =
        ["id", "organization_id", "name", "source_kind", "source_location", "locked", "created_by", "created_at"];
    let values: [Expr; 8] = [
        id.into(),
        1.into(),
        format!("project-{id:04}").into(),
        "directory".into(),
        format!("/srv/project-{id:04}").into(),
        false.into(),
        EMAIL.into(),
        now.into(),
    ];
    Ok(Query::insert().into_table("project").columns(columns).values(values)?.take())
}

fn repository(id: i64, now: DateTimeUtc) -> Outcome<Insert> {
    let columns = [
        "id",
        "project_id",
        "organization_id",
        "backup_credential_id",
        "endpoint",
        "region",
        "bucket",
        "prefix",
        "password_sealed",
        "created_at",
    ];
    let values: [Expr; 10] = [
        id.into(),
        id.into(),
        1.into(),
        (id * 5).into(),
        "https://s3.example.com".into(),
        "eu-central-1".into(),
        format!("bucket-{id:04}").into(),
        "".into(),
        vec![0_u8; 80].into(),
        now.into(),
    ];
    Ok(Query::insert().into_table("repository").columns(columns).values(values)?.take())
}
