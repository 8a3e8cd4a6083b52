//! How much memory a backup and a restore of 20,000 small files and one of 2 GiB take, and how much those of folders
//! that were made to take much.
//!
//! Backup, restore and S3 server each run in a process of their own, this test's program started again with a
//! role, so that each figure is that of the work alone.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc::RecvTimeoutError},
    time::{Duration, Instant},
};

use embedded_s3::{EmbeddedS3, EmbeddedS3Config};
use engine::{
    ArchiveFormat, NetworkPolicy, ObjectOptions, OnConflict, Repository, RepositoryConfig, RestoreRequest, S3,
    S3Access, Secret, SnapshotRequest, SnapshotSource, SourceRoots,
};
use futures::StreamExt;
use rand::{RngCore, SeedableRng, rngs::SmallRng};
use tokio_util::sync::CancellationToken;

const FILES: usize = 20_000;
const BIG: usize = 2 << 30;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Files in one folder, and in one beside them.
const MANY: usize = 1_000_000;
const FEW: usize = 1000;
/// Files without data, each of 8 TiB. Their pieces' ids alone would take 320 MiB.
const HOLES: usize = 10;
const MOST_FOR_HOLES: u64 = 220 * MIB;
/// Paths of 62 kB, which would take 740 MiB in a zip's list.
const LONG_PATHS: usize = 4000;
const MOST_FOR_ZIP: u64 = 400 * MIB;
const MOST_FOR_BACKUP: u64 = 600 * MIB;
const MOST_FOR_RESTORE: u64 = 256 * MIB;
const BUCKET: &str = "memory";
/// What an archive calls the file that names what is missing.
const NOTE: &str = "NOT IN THIS ARCHIVE.txt";
/// The folder beside a million files.
const BESIDE: &str = "beside";

const ROLE: &str = "HOLDFAST_TEST_ROLE";
const FOLDER: &str = "HOLDFAST_TEST_FOLDER";
const ENDPOINT: &str = "HOLDFAST_TEST_ENDPOINT";

#[test]
fn memory_stays_bounded() {
    let folder = tempfile::tempdir().unwrap();
    make_source(&folder.path().join("source"));
    let mut server = start("serve", folder.path(), "");
    let endpoint = line(&mut server, "endpoint ");

    let (backup, files) = measure("backup", folder.path(), &endpoint);
    let (again, _) = measure("backup", folder.path(), &endpoint);
    let (restore, restored) = measure("restore", folder.path(), &endpoint);
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());

    assert_eq!((files, restored), (FILES + 1, FILES + 1));
    let same = Command::new("diff").arg("-r").args(["source", "target"]).current_dir(folder.path()).status().unwrap();
    assert!(same.success());
    assert!(backup < MOST_FOR_BACKUP, "backup: {} MiB", backup / MIB);
    assert!(again < MOST_FOR_BACKUP, "second backup: {} MiB", again / MIB);
    assert!(restore < MOST_FOR_RESTORE, "restore: {} MiB", restore / MIB);
}

/// As an attacker makes them: folders in each other with long names, very many of them, and very many names in one.
#[test]
fn hostile_folders_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    let mut server = start("serve", folder.path(), "");
    let endpoint = line(&mut server, "endpoint ");
    let mut told = io::stderr();

    nest(&source, &"n".repeat(250), 3000);
    let long = measured("hostile", folder.path(), &endpoint);
    clear(&source);
    nest(&source, "n", 20_000);
    let deep = measured("hostile", folder.path(), &endpoint);
    writeln!(told, "3000 levels of long names: {long}\n20,000 levels: {deep}").unwrap();
    assert!(long.peak < 100 * MIB && deep.peak < 100 * MIB);
    assert!(long.open_files < 200 && deep.open_files < 200);

    clear(&source);
    fs::create_dir(&source).unwrap();
    for number in 0..100_000 {
        File::create(source.join(format!("a file with a name like others {number:06}"))).unwrap();
    }
    let backup = measured("hostile", folder.path(), &endpoint);
    let idle = measured("open", folder.path(), &endpoint);
    let browse = measured("browse", folder.path(), &endpoint);
    writeln!(told, "100,000 names backed up: {backup}\nopened: {idle}\nthree pages browsed: {browse}").unwrap();
    assert!(browse.peak < idle.peak + 40 * MIB);
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

