//! Processes that are killed in the middle of their work, at any moment.
//!
//! Each trial has a repository of its own on moto. The work runs in a process of its own, this test's program started
//! again with a role, is killed, and done again to its end; afterwards `restic check --read-data` finds nothing, and the
//! work is done as if nothing had happened.
//!
//! `HOLDFAST_KILL_TRIALS` (10), `HOLDFAST_KILL_SEED`. A further kind of work is a further row in [`OPERATIONS`].

use std::{
    fs,
    future::Future,
    io::{BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    pin::Pin,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use engine::{OnConflict, Part, Progress, PruneRequest, Repository, RestoreRequest};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::{files, moto::Moto, repository_config, request};

type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Work that may be killed.
struct Operation {
    name: &'static str,
    /// Makes what the work needs.
    prepare: for<'a> fn(&'a Trial) -> Doing<'a>,
    /// Is killed, and then done again to its end.
    work: for<'a> fn(&'a Trial, Arc<dyn Progress>) -> Doing<'a>,
    /// What must be so afterwards.
    judge: for<'a> fn(&'a Trial) -> Doing<'a>,
}

const OPERATIONS: [Operation; 3] = [
    Operation {
        name: "backup",
        prepare: |trial| {
            Box::pin(async {
                trial.write_files(0..2);
                trial.backup(Arc::new(())).await;
                trial.write_files(1..12);
            })
        },
        work: |trial, progress| Box::pin(trial.backup(progress)),
        judge: |trial| {
            Box::pin(async {
                let snapshots = trial.repository().await.snapshots().await.unwrap();
                // The first one, the one done to its end, and the killed one where it was just complete.
                assert!(matches!(snapshots.len(), 2 | 3), "{} snapshots", snapshots.len());
                trial.restore(Arc::new(())).await;
                files::assert_same(&trial.source(), &trial.target());
            })
        },
    },
    Operation {
        name: "restore",
        prepare: |trial| {
            Box::pin(async {
                trial.write_files(0..12);
                trial.backup(Arc::new(())).await;
            })
        },
        work: |trial, progress| Box::pin(trial.restore(progress)),
        judge: |trial| {
            Box::pin(async {
                trial.remove_unfinished();
                files::assert_same(&trial.source(), &trial.target());
            })
        },
    },
    Operation {
        name: "prune",
        prepare: |trial| {
            Box::pin(async {
                trial.write_files(0..12);
                trial.backup(Arc::new(())).await;
                for number in (0..12).step_by(2) {
                    fs::remove_file(trial.source().join(format!("file {number}"))).unwrap();
                }
                trial.write_files(12..14);
                trial.backup(Arc::new(())).await;
                let repository = trial.repository().await;
                let first = repository.snapshots().await.unwrap().remove(0).id;
                repository.forget(&[first]).await.unwrap();
                // Marks what is not needed, so that the one that is killed also removes.
                trial.prune(Arc::new(())).await;
            })
        },
        work: |trial, progress| Box::pin(trial.prune(progress)),
        judge: |trial| {
            Box::pin(async {
                let repository = trial.repository().await;
                let whole = repository.verify(Part::Whole, Arc::new(()), CancellationToken::new()).await.unwrap();
                assert_eq!((&whole.damaged[..], &whole.incomplete[..]), (&[][..], &[][..]));
                trial.restore(Arc::new(())).await;
                files::assert_same(&trial.source(), &trial.target());
            })
        },
    },
];

/// One repository and its files.
struct Trial {
    folder: PathBuf,
    endpoint: Url,
}

