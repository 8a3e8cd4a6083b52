//! What answers without end takes neither memory nor time without end.
//!
//! All of it is one test: memory is measured for the whole process.

#[path = "bounds/forge.rs"]
mod forge;
#[path = "engine/support/mod.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::{
    fmt::Debug,
    fs,
    future::Future,
    io::Write as _,
    os::unix::fs::PermissionsExt,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use engine::{
    DatabaseDump, ObjectOptions, Part, Permit, PostgresDatabase, PostgresError, PostgresTools, PruneRequest,
    Repository, RepositoryError, S3, S3Error, Secret, SnapshotId, SnapshotRequest, SnapshotSource, SslMode,
};
use test_postgres::cluster;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use forge::{Forger, bomb};
use support::{
    BUCKET, World, access,
    database::{described, fill},
    files, loopback, repository_config, request, snapshot,
};

const MIB: u64 = 1 << 20;
/// How much more memory the process may have at any time.
const MOST_RISE: u64 = 100 * MIB;

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_end_take_little_memory_and_time() {
    s3_calls().await;
    repositories().await;
    forged().await;
    databases().await;
    a_child().await;
}

async fn s3_calls() {
    for (name, head, body) in [
        ("ListBuckets, 200", OK_XML, BUCKETS),
        ("an error, 403", "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\n", ERROR),
        ("an error, 503", "HTTP/1.1 503 Slow Down\r\ncontent-type: application/xml\r\n", ERROR),
        ("white space before any XML", OK_XML, " "),
        ("a head", "HTTP/1.1 200 OK\r\nx-a: ", HEAD),
    ] {
        let s3 = S3::connect(&access(Hostile::start(None, move |_| Some((head, body))).await), &loopback());
        ends(name, Duration::from_secs(11), s3.check_keys()).await;
    }
    let probed = Hostile::start(None, |request| match request.split(' ').next() {
        Some("GET") => Some(("HTTP/1.1 200 OK\r\n", "x")),
        _ => Some(("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n", "")),
    });
    let s3 = S3::connect(&access(probed.await), &loopback());
    let probe = ends("the probe object", SOON, s3.probe(BUCKET, "", &ObjectOptions::default())).await;
    assert!(matches!(probe, S3Error::WrongAnswer { .. }), "{probe}");
}

const SOON: Duration = Duration::from_secs(20);
const OK_XML: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\n";
const BUCKETS: &str = "<?xml version=\"1.0\"?><ListAllMyBucketsResult><Buckets>\u{0}<Bucket><Name>abc</Name></Bucket>";
const ERROR: &str = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>\u{0}never enough ";
/// In place of a body: the head itself goes on.
const HEAD: &str = "\u{1}";

async fn repositories() {
    let world = World::start().await;
    files::odd_files(&world.source());
    let taken = snapshot(&world.repository().await, &world.source()).await.snapshot;
    let open = async |endpoint: Url| Repository::open(repository_config(endpoint)).await;
    let direct = world.server.endpoint();
    let through =
        async |answer: fn(&str) -> Option<(&'static str, &'static str)>| Hostile::start(Some(&direct), answer).await;

    for (name, answer) in [
        (
            "a range, 206",
            (|request| ranged(request, "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-99/100\r\n"))
                as fn(&str) -> _,
        ),
        ("a range, 200", |request| ranged(request, "HTTP/1.1 200 OK\r\n")),
    ] {
        let repository = open(through(answer).await).await.unwrap();
        let error = ends(name, SOON, repository.entries(&taken, "", 0, 100)).await;
        assert!(matches!(error, RepositoryError::Storage(S3Error::WrongAnswer { .. })), "{error}");
    }
    for (name, answer) in [
        ("an index", (|request| wanted(request, "/index/")) as fn(&str) -> _),
        ("a snapshot", |request| wanted(request, "/snapshots/")),
    ] {
        let repository = open(through(answer).await).await.unwrap();
        let error = ends(name, SOON, repository.entries(&taken, "", 0, 100)).await;
        assert!(matches!(error, RepositoryError::Storage(S3Error::WrongAnswer { .. })), "{error}");
    }
    ends("a key", SOON, open(through(|request| wanted(request, "/keys/")).await)).await;
    ends("a key that takes 2 TiB to open", SOON, open(through(costly_key).await)).await;
    for (name, page) in [
        ("a listing whose token stays the same", SAME_TOKEN),
        ("a listing that breaks off", WITHOUT_TOKEN),
        ("keys", KEYS),
    ] {
        let answer = move |request: &str| wanted(request, "/config").map(|_| CONFIG).or(Some((OK_XML, page)));
        let endpoint = Hostile::start(None, answer).await;
        let error = ends(name, Duration::from_mins(3), open(endpoint)).await;
        assert!(matches!(error, RepositoryError::Storage(S3Error::WrongAnswer { .. })), "{name}: {error}");
    }
    let endpoint = Hostile::start(None, |_| Some((OK_XML, EMPTY_OBJECTS))).await;
    ends("a page of 180,000 empty objects", SOON, open(endpoint)).await;

    let packs = through(|request| request.contains("prefix%2Fdata%2F").then_some((OK_XML, PACKS))).await;
    let repository = open(packs).await.unwrap();
    let verified = repository.verify(Part::Whole, Arc::new(()), CancellationToken::new());
    let error = ends("a list of packs that goes on for ever", Duration::from_mins(5), verified).await;
    assert!(matches!(error, RepositoryError::Storage(S3Error::WrongAnswer { .. })), "{error}");
}

