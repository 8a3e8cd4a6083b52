//! The files without which nothing opens a repository, and what else may lie in its bucket.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use engine::{
    Damage, DamagedFile, DamagedKind, OnConflict, OpeningFiles, Part, Permit, PruneRequest, RepairRequest, Repository,
    RepositoryConfig, RepositoryError, Secret, SnapshotId, VerifyReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{BUCKET, PASSWORD, World, after, files, remove, repository_config, request, restore, snapshot};

/// What the server stores of the bucket.
fn bucket(world: &World) -> PathBuf {
    world.folder.path().join("s3").join(BUCKET)
}

fn config(world: &World) -> PathBuf {
    bucket(world).join("prefix/config")
}

fn key(world: &World) -> PathBuf {
    let [key] = &world.stored("keys")[..] else { panic!("one key") };
    key.clone()
}

async fn verify(repository: &Repository) -> VerifyReport {
    repository.verify(Part::Whole, Arc::new(()), CancellationToken::new()).await.unwrap()
}

async fn prune(repository: &Repository) -> Result<engine::PruneReport, RepositoryError> {
    let request = PruneRequest { grace: std::time::Duration::ZERO, most_repacked: u64::MAX, permit: Permit::default() };
    repository.prune(request, Arc::new(()), CancellationToken::new()).await
}

async fn repair(repository: &Repository, damaged: Vec<DamagedFile>) -> engine::RepairReport {
    let request = RepairRequest { damaged, permit: Permit::default() };
    repository.repair(request, CancellationToken::new()).await.unwrap()
}

async fn restores(repository: &Repository, snapshot: &SnapshotId, world: &World, into: &str) {
    let target = world.target(into);
    assert_eq!(restore(repository, snapshot, &target, OnConflict::Skip).await.warnings, []);
    files::assert_same(&world.source(), &target);
}

