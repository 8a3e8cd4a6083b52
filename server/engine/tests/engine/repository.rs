//! Making, opening and forgetting.

use std::sync::Arc;

use engine::{Opened, Repository, RepositoryError, S3Access, S3Error, Secret};
use tokio_util::sync::CancellationToken;

use crate::support::{Counter, World, files, repository_config, request, snapshot};

#[tokio::test]
async fn a_repository_is_made_once_and_found_again() {
    let world = World::start().await;
    let config = repository_config(world.server.endpoint());
    assert!(matches!(Repository::open(config.clone()).await, Err(RepositoryError::NotFound { .. })));
    let (_, first) = Repository::open_or_create(config.clone()).await.unwrap();
    let (_, second) = Repository::open_or_create(config.clone()).await.unwrap();
    assert_eq!((first, second), (Opened::Created, Opened::Existing));
    Repository::open(config.clone()).await.unwrap();

    let wrong = engine::RepositoryConfig { password: Secret::new("wrong".into()), ..config };
    let error = Repository::open(wrong).await.unwrap_err();
    assert!(matches!(error, RepositoryError::WrongPassword), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn two_that_make_it_at_the_same_moment_get_the_same_one() {
    let world = World::start().await;
    let config = repository_config(world.server.endpoint());
    let (one, other) =
        tokio::join!(Repository::open_or_create(config.clone()), Repository::open_or_create(config.clone()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!([one.1, other.1].iter().filter(|opened| **opened == Opened::Created).count(), 1);
    assert_eq!(world.stored("keys").len(), 1, "the loser's key is removed");
    files::odd_files(&world.source());
    let taken = snapshot(&one.0, &world.source()).await;
    assert_eq!(other.0.snapshots().await.unwrap()[0].id, taken.snapshot);
}

#[tokio::test]
async fn a_creation_that_was_interrupted_is_finished_by_the_next() {
    let world = World::start().await;
    let config = repository_config(world.server.endpoint());
    Repository::open_or_create(config.clone()).await.unwrap();
    // Killed between key and config.
    std::fs::remove_file(world.folder.path().join("s3").join(&config.bucket).join("prefix/config")).unwrap();
    let (_, opened) = Repository::open_or_create(config.clone()).await.unwrap();
    assert_eq!(opened, Opened::Created);
    assert_eq!(world.stored("keys").len(), 1);
    Repository::open(config).await.unwrap();
}

#[tokio::test]
async fn a_repository_that_lost_its_config_is_not_overwritten() {
    let world = World::start().await;
    let config = repository_config(world.server.endpoint());
    let repository = world.repository().await;
    files::odd_files(&world.source());
    snapshot(&repository, &world.source()).await;
    std::fs::remove_file(world.folder.path().join("s3").join(&config.bucket).join("prefix/config")).unwrap();
    assert!(matches!(Repository::open_or_create(config).await, Err(RepositoryError::Damaged { .. })));
}

#[tokio::test]
async fn keys_that_became_invalid_and_a_bucket_that_is_gone_are_told_apart() {
    let world = World::start().await;
    let config = repository_config(world.server.endpoint());
    let access = S3Access { access_key_id: "REVOKED".into(), ..config.access.clone() };
    let error = Repository::open(engine::RepositoryConfig { access, ..config.clone() }).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Storage(S3Error::InvalidCredentials { .. })), "{error:?}");

    let bucket = "no-such-bucket".to_owned();
    let error = Repository::open_or_create(engine::RepositoryConfig { bucket, ..config }).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Storage(S3Error::NoSuchBucket { .. })), "{error:?}");
}

#[tokio::test]
async fn an_unchanged_source_adds_next_to_nothing() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let progress = Arc::new(Counter::default());
    let first =
        repository.snapshot(request(&world.source()), progress.clone(), CancellationToken::new()).await.unwrap();
    assert!(first.added_bytes > 5 << 20, "{first:?}");
    assert_eq!(first.unreadable, []);
    assert_eq!(first.changed, Vec::<String>::new());
    let told = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!((told(&progress.total_files), told(&progress.total_bytes)), (first.files, first.bytes));
    assert_eq!((told(&progress.files), told(&progress.bytes)), (first.files, first.bytes));

    let second = snapshot(&repository, &world.source()).await;
    assert_eq!((second.files, second.bytes), (first.files, first.bytes));
    assert_eq!(second.added_bytes, 0);
    assert_ne!(second.snapshot, first.snapshot);
}

#[tokio::test]
async fn snapshots_are_listed_with_their_tags_and_forgotten() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let first = snapshot(&repository, &world.source()).await;
    let second = snapshot(&repository, &world.source()).await;
    let listed = repository.snapshots().await.unwrap();
    assert_eq!(listed.iter().map(|info| &info.id).collect::<Vec<_>>(), [&first.snapshot, &second.snapshot]);
    assert_eq!((listed[0].label.as_str(), listed[0].host.as_str()), ("nightly", "project"));
    assert_eq!(listed[0].tags, ["run-1"]);
    assert_eq!(listed[0].bytes, Some(first.bytes));

    repository.forget(std::slice::from_ref(&first.snapshot)).await.unwrap();
    repository.forget(std::slice::from_ref(&first.snapshot)).await.unwrap();
    let left = repository.snapshots().await.unwrap();
    assert_eq!(left.iter().map(|info| &info.id).collect::<Vec<_>>(), [&second.snapshot]);
    let error = repository.entries(&first.snapshot, "", 0, 100).await.unwrap_err();
    assert!(matches!(error, RepositoryError::NoSuchSnapshot { .. }), "{error:?}");
}

#[tokio::test]
async fn a_local_cache_changes_nothing_but_the_time() {
    let world = World::start().await;
    files::odd_files(&world.source());
    let cache_dir = Some(world.folder.path().join("cache"));
    let config = engine::RepositoryConfig { cache_dir, ..repository_config(world.server.endpoint()) };
    let (repository, _) = Repository::open_or_create(config).await.unwrap();
    let first = snapshot(&repository, &world.source()).await;
    let second = snapshot(&repository, &world.source()).await;
    assert_eq!(second.added_bytes, 0);
    assert!(world.folder.path().join("cache").read_dir().unwrap().next().is_some());
    repository.entries(&first.snapshot, "a folder", 0, 100).await.unwrap();
}