/// What somebody has forged who has the repository's password: it is genuine, and small until it is decompressed.
async fn forged() {
    const LARGE: u64 = 1200 * MIB;
    let world = World::start().await;
    files::odd_files(&world.source());
    let taken = snapshot(&world.repository().await, &world.source()).await.snapshot;
    let forger = Forger::of(&world);
    let is_damaged = |error: RepositoryError| assert!(matches!(error, RepositoryError::Damaged { .. }), "{error:?}");

    let piece = bomb("", LARGE);
    forger.blob("data", &piece.id, &piece.compressed, piece.length);
    let of_a_file = SnapshotId::from_str(&forger.snapshot(&forger.folder_of(&piece))).unwrap();
    let repository = world.repository().await;
    let opened = async { repository.open_file(&of_a_file, "bomb").await.map(drop) };
    is_damaged(ends("a piece of a file", SOON, opened).await);
    let verified =
        async { Err::<(), _>(repository.verify(Part::Whole, Arc::new(()), CancellationToken::new()).await.unwrap()) };
    let report = ends("a piece of a file, verified", SOON, verified).await;
    assert_eq!((report.damaged.len(), report.incomplete), (1, vec![of_a_file]), "{:?}", report.damaged);

    let folder = bomb("{\"nodes\":[", LARGE);
    forger.blob("tree", &folder.id, &folder.compressed, folder.length);
    let of_a_folder = SnapshotId::from_str(&forger.snapshot(&folder.id)).unwrap();
    let repository = world.repository().await;
    is_damaged(ends("a folder", SOON, repository.entries(&of_a_folder, "", 0, 100)).await);
    let pruned = PruneRequest { grace: Duration::ZERO, most_repacked: u64::MAX, permit: Permit::default() };
    let pruned = repository.prune(pruned, Arc::new(()), CancellationToken::new());
    is_damaged(ends("a folder, in a clean-up", SOON, pruned).await);
    let verified =
        async { Err::<(), _>(repository.verify(Part::Whole, Arc::new(()), CancellationToken::new()).await.unwrap()) };
    let report = ends("a folder, verified", SOON, verified).await;
    assert_eq!((report.damaged.len(), report.incomplete.len()), (1, 2), "{:?}", report.damaged);

    // Shorter in the index than it is.
    let short = bomb("{\"nodes\":[ ", LARGE);
    forger.blob("tree", &short.id, &short.compressed, 1000);
    let of_a_folder = SnapshotId::from_str(&forger.snapshot(&short.id)).unwrap();
    let repository = world.repository().await;
    is_damaged(
        ends("a folder that is longer than its index says", SOON, repository.entries(&of_a_folder, "", 0, 1)).await,
    );

    let list = bomb("{\"packs\":[", LARGE);
    let described = forger.compressed_file("snapshots", &list.compressed);
    let described = SnapshotId::from_str(&described).unwrap();
    is_damaged(ends("a forged snapshot", SOON, repository.entries(&described, "", 0, 100)).await);
    forger.compressed_file("index", &list.compressed);
    let repository = world.repository().await;
    is_damaged(ends("a forged index", SOON, repository.entries(&taken, "", 0, 100)).await);
    let taken = repository.snapshot(request(&world.source()), Arc::new(()), CancellationToken::new());
    is_damaged(ends("both, in a backup", SOON, taken).await);
}

fn ranged(request: &str, head: &'static str) -> Option<(&'static str, &'static str)> {
    request.to_lowercase().contains("\r\nrange: ").then_some((head, "x"))
}

fn wanted(request: &str, folder: &str) -> Option<(&'static str, &'static str)> {
    let first = request.lines().next()?;
    (first.starts_with("GET ") && first.contains(folder)).then_some(("HTTP/1.1 200 OK\r\n", "x"))
}