impl Trial {
    fn source(&self) -> PathBuf {
        self.folder.join("source")
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    fn prefix(&self) -> String {
        self.folder.file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn write_files(&self, numbers: std::ops::Range<u64>) {
        fs::create_dir_all(self.source().join("a folder")).unwrap();
        for number in numbers {
            let content = files::noise(number + self.folder.as_os_str().len() as u64, 1_500_000);
            fs::write(self.source().join(format!("file {number}")), content).unwrap();
            fs::write(self.source().join(format!("a folder/small {number}")), files::noise(number, 900)).unwrap();
        }
    }

    async fn repository(&self) -> Repository {
        let config = repository_config(self.endpoint.clone());
        let cache_dir = Some(self.folder.join("cache"));
        let config = engine::RepositoryConfig { prefix: self.prefix(), cache_dir, ..config };
        Repository::open_or_create(config).await.unwrap().0
    }

    async fn backup(&self, progress: Arc<dyn Progress>) {
        let request = request(&self.source());
        let taken = self.repository().await.snapshot(request, progress, CancellationToken::new()).await.unwrap();
        assert_eq!(taken.unreadable, []);
    }

    /// Without grace and without bound, so that it does as much as it can.
    async fn prune(&self, progress: Arc<dyn Progress>) {
        let request =
            PruneRequest { grace: Duration::ZERO, most_repacked: u64::MAX, permit: engine::Permit::default() };
        self.repository().await.prune(request, progress, CancellationToken::new()).await.unwrap();
    }

    async fn restore(&self, progress: Arc<dyn Progress>) {
        let repository = self.repository().await;
        let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
        let target = self.target();
        // A folder that is there keeps its own mode and time with every other choice, also a killed restore's.
        let request = RestoreRequest { snapshot, paths: Vec::new(), target, on_conflict: OnConflict::Overwrite };
        let report = repository.restore(request, progress, CancellationToken::new()).await.unwrap();
        assert_eq!(report.warnings, []);
    }

    /// A killed restore cannot remove the file it was writing, which has a name that tells what it is.
    fn remove_unfinished(&self) {
        for folder in [self.target(), self.target().join("a folder")] {
            let modified = folder.metadata().unwrap().modified().unwrap();
            for entry in fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                if entry.file_name().to_str().unwrap().starts_with(".holdfast-restore-") {
                    fs::remove_file(entry.path()).unwrap();
                }
            }
            fs::File::open(&folder).unwrap().set_modified(modified).unwrap();
        }
    }
}

const ROLE: &str = "HOLDFAST_KILL_ROLE";
const FOLDER: &str = "HOLDFAST_KILL_FOLDER";
const ENDPOINT: &str = "HOLDFAST_KILL_ENDPOINT";
/// How much a work tells of its progress, in all.
const TOLD: u64 = 18_000_000;

/// Not a test of its own: what this program does when it was started with a role.
#[tokio::test(flavor = "multi_thread")]
async fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let trial = Trial {
        folder: std::env::var(FOLDER).unwrap().into(),
        endpoint: std::env::var(ENDPOINT).unwrap().parse().unwrap(),
    };
    let operation = OPERATIONS.iter().find(|operation| operation.name == role).unwrap();
    (operation.work)(&trial, Arc::new(Tell)).await;
}

/// Tells the other process.
struct Tell;

impl Progress for Tell {
    fn total(&self, _files: u64, _bytes: u64) {}

    fn advance(&self, _files: u64, bytes: u64) {
        // Straight out: the harness would keep it.
        let mut out = std::io::stderr();
        let _ = writeln!(out, "bytes {bytes}");
    }
}

fn start(operation: &Operation, trial: &Trial) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::role", "--nocapture"])
        .env(ROLE, operation.name)
        .env(FOLDER, &trial.folder)
        .env(ENDPOINT, trial.endpoint.as_str())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills the process a little after it has done so many bytes. Whether it was in time.
async fn kill(mut process: Child, after: u64, later: Duration) -> bool {
    let mut told = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut done = 0;
    while done < after
        && let Some(Ok(line)) = told.next()
    {
        done += line.strip_prefix("bytes ").map_or(0, |bytes| bytes.parse().unwrap());
    }
    tokio::time::sleep(later).await;
    // SIGKILL.
    process.kill().unwrap();
    let ended = process.wait().unwrap();
    assert!(ended.success() || ended.signal() == Some(9), "it failed by itself: {ended}");
    !ended.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_is_whole_the_next_time() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let trials = setting("HOLDFAST_KILL_TRIALS").unwrap_or(10);
    let seed = setting("HOLDFAST_KILL_SEED").unwrap_or_else(rand::random);
    let mut random = SmallRng::seed_from_u64(seed);
    let mut terminal = std::io::stderr();
    writeln!(terminal, "kill -9: {trials} trials, seed {seed}").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let moto = Moto::start().await;
    let mut in_time = 0;
    for number in 0..trials {
        let operation = &OPERATIONS[usize::try_from(number).unwrap() % OPERATIONS.len()];
        let after = random.random_range(0..TOLD + TOLD / 10);
        let later = Duration::from_millis(random.random_range(0..60));
        let trial = new_trial(folder.path(), number, &moto.endpoint);
        (operation.prepare)(&trial).await;
        let killed = kill(start(operation, &trial), after, later).await;
        in_time += u64::from(killed);
        (operation.work)(&trial, Arc::new(())).await;
        moto.assert_sound(&trial.prefix());
        (operation.judge)(&trial).await;
        fs::remove_dir_all(&trial.folder).unwrap();
    }
    writeln!(terminal, "kill -9: {trials} trials passed, in {in_time} of them the work was not done yet").unwrap();
}

fn new_trial(folder: &Path, number: u64, endpoint: &Url) -> Trial {
    let folder = folder.canonicalize().unwrap().join(format!("trial-{number}"));
    fs::create_dir(&folder).unwrap();
    Trial { folder, endpoint: endpoint.clone() }
}
