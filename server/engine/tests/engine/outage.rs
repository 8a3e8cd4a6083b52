//! A service that is away for a while.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use engine::{
    LONGEST_OUTAGE, OnConflict, Part, Progress, RemoveRequest, Repository, RepositoryConfig, RepositoryError, S3,
    S3Error,
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    BUCKET, World, access, after, files, loopback,
    moto::Moto,
    proxy::{Proxy, refusal},
    repository_config, request, restore, restore_request, snapshot,
};

/// What a run was told of waiting.
#[derive(Default)]
struct Told(Mutex<Vec<Option<DateTime<Utc>>>>);

impl Progress for Told {
    fn total(&self, _files: u64, _bytes: u64) {}
    fn advance(&self, _files: u64, _bytes: u64) {}
    fn waiting(&self, since: Option<DateTime<Utc>>) {
        self.0.lock().unwrap().push(since);
    }
}

impl Told {
    /// It has waited, and does so no longer. A short outage may be over before a run notices.
    fn assert_pairs(&self, outage: Duration) {
        let told = self.0.lock().unwrap();
        assert!(!told.is_empty() || outage < Duration::from_secs(30), "nothing was told of waiting");
        assert!(told.len().is_multiple_of(2), "{told:?}");
        for pair in told.chunks(2) {
            assert!(pair[0].is_some() && pair[1].is_none(), "{told:?}");
        }
    }
}

fn noise(folder: &Path, files: u64, size: usize) {
    for number in 0..files {
        fs::write(folder.join(format!("file {number}")), files::noise(number, size)).unwrap();
    }
}

/// A service behind a proxy, and a repository that waits for it as long as it does in earnest.
async fn patient(world: &World) -> (Proxy, Repository) {
    noise(&world.source(), 20, 4 << 20);
    let proxy = Proxy::start(&world.server.endpoint()).await;
    let config = RepositoryConfig { longest_outage: LONGEST_OUTAGE, ..repository_config(proxy.endpoint()) };
    let (repository, _) = Repository::open_or_create(config).await.unwrap();
    (proxy, repository)
}

/// With the `number`th request from now of those that begin with `begin`, the service goes away.
fn away_at(proxy: &Proxy, begin: &'static str, number: u32, time: Duration) {
    let (seen, faults, runtime) = (AtomicU32::new(0), proxy.faults.clone(), tokio::runtime::Handle::current());
    proxy.answer(move |head| {
        if head.starts_with(begin) && seen.fetch_add(1, Ordering::SeqCst) + 1 == number {
            let _entered = runtime.enter();
            faults.go_away_for(time);
        }
        None
    });
}

async fn backup(time: Duration) {
    let world = World::start().await;
    let (proxy, repository) = patient(&world).await;
    away_at(&proxy, "PUT ", 4, time);
    let told = Arc::<Told>::default();
    let cancel = CancellationToken::new();
    let taken = repository.snapshot(request(&world.source()), told.clone(), cancel).await.unwrap();
    told.assert_pairs(time);
    restore(&repository, &taken.snapshot, &world.target("target"), OnConflict::Skip).await;
    files::assert_same(&world.source(), &world.target("target"));
}

async fn restoring(time: Duration) {
    let world = World::start().await;
    let (proxy, repository) = patient(&world).await;
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    away_at(&proxy, "GET ", 8, time);
    let told = Arc::<Told>::default();
    let request = restore_request(&taken, &world.target("target"), OnConflict::Skip);
    let report = repository.restore(request, told.clone(), CancellationToken::new()).await.unwrap();
    assert_eq!(report.warnings, []);
    told.assert_pairs(time);
    files::assert_same(&world.source(), &world.target("target"));
}

async fn verification(time: Duration) {
    let world = World::start().await;
    let (proxy, repository) = patient(&world).await;
    snapshot(&repository, &world.source()).await;
    away_at(&proxy, "GET ", 10, time);
    let told = Arc::<Told>::default();
    let report = repository.verify(Part::Whole, told.clone(), CancellationToken::new()).await.unwrap();
    assert_eq!((report.damaged, report.incomplete), (vec![], vec![]));
    told.assert_pairs(time);
}

