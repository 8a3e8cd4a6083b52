//! Bad days of networks and services.

use std::{fs, sync::Arc, sync::atomic::Ordering};

use engine::{OnConflict, Repository};
use tokio_util::sync::CancellationToken;

use crate::support::{Counter, World, files, proxy::Proxy, repository_config, request, restore, snapshot};

async fn behind_proxy(world: &World) -> (Proxy, Repository) {
    let proxy = Proxy::start(&world.server.endpoint()).await;
    let (repository, _) = Repository::open_or_create(repository_config(proxy.endpoint())).await.unwrap();
    (proxy, repository)
}

fn source(world: &World) {
    files::odd_files(&world.source());
    for number in 0..30_u64 {
        let folder = world.source().join(format!("folder {}", number % 5));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("file {number}")), files::noise(number, 2 << 20)).unwrap();
    }
}

async fn assert_backup_and_restore_work(world: &World, proxy: &Proxy, repository: &Repository) {
    let taken = snapshot(repository, &world.source()).await;
    assert_eq!(taken.unreadable, []);
    let target = world.target("target");
    let report = restore(repository, &taken.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(report.warnings, []);
    files::assert_same(&world.source(), &target);
    let told = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::SeqCst);
    println!("{} of {} requests were spoiled", told(&proxy.faults.spoiled), told(&proxy.faults.requests));
}

#[tokio::test]
async fn a_third_of_the_requests_may_be_refused() {
    let world = World::start().await;
    source(&world);
    let (proxy, repository) = behind_proxy(&world).await;
    proxy.faults.busy.store(30, Ordering::SeqCst);
    assert_backup_and_restore_work(&world, &proxy, &repository).await;
    assert!(proxy.faults.spoiled.load(Ordering::SeqCst) > 3);
}

#[tokio::test]
async fn a_fifth_of_the_connections_may_break() {
    let world = World::start().await;
    source(&world);
    let (proxy, repository) = behind_proxy(&world).await;
    proxy.faults.cut.store(20, Ordering::SeqCst);
    assert_backup_and_restore_work(&world, &proxy, &repository).await;
    assert!(proxy.faults.spoiled.load(Ordering::SeqCst) > 3);
}

#[tokio::test]
async fn a_slow_service_is_only_slow() {
    let world = World::start().await;
    source(&world);
    let (proxy, repository) = behind_proxy(&world).await;
    proxy.faults.delay.store(200, Ordering::SeqCst);
    assert_backup_and_restore_work(&world, &proxy, &repository).await;
}

#[tokio::test]
async fn an_outage_in_the_middle_is_said_and_forgotten_by_the_next_run() {
    let world = World::start().await;
    source(&world);
    let (proxy, repository) = behind_proxy(&world).await;
    proxy.faults.busy.store(100, Ordering::SeqCst);
    let error = repository
        .snapshot(request(&world.source()), Arc::new(Counter::default()), CancellationToken::new())
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("SlowDown"), "{error}");
    proxy.faults.busy.store(0, Ordering::SeqCst);
    assert_eq!(repository.snapshots().await.unwrap().len(), 0);
    assert_backup_and_restore_work(&world, &proxy, &repository).await;
}

/// The outage begins when packs are on their way already.
#[tokio::test]
async fn an_outage_between_two_packs_is_never_a_success() {
    struct OutageAfter(std::sync::atomic::AtomicU64, Arc<crate::support::proxy::Faults>);
    impl engine::Progress for OutageAfter {
        fn total(&self, _files: u64, _bytes: u64) {}
        fn advance(&self, _files: u64, bytes: u64) {
            if self.0.fetch_add(bytes, Ordering::SeqCst) > 30 << 20 {
                self.1.busy.store(100, Ordering::SeqCst);
            }
        }
    }
    let world = World::start().await;
    source(&world);
    let (proxy, repository) = behind_proxy(&world).await;
    let progress = Arc::new(OutageAfter(0.into(), proxy.faults.clone()));
    let error = repository.snapshot(request(&world.source()), progress, CancellationToken::new()).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    proxy.faults.busy.store(0, Ordering::SeqCst);
    assert_eq!(repository.snapshots().await.unwrap().len(), 0);
    assert_backup_and_restore_work(&world, &proxy, &repository).await;
}
