//! Stopping in the middle.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use engine::{OnConflict, Repository, RepositoryError};
use tokio_util::sync::CancellationToken;

use crate::support::{
    World, after, files, proxy::Proxy, repository_config, request, restore, restore_request, snapshot,
};

/// The promise of the product.
const PROMISED: Duration = Duration::from_secs(5);

fn large_source(world: &World) {
    for number in 0..12_u64 {
        fs::write(world.source().join(format!("file {number}")), files::noise(number, 12 << 20)).unwrap();
    }
}

async fn assert_next_run_is_sound(world: &World) {
    let repository = world.repository().await;
    assert_eq!(repository.snapshots().await.unwrap().len(), 0);
    let taken = snapshot(&repository, &world.source()).await;
    assert_eq!(taken.unreadable, []);
    let target = world.target("afterwards");
    let report = restore(&repository, &taken.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(report.warnings, []);
    files::assert_same(&world.source(), &target);
}

#[tokio::test]
async fn a_cancelled_backup_ends_soon_and_the_next_one_is_whole() {
    let world = World::start().await;
    large_source(&world);
    let repository = world.repository().await;
    let cancel = CancellationToken::new();
    let at = Arc::new(std::sync::Mutex::new(None));
    let (token, noted) = (cancel.clone(), at.clone());
    let progress = after(50 << 20, move || {
        *noted.lock().unwrap() = Some(Instant::now());
        token.cancel();
    });
    let error = repository.snapshot(request(&world.source()), progress, cancel).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Cancelled), "{error:?}");
    let waited = at.lock().unwrap().unwrap().elapsed();
    println!("cancelled within {waited:?}");
    assert!(waited < PROMISED, "{waited:?}");
    assert_next_run_is_sound(&world).await;
}

#[tokio::test]
async fn a_backup_can_be_cancelled_while_the_service_hangs() {
    let world = World::start().await;
    large_source(&world);
    world.repository().await;
    let proxy = Proxy::start(&world.server.endpoint()).await;
    let repository = Repository::open(repository_config(proxy.endpoint())).await.unwrap();
    let cancel = CancellationToken::new();
    let (token, faults, runtime) = (cancel.clone(), proxy.faults.clone(), tokio::runtime::Handle::current());
    let at = Arc::new(std::sync::Mutex::new(None));
    let noted = at.clone();
    let progress = after(30 << 20, move || {
        faults.delay.store(600_000, Ordering::SeqCst);
        let (token, noted, faults) = (token.clone(), noted.clone(), faults.clone());
        let before = faults.requests.load(Ordering::SeqCst);
        runtime.spawn(async move {
            // Until a request hangs.
            while faults.requests.load(Ordering::SeqCst) == before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            *noted.lock().unwrap() = Some(Instant::now());
            token.cancel();
        });
    });
    let error = repository.snapshot(request(&world.source()), progress, cancel).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Cancelled), "{error:?}");
    let waited = at.lock().unwrap().unwrap().elapsed();
    assert!(waited < PROMISED, "{waited:?}");
    assert_next_run_is_sound(&world).await;
}

#[tokio::test]
async fn a_backup_whose_caller_is_gone_stops() {
    let world = World::start().await;
    large_source(&world);
    let repository = world.repository().await;
    let begun = Arc::new(tokio::sync::Notify::new());
    let told = begun.clone();
    let progress = after(20 << 20, move || told.notify_one());
    tokio::select! {
        taken = repository.snapshot(request(&world.source()), progress, CancellationToken::new()) => {
            panic!("too fast to be left: {taken:?}")
        }
        () = begun.notified() => {}
    }
    assert_next_run_is_sound(&world).await;
}

#[tokio::test]
async fn a_cancelled_restore_leaves_no_half_files() {
    let world = World::start().await;
    large_source(&world);
    let repository = world.repository().await;
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let request = restore_request(&taken, &world.target("target"), OnConflict::Skip);
    let error = repository.restore(request, after(40 << 20, move || token.cancel()), cancel).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Cancelled), "{error:?}");
    for (path, seen) in files::look(&world.target("target")) {
        let original = fs::read(world.source().join(&path)).unwrap_or_else(|_| panic!("{} is new", path.display()));
        assert!(seen.content.unwrap() == original, "{} is not whole", path.display());
    }
    let report = restore(&repository, &taken, &world.target("target"), OnConflict::Skip).await;
    assert_eq!(report.files + report.skipped, 12);
    files::assert_same(&world.source(), &world.target("target"));
}