/// They take nothing on the disk, and each has a million pieces.
#[test]
fn many_files_of_holes_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    for number in 0..HOLES {
        File::create(source.join(format!("{number}"))).unwrap().set_len(8 << 40).unwrap();
    }
    let mut server = start("serve", folder.path(), "");
    let endpoint = line(&mut server, "endpoint ");
    let backup = measured("hostile", folder.path(), &endpoint);
    let again = measured("hostile", folder.path(), &endpoint);
    writeln!(io::stderr(), "{HOLES} files of 8 TiB: {backup}\nand again, unchanged: {again}").unwrap();
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
    assert!(backup.peak < MOST_FOR_HOLES && again.peak < MOST_FOR_HOLES);
}

/// A zip ends with a list of all paths. What it has no room for is named in the archive.
#[test]
fn a_zip_of_long_paths_costs_little() {
    use rustix::fs::{Mode, OFlags, openat};
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    let deepest = nest(&source, &"n".repeat(250), 250);
    for number in 0..LONG_PATHS {
        openat(&deepest, number.to_string(), OFlags::CREATE | OFlags::WRONLY, Mode::RUSR).unwrap();
    }
    let mut server = start("serve", folder.path(), "");
    let endpoint = line(&mut server, "endpoint ");
    measured("hostile", folder.path(), &endpoint);
    let zip = measured("zip", folder.path(), &endpoint);
    writeln!(io::stderr(), "a zip of {LONG_PATHS} paths of 62 kB: {zip}").unwrap();
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
    assert!(zip.peak < MOST_FOR_ZIP);
}

/// Its list has hundreds of megabytes as text.
#[test]
#[ignore = "takes many minutes; `make proof` runs it"]
fn a_folder_with_a_million_files_fits() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs::create_dir(&source).unwrap();
    for number in 0..MANY {
        let path = source.join(format!("a file with a name like others {number:06}"));
        fs::write(path, number.to_string()).unwrap();
    }
    fs::create_dir(source.join(BESIDE)).unwrap();
    for number in 0..FEW {
        fs::write(source.join(BESIDE).join(number.to_string()), number.to_string()).unwrap();
    }
    let mut server = start("serve", folder.path(), "");
    let endpoint = line(&mut server, "endpoint ");
    let first = measured("backup", folder.path(), &endpoint);
    writeln!(io::stderr(), "a million files backed up: {first}").unwrap();
    let same = measured("backup", folder.path(), &endpoint);
    writeln!(io::stderr(), "and again, unchanged: {same}").unwrap();
    fs::write(source.join("one more"), "x").unwrap();
    let changed = measured("backup", folder.path(), &endpoint);
    writeln!(io::stderr(), "and with one more: {changed}").unwrap();
    let browse = measured("browse many", folder.path(), &endpoint);
    writeln!(io::stderr(), "three pages browsed: {browse}").unwrap();
    let beside = measured("restore folder", folder.path(), &endpoint);
    writeln!(io::stderr(), "a folder beside them restored: {beside}").unwrap();
    let restore = measured("restore", folder.path(), &endpoint);
    writeln!(io::stderr(), "and everything restored: {restore}").unwrap();
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
    let files = [&first, &same, &changed, &beside, &restore].map(|measured| measured.open_files);
    assert_eq!(files, [MANY + FEW, MANY + FEW, MANY + FEW + 1, FEW, MANY + FEW + 1]);
    for measured in [first, same, changed, browse, beside, restore] {
        assert!(measured.peak < GIB, "{measured}");
    }
}

/// The standard library's way needs a stack as deep as the folders.
fn clear(root: &Path) {
    assert!(Command::new("rm").arg("-r").arg(root).status().unwrap().success());
}