fn restic(world: &World, prefix: &str, arguments: &[&str]) -> String {
    let place = bucket(world).join(prefix);
    let mut restic = Command::new("restic");
    restic.args(["--no-cache", "-r", place.to_str().unwrap()]).args(arguments).env("RESTIC_PASSWORD", PASSWORD);
    let output = restic.output().unwrap_or_else(|error| panic!("restic is needed (apt-get install restic): {error}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    told
}

type Spoil = fn(&World);

/// The bucket loses a file while the process has the repository open.
#[tokio::test(flavor = "multi_thread")]
async fn no_backup_is_complete_that_nothing_would_open() {
    let losses: [(DamagedKind, Damage, Spoil); 5] = [
        (DamagedKind::Key, Damage::Missing, |world| fs::remove_file(key(world)).unwrap()),
        (DamagedKind::Key, Damage::Content, |world| fs::write(key(world), "{}").unwrap()),
        (DamagedKind::Config, Damage::Missing, |world| fs::remove_file(config(world)).unwrap()),
        (DamagedKind::Config, Damage::Content, |world| fs::write(config(world), files::noise(7, 200)).unwrap()),
        (DamagedKind::Config, Damage::Size, |world| fs::write(config(world), files::noise(7, 1 << 20)).unwrap()),
    ];
    for (kind, damage, spoil) in losses {
        let world = World::start().await;
        let repository = world.repository().await;
        files::odd_files(&world.source());
        let taken = snapshot(&repository, &world.source()).await;
        let id = if kind == DamagedKind::Key { file_name(&key(&world)) } else { String::new() };
        let lost = DamagedFile { kind, id, damage };
        spoil(&world);

        let told = [
            repository.snapshot(request(&world.source()), Arc::new(()), CancellationToken::new()).await.map(drop),
            prune(&repository).await.map(drop),
            repository.opening_files().await.map(drop),
        ];
        for told in told {
            let Err(RepositoryError::OpeningFile { file }) = &told else { panic!("{lost:?}: {told:?}") };
            assert_eq!(*file, lost);
        }
        assert_eq!(world.stored("snapshots").len(), 1, "no backup that nothing would open");
        let found = verify(&repository).await;
        assert_eq!((&found.damaged[..], &found.incomplete[..]), (std::slice::from_ref(&lost), &[][..]));
        restores(&repository, &taken.snapshot, &world, "meanwhile").await;

        // Whatever the request says of it: it may be older than the loss.
        let repaired = repair(&repository, Vec::new()).await;
        assert_eq!((repaired.opening_files, repaired.lost), (1, 0), "{lost:?}");
        assert_eq!(verify(&repository).await.damaged, [], "{lost:?}");
        snapshot(&repository, &world.source()).await;
        let opened = Repository::open(repository_config(world.server.endpoint())).await.unwrap();
        restores(&opened, &taken.snapshot, &world, "afterwards").await;
        assert!(restic(&world, "prefix", &["--no-lock", "check", "--read-data"]).contains("no errors were found"));
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_goes_while_a_backup_runs_is_told() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("noise"), files::noise(1, 20 << 20)).unwrap();
    let key = key(&world);
    let progress = after(4 << 20, move || fs::remove_file(&key).unwrap());
    let taken = repository.snapshot(request(&world.source()), progress, CancellationToken::new()).await;
    assert!(matches!(taken, Err(RepositoryError::OpeningFile { .. })), "{taken:?}");
    assert!(world.stored("snapshots").is_empty());
}

/// The process that had the repository open is gone too: what is left is the copy and the password.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_opens_what_has_lost_its_key_and_config() {
    let world = World::start().await;
    files::odd_files(&world.source());
    let (taken, copy) = {
        let repository = world.repository().await;
        let copy = repository.opening_files().await.unwrap().to_bytes();
        (snapshot(&repository, &world.source()).await, OpeningFiles::from_bytes(&copy).unwrap())
    };
    let place = repository_config(world.server.endpoint());
    Repository::open_with_copy(place.clone(), &copy).await.unwrap();
    let losses: [Spoil; 4] = [
        |world| fs::remove_file(key(world)).unwrap(),
        |world| fs::write(key(world), "garbled").unwrap(),
        |world| fs::remove_file(config(world)).unwrap(),
        |world| {
            fs::remove_file(config(world)).unwrap();
            fs::remove_file(key(world)).unwrap();
        },
    ];
    for (number, spoil) in losses.into_iter().enumerate() {
        spoil(&world);
        Repository::open(place.clone()).await.unwrap_err();
        let wrong = RepositoryConfig { password: Secret::new("another".into()), ..place.clone() };
        Repository::open_with_copy(wrong, &copy).await.unwrap_err();
        let elsewhere = RepositoryConfig { prefix: "nothing/here".into(), ..place.clone() };
        let error = Repository::open_with_copy(elsewhere, &copy).await.unwrap_err();
        assert!(matches!(error, RepositoryError::NotFound { .. }), "{error:?}");

        let repository = Repository::open_with_copy(place.clone(), &copy).await.unwrap();
        restores(&repository, &taken.snapshot, &world, &format!("restored {number}")).await;
        let error = repository.snapshot(request(&world.source()), Arc::new(()), CancellationToken::new()).await;
        assert!(matches!(error, Err(RepositoryError::OpeningFile { .. })), "{error:?}");
        let found = verify(&repository).await;
        assert!(!found.damaged.is_empty());
        assert_eq!(repair(&repository, found.damaged.clone()).await.opening_files, found.damaged.len() as u64);
        Repository::open(place.clone()).await.unwrap();
        assert!(restic(&world, "prefix", &["--no-lock", "check"]).contains("no errors were found"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_never_written_over_another_repository() {
    let world = World::start().await;
    fs::write(world.source().join("file"), "content").unwrap();
    let mine = world.repository().await;
    snapshot(&mine, &world.source()).await;
    let copy = mine.opening_files().await.unwrap();
    fs::remove_dir_all(bucket(&world).join("prefix")).unwrap();
    let other = world.repository().await;
    let taken = snapshot(&other, &world.source()).await;

    let request = || RepairRequest { damaged: Vec::new(), permit: Permit::default() };
    let error = mine.repair(request(), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Damaged { .. }), "{error:?}");
    fs::remove_file(key(&world)).unwrap();
    let place = repository_config(world.server.endpoint());
    Repository::open_with_copy(place, &copy).await.unwrap_err();
    assert_eq!(other.repair(request(), CancellationToken::new()).await.unwrap().opening_files, 1);
    restores(&world.repository().await, &taken.snapshot, &world, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_of_somebody_else_is_named_and_removed() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("file"), "content").unwrap();
    let id = "ab".repeat(32);
    fs::write(key(&world).with_file_name(&id), "half a k").unwrap();
    let found = verify(&repository).await;
    assert_eq!(found.damaged, [DamagedFile { kind: DamagedKind::Key, id, damage: Damage::Content }]);
    // It is in nobody's way here.
    snapshot(&repository, &world.source()).await;
    assert_eq!(repair(&repository, found.damaged).await.opening_files, 1);
    assert_eq!((world.stored("keys").len(), verify(&repository).await.damaged), (1, Vec::new()));
}

/// Somebody has made a new key for the same password, and removed the old one.
#[tokio::test(flavor = "multi_thread")]
async fn another_key_is_as_good() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("file"), "content").unwrap();
    let old = key(&world);
    let password = world.target("password");
    fs::write(&password, PASSWORD).unwrap();
    restic(&world, "prefix", &["key", "add", "--new-password-file", password.to_str().unwrap()]);
    fs::remove_file(old).unwrap();
    snapshot(&repository, &world.source()).await;
    assert_eq!(verify(&repository).await.damaged, []);
    repository.opening_files().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_never_removes_the_only_key() {
    let world = World::start().await;
    world.repository().await;
    fs::rename(key(&world), key(&world).with_file_name("cd".repeat(32))).unwrap();
    let repository = world.repository().await;
    let found = verify(&repository).await;
    assert_eq!(found.damaged.len(), 1, "its name is not what it should be: {:?}", found.damaged);
    repair(&repository, found.damaged).await;
    Repository::open(repository_config(world.server.endpoint())).await.unwrap();
    assert_eq!(verify(&repository).await.damaged, []);
}

fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-r").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_repository_inside_its_folders_is_not_taken_for_its_own() {
    for inside in ["snapshots", "index", "keys", "data", "data/ab"] {
        let world = World::start().await;
        fs::write(world.source().join("file"), "content").unwrap();
        let outer = RepositoryConfig { prefix: "nest3".into(), ..repository_config(world.server.endpoint()) };
        let (repository, _) = Repository::open_or_create(outer.clone()).await.unwrap();
        let mine = snapshot(&repository, &world.source()).await;

        // No place for a new one; one that is there already stays apart.
        let prefix = format!("nest3/{inside}");
        let refused = Repository::open_or_create(RepositoryConfig { prefix: prefix.clone(), ..outer.clone() }).await;
        assert!(matches!(&refused, Err(RepositoryError::Enclosed { prefix }) if prefix == "nest3"), "{refused:?}");
        let elsewhere = RepositoryConfig { prefix: "elsewhere".into(), ..outer.clone() };
        let (other, _) = Repository::open_or_create(elsewhere).await.unwrap();
        fs::write(world.source().join("another"), "content").unwrap();
        let theirs = snapshot(&other, &world.source()).await;
        fs::create_dir_all(bucket(&world).join(&prefix)).unwrap();
        for entry in fs::read_dir(bucket(&world).join("elsewhere")).unwrap() {
            copy_folder(&entry.unwrap().path(), &bucket(&world).join(&prefix));
        }

        let (repository, _) = Repository::open_or_create(outer).await.unwrap();
        snapshot(&repository, &world.source()).await;
        let listed = repository.snapshots().await.unwrap();
        assert!(listed.len() == 2 && listed[0].id == mine.snapshot, "{inside}: {listed:?}");
        let found = verify(&repository).await;
        assert_eq!((&found.damaged[..], &found.incomplete[..]), (&[][..], &[][..]), "{inside}");
        prune(&repository).await.unwrap();
        prune(&repository).await.unwrap();
        let s3 = world.s3();
        remove(&s3, "nest3").await;
        let inner = RepositoryConfig { prefix, ..repository_config(world.server.endpoint()) };
        let inner = Repository::open(inner).await.unwrap();
        assert_eq!(inner.snapshots().await.unwrap()[0].id, theirs.snapshot, "{inside}");
        assert_eq!(verify(&inner).await.damaged, [], "{inside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_in_the_buckets_root_has_its_folders_for_itself() {
    let world = World::start().await;
    let root = RepositoryConfig { prefix: String::new(), ..repository_config(world.server.endpoint()) };
    Repository::open_or_create(root.clone()).await.unwrap();
    for prefix in ["data", "keys/deep/below"] {
        let refused = Repository::open_or_create(RepositoryConfig { prefix: prefix.into(), ..root.clone() }).await;
        assert!(matches!(&refused, Err(RepositoryError::Enclosed { prefix }) if prefix.is_empty()), "{refused:?}");
    }
    for prefix in ["beside", "beside/data2"] {
        Repository::open_or_create(RepositoryConfig { prefix: prefix.into(), ..root.clone() }).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_of_a_creation_that_came_to_nothing_does_not_get_in_the_way() {
    let world = World::start().await;
    let config = repository_config(world.server.endpoint());
    let (repository, _) = Repository::open_or_create(config.clone()).await.unwrap();
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await;
    let own = key(&world);
    // Keys are tried in the order of their names: one with the same password has to be met before the right one.
    for attempt in 0.. {
        let elsewhere = RepositoryConfig { prefix: format!("elsewhere-{attempt}"), ..config.clone() };
        Repository::open_or_create(elsewhere.clone()).await.unwrap();
        let mut keys = fs::read_dir(bucket(&world).join(&elsewhere.prefix).join("keys")).unwrap();
        let stray = keys.next().unwrap().unwrap().path();
        if stray.file_name() < own.file_name() {
            fs::copy(&stray, own.with_file_name(stray.file_name().unwrap())).unwrap();
            break;
        }
    }
    let again = Repository::open(config.clone()).await.unwrap();
    restores(&again, &taken.snapshot, &world, "again").await;

    // Alone, it opens nothing: that is said of the file that it does not fit.
    fs::remove_file(&own).unwrap();
    let error = Repository::open(config).await.unwrap_err();
    assert!(matches!(&error, RepositoryError::OpeningFile { file } if file.kind == DamagedKind::Config), "{error:?}");
}