fn costly_key(request: &str) -> Option<(&'static str, &'static str)> {
    wanted(request, "/keys/").map(|_| ("HTTP/1.1 200 OK\r\ncontent-length: 97\r\n", COSTLY_KEY))
}

/// It is read before the keys are listed, and judged later.
const CONFIG: (&str, &str) = ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n", "abc");
const COSTLY_KEY: &str = "{\"kdf\":\"scrypt\",\"N\":2147483648,\"r\":8,\"p\":1,\"salt\":\"YWJjZGVmZ2hpamtsbW5vcA==\",\
    \"data\":\"YWJjZGVmZw==\"}";
/// Bodies that [`Hostile`] makes page by page.
const SAME_TOKEN: &str = "\u{2}same";
const WITHOUT_TOKEN: &str = "\u{2}none";
const EMPTY_OBJECTS: &str = "\u{2}empty";
const KEYS: &str = "\u{2}keys";
const PACKS: &str = "\u{2}data";

async fn databases() {
    const LENGTH: [u8; 4] = 0x7fff_fff0_u32.to_be_bytes();
    let too_long = [&b"E"[..], &LENGTH[..], b"SFATAL\0"].concat();
    let notice = [&b"N\0\0\0\x0a"[..], b"SNOTE\0"].concat();
    let status = [&b"S\0\0\0\x0a"[..], b"ab\0c\0d"].concat();
    let login = [&b"R\0\0\0\x08\0\0\0\0"[..], b"Z\0\0\0\x05I"].concat();
    let row = [&b"D\0\0\0\x0e\0\x01\0\0\0\x04"[..], b"1500"].concat();
    let http = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for (name, first, again) in [
        ("a PostgreSQL error of 2 GiB", too_long.clone(), vec![b'x'; 64 << 10]),
        ("notices", Vec::new(), notice.repeat(1000)),
        ("parameters", Vec::new(), status.repeat(1000)),
        ("rows", login.clone(), row.repeat(1000)),
        ("a row of 2 GiB", [&login[..], b"D", &LENGTH[..]].concat(), vec![b'x'; 64 << 10]),
        ("no PostgreSQL", http, vec![b'x'; 64 << 10]),
    ] {
        // sqlx fills the memory that it sets aside for what comes encrypted.
        let modes = [SslMode::Require, SslMode::Disable];
        for ssl_mode in if name.contains("2 GiB") { &modes[..] } else { &modes[1..] } {
            let ssl_mode = *ssl_mode;
            let database = hostile_database(first.clone(), again.clone(), Duration::ZERO, ssl_mode).await;
            let name = format!("{name}, {ssl_mode:?}");
            let error = ends(&name, Duration::from_secs(11), database.check(&PostgresTools::installed())).await;
            assert!(
                matches!(error, PostgresError::NoServer { .. } | PostgresError::TimedOut { .. }),
                "{name}: {error}"
            );
        }
    }
    let drip = hostile_database(Vec::new(), notice, Duration::from_secs(1), SslMode::Disable).await;
    ends("a slow drip", Duration::from_secs(11), drip.check(&PostgresTools::installed())).await;
}

/// A program that writes a line without end to its error output.
async fn a_child() {
    let world = World::start().await;
    let repository = world.repository().await;
    let database = cluster().new_database();
    fill(&database, 1);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("pg_dump");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) 99.1' && exit\n\
                  head -c 400000000 /dev/zero >&2\nexit 1\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let tools = PostgresTools::in_folders(vec![folder.path().into()]);
    let dump = SnapshotSource::Database(DatabaseDump { database: described(&database), tools });
    let asked = SnapshotRequest { source: dump, ..request(std::path::Path::new("/")) };
    let taken = repository.snapshot(asked, Arc::new(()), CancellationToken::new());
    let error = ends("400 MB of a program's error output", Duration::from_mins(1), taken).await;
    assert!(matches!(error, RepositoryError::Database(PostgresError::Failed { .. })), "{error}");
}

/// Makes sure that `work` fails soon, and that memory does not rise by much meanwhile.
async fn ends<T: Debug, E: Debug>(name: &str, most: Duration, work: impl Future<Output = Result<T, E>>) -> E {
    // The peak so far is forgotten (proc_pid_clear_refs(5)).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, began) = (memory("VmRSS:"), Instant::now());
    let done = tokio::time::timeout(most, work).await;
    let (took, rise) = (began.elapsed(), memory("VmHWM:").saturating_sub(before));
    // Straight to the terminal: the harness keeps what a test that passes prints.
    let mut terminal = std::io::stderr();
    writeln!(terminal, "{name}: +{} MiB, {:.1} s", rise / MIB, took.as_secs_f64()).unwrap();
    assert!(rise < MOST_RISE, "{name}: {} MiB", rise / MIB);
    done.unwrap_or_else(|_| panic!("{name}: still at work after {most:?}")).unwrap_err()
}