/// Folders in each other below `root`. No path is long while they are made.
fn nest(root: &Path, name: &str, depth: usize) -> OwnedFd {
    use rustix::fs::{Mode, OFlags, mkdirat, openat};
    fs::create_dir(root).unwrap();
    let mut folder = rustix::fs::open(root, OFlags::PATH, Mode::empty()).unwrap();
    for _ in 0..depth {
        mkdirat(&folder, name, Mode::RWXU).unwrap();
        folder = openat(&folder, name, OFlags::PATH, Mode::empty()).unwrap();
    }
    folder
}

/// What a role took.
struct Measured {
    /// Bytes of memory.
    peak: u64,
    open_files: usize,
    seconds: String,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "peak {} MiB, {} open files, {} s", self.peak / MIB, self.open_files, self.seconds)
    }
}

fn measured(role: &str, folder: &Path, endpoint: &str) -> Measured {
    let output = start(role, folder, endpoint).wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{role}: {text}");
    let figure = |name: &str| text.split(name).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    Measured {
        peak: figure("peak ").parse().unwrap(),
        open_files: figure("files ").parse().unwrap(),
        seconds: figure("seconds "),
    }
}

/// Backs up what may be hostile, and gives the most files that were open meanwhile.
async fn hostile(folder: &Path) -> u64 {
    let (repository, request) = (repository().await, request(folder));
    let (ended, watch) = std::sync::mpsc::channel::<()>();
    let watching = std::thread::spawn(move || {
        let mut most = 0;
        while watch.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout) {
            most = most.max(fs::read_dir("/proc/self/fd").unwrap().count());
        }
        most
    });
    let report = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    drop(ended);
    println!("told {:?}", report.unreadable);
    watching.join().unwrap() as u64
}

/// Looks at the beginning and at the end of a large folder, in which so many folders come before its numbered files.
async fn browse(pages: &[usize], names: u64, folders: usize) -> u64 {
    let repository = repository().await;
    let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
    for skip in pages {
        let page = repository.entries(&snapshot, "", *skip, 500).await.unwrap();
        assert_eq!((page.entries.len(), page.total), (500, names));
        assert!(page.entries[0].name.ends_with(&format!("{:06}", skip - folders)), "{:?}", page.entries[0]);
    }
    0
}

/// Downloads everything as a zip, and makes sure that the last entry in its list is the one that names what is missing.
async fn zip() -> u64 {
    const END: usize = 64 << 10;
    let repository = repository().await;
    let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
    let mut archive = repository.open_folder(&snapshot, "", "top", ArchiveFormat::Zip).await.unwrap();
    let mut end = Vec::new();
    while let Some(part) = archive.stream.next().await {
        end.extend_from_slice(&part.unwrap());
        end.drain(..end.len().saturating_sub(END));
    }
    assert!(end.windows(NOTE.len()).any(|bytes| bytes == NOTE.as_bytes()));
    0
}

/// Not a test of its own: what this program does when it was started with a role.
#[tokio::test(flavor = "multi_thread")]
async fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let began = Instant::now();
    let files = match role.as_str() {
        "serve" => return serve(&folder).await,
        "backup" => backup(&folder).await,
        "hostile" => hostile(&folder).await,
        "zip" => zip().await,
        "open" => browse(&[], 0, 0).await,
        "browse" => browse(&[0, 60_000, 99_500], 100_000, 0).await,
        "browse many" => browse(&[1, 600_001, 999_001], MANY as u64 + 2, 1).await,
        "restore folder" => restore(&folder, "target of one", &[BESIDE]).await,
        _ => restore(&folder, "target", &[]).await,
    };
    println!("files {files}");
    println!("seconds {:.1}", began.elapsed().as_secs_f64());
    println!("peak {}", peak());
}

fn start(role: &str, folder: &Path, endpoint: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "role", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .env(ENDPOINT, endpoint)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The rest of the first line of a program's output that begins with `start`.
fn line(process: &mut Child, start: &str) -> String {
    let mut output = BufReader::new(process.stdout.take().unwrap());
    loop {
        let mut line = String::new();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "no line begins with {start}");
        if let Some(at) = line.find(start) {
            process.stdout = Some(output.into_inner());
            return line[at + start.len()..].trim().to_owned();
        }
    }
}

