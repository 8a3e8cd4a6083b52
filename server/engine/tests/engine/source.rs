//! What a backup takes, and what it does when files change under it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::{OnConflict, Progress, RepositoryError, SnapshotRequest};
use tokio_util::sync::CancellationToken;

use crate::support::{World, files, request, restore, snapshot};

async fn taken_names(world: &World, include: &[&str], exclude: &[&str]) -> Vec<String> {
    let repository = world.repository().await;
    let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let request = SnapshotRequest { include: owned(include), exclude: owned(exclude), ..request(&world.source()) };
    let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    let target = world.target(&format!("target-{}", &taken.snapshot.as_str()[..8]));
    restore(&repository, &taken.snapshot, &target, OnConflict::Skip).await;
    files::look(&target).keys().map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn patterns_choose_what_is_taken() {
    let world = World::start().await;
    for path in ["a.log", "a.txt", "docs/a.md", "docs/deep/b.md", "docs/b.log", "cache/x", "src/cache/y", "empty/"] {
        let path = world.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if path.to_str().unwrap().ends_with('/') {
            fs::create_dir_all(path).unwrap();
        } else {
            fs::write(path, "x").unwrap();
        }
    }
    assert_eq!(
        taken_names(&world, &["**"], &["*.log", "cache"]).await,
        ["a.txt", "docs", "docs/a.md", "docs/deep", "docs/deep/b.md", "empty", "src"]
    );
    assert_eq!(taken_names(&world, &["docs/**"], &["docs/deep"]).await, ["docs", "docs/a.md", "docs/b.log"]);
    assert_eq!(taken_names(&world, &["*.md"], &[]).await, ["docs", "docs/a.md", "docs/deep", "docs/deep/b.md"]);
    assert_eq!(taken_names(&world, &["src"], &[]).await, ["src", "src/cache", "src/cache/y"]);

    let repository = world.repository().await;
    let broken = SnapshotRequest { exclude: vec!["[".into()], ..request(&world.source()) };
    let error = repository.snapshot(broken, Arc::new(()), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::InvalidPattern { .. }));
}

/// Does something to the source as soon as the backup has begun to read.
struct Meddler<F> {
    done: AtomicBool,
    meddle: F,
}

impl<F: Fn() + Send + Sync> Progress for Meddler<F> {
    fn total(&self, _files: u64, _bytes: u64) {}

    fn advance(&self, files: u64, _bytes: u64) {
        if files > 0 && !self.done.swap(true, Ordering::SeqCst) {
            (self.meddle)();
        }
    }
}

async fn meddled(world: &World, meddle: impl Fn(&Path) + Send + Sync + 'static) -> engine::SnapshotReport {
    // Larger than what is read ahead, so the walk cannot be at the end before the meddling is done.
    for number in 0..400 {
        fs::write(world.source().join(format!("b{number:04}")), files::noise(number, 20_000)).unwrap();
    }
    let source = world.source();
    let meddler = Meddler { done: AtomicBool::new(false), meddle: move || meddle(&source) };
    let repository = world.repository().await;
    repository.snapshot(request(&world.source()), Arc::new(meddler), CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn a_file_that_vanishes_is_reported_and_the_rest_is_saved() {
    let world = World::start().await;
    fs::create_dir(world.source().join("z")).unwrap();
    fs::write(world.source().join("a first"), "x").unwrap();
    let report = meddled(&world, |source| fs::remove_file(source.join("a first")).unwrap()).await;
    assert_eq!(report.files, 400);
    assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
    assert_eq!(report.unreadable[0].path, "a first");
    assert_eq!(report.unreadable[0].cause, "it vanished while the backup ran");
}

#[tokio::test]
async fn a_file_that_grows_is_saved_as_long_as_it_was() {
    let world = World::start().await;
    fs::write(world.source().join("a log"), "12345").unwrap();
    let report = meddled(&world, |source| fs::write(source.join("a log"), "1234567890").unwrap()).await;
    assert_eq!((report.files, report.unreadable.len()), (401, 0));
    assert_eq!(report.changed, ["a log"]);
    let target = world.target("target");
    restore(&world.repository().await, &report.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(fs::read_to_string(target.join("a log")).unwrap(), "12345");
}

#[tokio::test]
async fn a_file_that_shrinks_is_reported() {
    let world = World::start().await;
    fs::write(world.source().join("a log"), "1234567890").unwrap();
    let report = meddled(&world, |source| fs::write(source.join("a log"), "1").unwrap()).await;
    assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
    assert_eq!(report.unreadable[0].cause, "it was shortened while it was read");
}

#[tokio::test]
async fn a_file_that_becomes_a_link_is_not_followed() {
    let world = World::start().await;
    fs::write(world.target("secret"), "of somebody else").unwrap();
    fs::write(world.source().join("a file"), "mine").unwrap();
    let secret = world.target("secret");
    let report = meddled(&world, move |source| {
        fs::remove_file(source.join("a file")).unwrap();
        std::os::unix::fs::symlink(&secret, source.join("a file")).unwrap();
    })
    .await;
    assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
    let entries = world.repository().await.entries(&report.snapshot, "", 0, 100).await.unwrap().entries;
    assert!(entries.iter().all(|entry| entry.name != "a file"));
}

#[tokio::test]
async fn a_source_that_is_gone_is_said_so() {
    let world = World::start().await;
    let repository = world.repository().await;
    let request = request(&world.source());
    fs::remove_dir(world.source()).unwrap();
    let error = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Source(_)), "{error:?}");
}

#[tokio::test]
async fn an_empty_source_is_a_backup_too() {
    let world = World::start().await;
    let repository = world.repository().await;
    let taken = snapshot(&repository, &world.source()).await;
    assert_eq!((taken.files, taken.bytes), (0, 0));
    let target = world.target("target");
    restore(&repository, &taken.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(files::look(&target).into_keys().collect::<Vec<PathBuf>>(), Vec::<PathBuf>::new());
}