async fn deletion(time: Duration) {
    let world = World::start().await;
    let (proxy, repository) = patient(&world).await;
    snapshot(&repository, &world.source()).await;
    away_at(&proxy, "DELETE ", 5, time);
    let told = Arc::<Told>::default();
    let s3 = S3::connect(&access(proxy.endpoint()), &loopback());
    let (bucket, prefix) = (BUCKET.into(), "prefix".into());
    let request = RemoveRequest { s3, bucket, prefix, longest_outage: LONGEST_OUTAGE };
    Repository::remove(request, told.clone(), CancellationToken::new()).await.unwrap();
    told.assert_pairs(time);
    assert_eq!(world.stored(""), Vec::<std::path::PathBuf>::new());
}

/// Each kind of run, in the middle of which the service is away.
async fn assert_outlasted(time: Duration) {
    let began = Instant::now();
    let (backup, restoring) = (Box::pin(backup(time)), Box::pin(restoring(time)));
    tokio::join!(backup, restoring, Box::pin(verification(time)), Box::pin(deletion(time)));
    println!(
        "backup, restore, verification and deletion outlasted {time:?}; the last ended after {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_seconds_without_the_service_end_no_run() {
    assert_outlasted(Duration::from_secs(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minute_without_the_service_ends_no_run() {
    assert_outlasted(Duration::from_mins(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes six minutes"]
async fn five_minutes_without_the_service_end_no_run() {
    assert_outlasted(Duration::from_mins(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_is_cancelled_at_once_and_a_person_does_not_wait_so_long() {
    let world = World::start().await;
    let (proxy, repository) = patient(&world).await;
    let (faults, cancel, runtime) = (proxy.faults.clone(), CancellationToken::new(), tokio::runtime::Handle::current());
    let progress = after(20 << 20, move || {
        let _entered = runtime.enter();
        faults.go_away_for(LONGEST_OUTAGE);
    });
    let cancelling = cancel.clone();
    let run = repository.snapshot(request(&world.source()), progress, cancel);
    let looking = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let began = Instant::now();
        let error = repository.snapshots().await.unwrap_err();
        println!("a look fails after {:?}: {error}", began.elapsed());
        assert!(began.elapsed() < Duration::from_mins(1) && error.is_transient(), "{error:?}");
        cancelling.cancel();
        Instant::now()
    };
    let (ended, cancelled) = tokio::join!(run, looking);
    assert!(matches!(ended, Err(RepositoryError::Cancelled)), "{ended:?}");
    assert!(cancelled.elapsed() < Duration::from_secs(5), "{:?}", cancelled.elapsed());
}

/// A run of some minutes whose keys are revoked in its middle: what it has stored, the next one finds.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_failed_run_has_uploaded_is_not_uploaded_again() {
    const SIZE: u64 = 208 << 20;
    let (world, moto) = (World::start().await, Moto::start().await);
    noise(&world.source(), 52, 4 << 20);
    let proxy = Proxy::start(&moto.endpoint).await;
    let (repository, _) = Repository::open_or_create(repository_config(proxy.endpoint())).await.unwrap();
    // So slow that an index is due after 20 packs of 26.
    proxy.faults.delay.store(12_000, Ordering::SeqCst);
    let (indexed, packs) = (AtomicBool::new(false), AtomicU32::new(0));
    proxy.answer(move |head| {
        if head.starts_with("PUT ") && head.contains("/index/") {
            indexed.store(true, Ordering::SeqCst);
        }
        let late = indexed.load(Ordering::SeqCst) && head.starts_with("PUT ");
        let revoked = (head.contains("/data/") && packs.fetch_add(1, Ordering::SeqCst) > 1)
            // On a slow machine no pack may be left after the index.
            || head.contains("/snapshots/");
        (late && revoked).then(|| refusal("403 Forbidden", "AccessDenied", "Revoked"))
    });
    let failed = repository.snapshot(request(&world.source()), Arc::new(()), CancellationToken::new()).await;
    assert!(matches!(failed, Err(RepositoryError::Storage(S3Error::AccessDenied { .. }))), "{failed:?}");
    assert_eq!(repository.snapshots().await.unwrap().len(), 0);

    proxy.answer(|_| None);
    proxy.faults.delay.store(0, Ordering::SeqCst);
    let first = proxy.faults.uploaded.swap(0, Ordering::SeqCst);
    snapshot(&repository, &world.source()).await;
    let second = proxy.faults.uploaded.load(Ordering::SeqCst);
    println!("of {} MiB the failed run has sent {}, and the next one {}", SIZE >> 20, first >> 20, second >> 20);
    assert!(first > SIZE / 2 && second < SIZE / 2, "{first} and {second}");
    // What was on its way when it failed is there twice.
    assert!(first + second < SIZE * 5 / 4, "{first} and {second}");
    moto.assert_sound("prefix");
}