fn memory(figure: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// An S3 service that answers some requests without end, and passes the others on.
struct Hostile;

impl Hostile {
    /// `answer` gives a head and a body for a request. A body goes on for ever with what follows its NUL, or with all of
    /// it, unless the head has a length.
    async fn start(
        behind: Option<&Url>,
        answer: impl Fn(&str) -> Option<(&'static str, &'static str)> + Clone + Send + Sync + 'static,
    ) -> Url {
        let behind = behind.map(|url| url.socket_addrs(|| None).unwrap()[0]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut pages = 0;
            while let Ok((client, _)) = listener.accept().await {
                pages += 1;
                tokio::spawn(serve(client, behind, answer.clone(), pages));
            }
        });
        Url::parse(&format!("http://{address}")).unwrap()
    }
}

async fn serve(
    mut client: TcpStream,
    behind: Option<std::net::SocketAddr>,
    answer: impl Fn(&str) -> Option<(&'static str, &'static str)>,
    page: u64,
) {
    let mut read = Vec::new();
    while !read.windows(4).any(|window| window == b"\r\n\r\n") {
        match client.read_buf(&mut read).await {
            Ok(count) if count > 0 => {}
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&read).into_owned();
    match (answer(&text), behind) {
        (Some((head, body)), _) => {
            let _ = respond(&mut client, head, body, page).await;
        }
        (None, Some(behind)) => {
            let mut server = TcpStream::connect(behind).await.unwrap();
            let closing = text.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            server.write_all(closing.as_bytes()).await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
        (None, None) => {}
    }
}

async fn respond(client: &mut TcpStream, head: &str, body: &str, page: u64) -> std::io::Result<()> {
    client.write_all(head.as_bytes()).await?;
    if body == HEAD {
        return for_ever(client, "y").await;
    }
    if head.contains("content-length") {
        client.write_all(format!("connection: close\r\n\r\n{body}").as_bytes()).await?;
        return Ok(());
    }
    client.write_all(b"connection: close\r\n\r\n").await?;
    if let Some(kind) = body.strip_prefix('\u{2}') {
        return client.write_all(listing(kind, page).as_bytes()).await;
    }
    let (first, again) = body.split_once('\0').unwrap_or(("", body));
    client.write_all(first.as_bytes()).await?;
    for_ever(client, again).await
}

async fn for_ever(client: &mut TcpStream, text: &str) -> std::io::Result<()> {
    let chunk = text.repeat((64 << 10) / text.len());
    loop {
        client.write_all(chunk.as_bytes()).await?;
    }
}

/// A page of names that a repository's files have, and what makes it odd.
fn listing(kind: &str, page: u64) -> String {
    let folder = if kind == "data" { "data/00" } else { "keys" };
    let key =
        |number: u64| format!("<Contents><Key>prefix/{folder}/{page:032x}{number:032x}</Key><Size>1</Size></Contents>");
    let config = "<Contents><Key>prefix/config</Key><Size>1</Size></Contents>";
    let (objects, rest) = match kind {
        "same" => (key(1), "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>".into()),
        "none" => (key(1), "<IsTruncated>true</IsTruncated>".to_owned()),
        "empty" => ("<Contents/>".repeat(180_000), String::new()),
        _ => {
            let next = format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{page}</NextContinuationToken>");
            ((0..1000).map(key).collect(), next)
        }
    };
    format!("<?xml version=\"1.0\"?><ListBucketResult>{rest}{config}{objects}</ListBucketResult>")
}

/// A server that greets with `first` and goes on with `again`, pausing in between, over TLS where it is asked for.
async fn hostile_database(first: Vec<u8>, again: Vec<u8>, pause: Duration, ssl_mode: SslMode) -> PostgresDatabase {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (first, again) = (first.clone(), again.clone());
            tokio::spawn(async move {
                if ssl_mode == SslMode::Disable {
                    return flood(client, first, again, pause).await;
                }
                let client = support::tls::accept(&mut client).await?;
                flood(client, first, again, pause).await
            });
        }
    });
    PostgresDatabase {
        host: "127.0.0.1".into(),
        port,
        database: "any".into(),
        user: "any".into(),
        password: Some(Secret::new("any".into())),
        ssl_mode,
        network: loopback(),
    }
}

async fn flood<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    mut client: S,
    first: Vec<u8>,
    again: Vec<u8>,
    pause: Duration,
) -> std::io::Result<()> {
    let mut started = [0; 8];
    client.read_exact(&mut started).await?;
    client.write_all(&first).await?;
    loop {
        tokio::time::sleep(pause).await;
        client.write_all(&again).await?;
        client.flush().await?;
    }
}
