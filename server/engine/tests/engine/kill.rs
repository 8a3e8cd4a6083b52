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
    time::{Duration, Instant},
};

use engine::{OnConflict, Part, PruneRequest, Repository};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::support::{files, moto::Moto, repository_config, request, restore_request};

type Doing<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Work that may be killed.
struct Operation {
    name: &'static str,
    /// Makes what the work needs.
    prepare: for<'a> fn(&'a Trial) -> Doing<'a>,
    /// Is killed, and then done again to its end.
    work: for<'a> fn(&'a Trial, &'a Repository) -> Doing<'a>,
    /// What must be so afterwards.
    judge: for<'a> fn(&'a Trial) -> Doing<'a>,
}

const OPERATIONS: [Operation; 3] = [
    Operation {
        name: "backup",
        prepare: |trial| {
            Box::pin(async {
                trial.write_files(0..2);
                trial.backup(&trial.repository().await).await;
                trial.write_files(1..12);
            })
        },
        work: |trial, repository| Box::pin(trial.backup(repository)),
        judge: |trial| {
            Box::pin(async {
                let snapshots = trial.repository().await.snapshots().await.unwrap();
                // The first one, the one done to its end, and the killed one where it was just complete.
                assert!(matches!(snapshots.len(), 2 | 3), "{} snapshots", snapshots.len());
                trial.restore(&trial.repository().await).await;
                files::assert_same(&trial.source(), &trial.target());
            })
        },
    },
    Operation {
        name: "restore",
        prepare: |trial| {
            Box::pin(async {
                trial.write_files(0..12);
                trial.backup(&trial.repository().await).await;
            })
        },
        work: |trial, repository| Box::pin(trial.restore(repository)),
        judge: |trial| {
            // With nothing left of what the killed one was writing.
            Box::pin(async { files::assert_same(&trial.source(), &trial.target()) })
        },
    },
    Operation {
        name: "prune",
        prepare: |trial| {
            Box::pin(async {
                trial.write_files(0..12);
                trial.backup(&trial.repository().await).await;
                for number in (0..12).step_by(2) {
                    fs::remove_file(trial.source().join(format!("file {number}"))).unwrap();
                }
                trial.write_files(12..14);
                trial.backup(&trial.repository().await).await;
                let repository = trial.repository().await;
                let first = repository.snapshots().await.unwrap().remove(0).id;
                repository.forget(&[first]).await.unwrap();
                // Marks what is not needed, so that the one that is killed also removes.
                trial.prune(&repository).await;
            })
        },
        work: |trial, repository| Box::pin(trial.prune(repository)),
        judge: |trial| {
            Box::pin(async {
                let repository = trial.repository().await;
                let whole = repository.verify(Part::Whole, Arc::new(()), CancellationToken::new()).await.unwrap();
                assert_eq!((&whole.damaged[..], &whole.incomplete[..]), (&[][..], &[][..]));
                trial.restore(&trial.repository().await).await;
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

    async fn backup(&self, repository: &Repository) {
        let request = request(&self.source());
        let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        assert_eq!(taken.unreadable, []);
    }

    /// Without grace and without bound, so that it does as much as it can.
    async fn prune(&self, repository: &Repository) {
        let request =
            PruneRequest { grace: Duration::ZERO, most_repacked: u64::MAX, permit: engine::Permit::default() };
        repository.prune(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    }

    async fn restore(&self, repository: &Repository) {
        let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
        // A folder that is there keeps its own mode and time with every other choice, also a killed restore's.
        let request = restore_request(&snapshot, &self.target(), OnConflict::Overwrite);
        let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        assert_eq!(report.warnings, []);
    }
}

const ROLE: &str = "HOLDFAST_KILL_ROLE";
const FOLDER: &str = "HOLDFAST_KILL_FOLDER";
const ENDPOINT: &str = "HOLDFAST_KILL_ENDPOINT";
/// What the process tells when its work begins.
const BEGUN: &str = "the work begins";

/// Not a test of its own: what this program does when it was started with a role.
#[tokio::test(flavor = "multi_thread")]
async fn role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let trial = Trial {
        folder: std::env::var(FOLDER).unwrap().into(),
        endpoint: std::env::var(ENDPOINT).unwrap().parse().unwrap(),
    };
    let operation = OPERATIONS.iter().find(|operation| operation.name == role).unwrap();
    let repository = trial.repository().await;
    // Straight out: the harness would keep it.
    writeln!(std::io::stderr(), "{BEGUN}").unwrap();
    (operation.work)(&trial, &repository).await;
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

/// Waits until the process has begun its work.
fn wait_begun(process: &mut Child) {
    let told = BufReader::new(process.stderr.take().unwrap()).lines();
    told.map_while(Result::ok).find(|line| line == BEGUN).expect("it ended before it began");
}

/// How long the work takes where nothing kills it.
async fn time(operation: &Operation, trial: &Trial) -> Duration {
    (operation.prepare)(trial).await;
    let mut process = start(operation, trial);
    wait_begun(&mut process);
    let begun = Instant::now();
    assert!(process.wait().unwrap().success());
    begun.elapsed()
}

/// Kills the process so long after it has begun its work. Whether it was in time.
async fn kill(mut process: Child, after: Duration) -> bool {
    wait_begun(&mut process);
    tokio::time::sleep(after).await;
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
    let mut takes = Vec::new();
    for operation in &OPERATIONS {
        let trial = new_trial(folder.path(), operation.name, &moto.endpoint);
        takes.push(time(operation, &trial).await);
        fs::remove_dir_all(&trial.folder).unwrap();
    }
    let mut in_time = 0;
    for number in 0..trials {
        let kind = usize::try_from(number).unwrap() % OPERATIONS.len();
        let operation = &OPERATIONS[kind];
        let trial = new_trial(folder.path(), &format!("trial-{number}"), &moto.endpoint);
        (operation.prepare)(&trial).await;
        let after = takes[kind].mul_f64(random.random());
        in_time += u64::from(kill(start(operation, &trial), after).await);
        (operation.work)(&trial, &trial.repository().await).await;
        moto.assert_sound(&trial.prefix());
        (operation.judge)(&trial).await;
        fs::remove_dir_all(&trial.folder).unwrap();
    }
    writeln!(terminal, "kill -9: {trials} trials passed, in {in_time} of them the work was not done yet").unwrap();
}

fn new_trial(folder: &Path, name: &str, endpoint: &Url) -> Trial {
    let folder = folder.canonicalize().unwrap().join(name);
    fs::create_dir(&folder).unwrap();
    Trial { folder, endpoint: endpoint.clone() }
}