/// The peak of a role's memory in bytes, and its count of files.
fn measure(role: &str, folder: &Path, endpoint: &str) -> (u64, usize) {
    let output = start(role, folder, endpoint).wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{role}: {text}");
    let figure = |name: &str| text.split(name).nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let peak: u64 = figure("peak ").parse().unwrap();
    // Straight to the terminal: the harness keeps what a test that passes prints.
    let mut terminal = io::stderr();
    writeln!(terminal, "{role}: peak {} MiB, {} s", peak / MIB, figure("seconds ")).unwrap();
    (peak, figure("files ").parse().unwrap())
}

/// The largest resident size so far, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

async fn serve(folder: &Path) {
    let config = EmbeddedS3Config {
        folder: folder.join("s3"),
        access_key_id: "AKID".into(),
        secret_key: "secret".into(),
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let server = EmbeddedS3::start(config).await.unwrap();
    println!("endpoint {}", server.endpoint());
    // The end of the input is the end of the test, however that comes.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await.unwrap().unwrap();
}

async fn repository() -> Repository {
    let access = S3Access {
        endpoint: std::env::var(ENDPOINT).unwrap().parse().unwrap(),
        region: embedded_s3::REGION.into(),
        access_key_id: "AKID".into(),
        secret_key: Secret::new("secret".into()),
        ca_certificate: None,
        addressing: engine::Addressing::Automatic,
    };
    let network = NetworkPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap()]);
    S3::connect(&access, &network).create_bucket(BUCKET).await.unwrap();
    let config = RepositoryConfig {
        access,
        network,
        bucket: BUCKET.into(),
        prefix: String::new(),
        password: Secret::new("password".into()),
        options: ObjectOptions::default(),
        longest_outage: engine::LONGEST_OUTAGE,
        cache_dir: None,
    };
    Repository::open_or_create(config).await.unwrap().0
}

fn request(folder: &Path) -> SnapshotRequest {
    let source = folder.join("source");
    SnapshotRequest {
        source: SnapshotSource::Directory(SourceRoots::new(vec![source.clone()]).directory(&source).unwrap()),
        label: "memory".into(),
        tags: Vec::new(),
        host: "memory".into(),
        include: Vec::new(),
        exclude: Vec::new(),
        permit: engine::Permit::default(),
    }
}

async fn backup(folder: &Path) -> u64 {
    let report = repository().await.snapshot(request(folder), Arc::new(()), CancellationToken::new()).await.unwrap();
    assert_eq!(report.unreadable, []);
    report.files
}

/// Restores so many paths, or everything.
async fn restore(folder: &Path, target: &str, paths: &[&str]) -> u64 {
    let repository = repository().await;
    let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
    let target = folder.canonicalize().unwrap().join(target);
    let target = SourceRoots::new(vec![folder.to_path_buf()]).restore_target(&target).unwrap();
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let on_conflict = OnConflict::Skip;
    let request = RestoreRequest { snapshot, paths, target, on_conflict, lending_bits: false };
    let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    assert_eq!(report.warnings, []);
    report.files
}

/// Small files of 1 to 100 kB in 200 folders, and the big one; nothing in them can be compressed.
fn make_source(root: &Path) {
    let mut random = SmallRng::seed_from_u64(7);
    let mut buffer = vec![0; 1 << 20];
    random.fill_bytes(&mut buffer);
    for number in 0..FILES {
        let folder = root.join(format!("folder {:03}", number % 200));
        fs::create_dir_all(&folder).unwrap();
        let size = 1000 + number * 7919 % 99_000;
        random.fill_bytes(&mut buffer[..64]);
        fs::write(folder.join(format!("file {number:05}")), &buffer[..size]).unwrap();
    }
    let mut big = BufWriter::new(File::create(root.join("two gibibytes")).unwrap());
    for _ in 0..BIG / buffer.len() {
        random.fill_bytes(&mut buffer);
        big.write_all(&buffer).unwrap();
    }
}
