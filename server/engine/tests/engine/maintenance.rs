//! Pruning, verifying, repairing.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use engine::{
    Damage, DamagedFile, DamagedKind, OnConflict, Part, Permit, PruneReport, PruneRequest, RepairRequest, Repository,
    RepositoryError, SnapshotId, VerifyReport,
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    BUCKET, PASSWORD, World, after, directory, files, proxy::Proxy, repository_config, request, restore, snapshot,
};

/// A world whose directory holds so many megabytes of noise in files of one, numbered from `from`.
fn write_noise(world: &World, from: u64, megabytes: u64) {
    fs::create_dir_all(world.source().join("folder")).unwrap();
    for number in from..from + megabytes {
        fs::write(world.source().join(format!("folder/noise {number}")), files::noise(number, 1 << 20)).unwrap();
    }
}

fn request_with(grace: Duration) -> PruneRequest {
    PruneRequest { grace, most_repacked: u64::MAX, permit: Permit::default() }
}

async fn prune(repository: &Repository, grace: Duration) -> PruneReport {
    repository.prune(request_with(grace), Arc::new(()), CancellationToken::new()).await.unwrap()
}

async fn verify(repository: &Repository) -> VerifyReport {
    repository.verify(Part::Whole, Arc::new(()), CancellationToken::new()).await.unwrap()
}

async fn repair(repository: &Repository, damaged: &[DamagedFile]) -> engine::RepairReport {
    let request = RepairRequest { damaged: damaged.to_vec(), permit: Permit::default() };
    repository.repair(request, CancellationToken::new()).await.unwrap()
}

/// What the server stores of the repository.
fn prefix(world: &World) -> PathBuf {
    world.folder.path().join("s3").join(BUCKET).join("prefix")
}

/// The `restic` command reads all data and finds no fault.
fn restic_finds_no_fault(world: &World) {
    let checked = Command::new("restic")
        .args(["--no-cache", "--no-lock", "-r", prefix(world).to_str().unwrap(), "check", "--read-data"])
        .env("RESTIC_PASSWORD", PASSWORD)
        .output()
        .unwrap_or_else(|error| panic!("the restic command is needed (apt-get install restic): {error}"));
    let told = String::from_utf8_lossy(&checked.stdout).into_owned() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && told.contains("no errors were found"), "{told}");
}

async fn restores(repository: &Repository, snapshot: &SnapshotId, world: &World, into: &str) {
    let target = world.target(into);
    let report = restore(repository, snapshot, &target, OnConflict::Skip).await;
    assert_eq!(report.warnings, []);
    files::assert_same(&world.source(), &target);
}

fn largest(files: Vec<PathBuf>) -> PathBuf {
    files.into_iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Turns one byte around.
fn spoil(file: &Path, at: u64) {
    let mut file = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[!byte[0]]).unwrap();
}

#[tokio::test]
async fn what_no_snapshot_needs_goes_in_two_steps() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 30);
    let old = snapshot(&repository, &world.source()).await;
    fs::remove_dir_all(world.source()).unwrap();
    write_noise(&world, 25, 10);
    let new = snapshot(&repository, &world.source()).await;
    repository.forget(&[old.snapshot]).await.unwrap();

    let early = prune(&repository, Duration::from_hours(24)).await;
    assert!(early.goes_on && early.removed_bytes == 0, "what is younger than the grace stays: {early:?}");
    let first = prune(&repository, Duration::ZERO).await;
    assert_eq!(first.removed_bytes, 0, "marked, not removed: {first:?}");
    assert!(first.unused_bytes > 25 << 20, "{first:?}");
    restores(&repository, &new.snapshot, &world, "between").await;
    restic_finds_no_fault(&world);

    let second = prune(&repository, Duration::ZERO).await;
    assert!(second.removed_bytes >= 25 << 20, "{second:?}");
    assert!(second.stored_bytes < 13 << 20, "ten megabytes are left: {second:?}");
    restores(&repository, &new.snapshot, &world, "after").await;
    restic_finds_no_fault(&world);
    let third = prune(&repository, Duration::ZERO).await;
    assert_eq!((third.goes_on, third.stored_bytes), (false, second.stored_bytes), "nothing is left to do");
    assert_eq!(verify(&repository).await.damaged, []);
}

#[tokio::test]
async fn what_a_cancelled_backup_left_goes_too() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 2);
    let kept = snapshot(&repository, &world.source()).await;
    fs::create_dir(world.target("elsewhere")).unwrap();
    for number in 0..12_u64 {
        fs::write(world.target("elsewhere").join(format!("{number}")), files::noise(100 + number, 12 << 20)).unwrap();
    }
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let progress = after(110 << 20, move || token.cancel());
    let cancelled = engine::SnapshotRequest {
        source: engine::SnapshotSource::Directory(directory(&world.target("elsewhere"))),
        ..request(&world.source())
    };
    repository.snapshot(cancelled, progress, cancel).await.unwrap_err();
    let packs: BTreeSet<_> = world.stored("data").into_iter().collect();
    assert!(packs.len() > 4, "it left something: {} packs", packs.len());
    prune(&repository, Duration::ZERO).await;
    // The server may still have written what was on its way when the backup was cancelled.
    assert!(packs.is_subset(&world.stored("data").into_iter().collect()), "marked first");
    let mut report = prune(&repository, Duration::ZERO).await;
    assert!(report.removed_bytes > 8 << 20, "{report:?}");
    if report.goes_on {
        report = prune(&repository, Duration::ZERO).await;
    }
    assert!(report.stored_bytes < 3 << 20, "{report:?}");
    restores(&repository, &kept.snapshot, &world, "after").await;
    restic_finds_no_fault(&world);
}

/// The worst moment: a backup of another program has found data that no snapshot needs, builds on it, and a prune comes
/// in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_prune_beside_a_backup_of_another_program_loses_nothing() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 20);
    let old = snapshot(&repository, &world.source()).await;
    repository.forget(&[old.snapshot]).await.unwrap();
    let pruning = Repository::open(repository_config(world.server.endpoint())).await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let between = engine::SnapshotRequest {
        permit: Permit::new(move || {
            runtime.block_on(prune(&pruning, Duration::ZERO));
            true
        }),
        ..request(&world.source())
    };
    let taken = repository.snapshot(between, Arc::new(()), CancellationToken::new()).await.unwrap();
    assert!(taken.added_bytes < 1 << 20, "it builds on what was there: {taken:?}");
    let again = prune(&repository, Duration::ZERO).await;
    assert_eq!(again.removed_bytes, 0, "the marks are taken away: {again:?}");
    restores(&repository, &taken.snapshot, &world, "after").await;
    assert_eq!(verify(&repository).await.damaged, []);
}

#[tokio::test]
async fn a_prune_that_lost_its_right_changes_nothing() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 10);
    let old = snapshot(&repository, &world.source()).await;
    repository.forget(&[old.snapshot]).await.unwrap();
    let before = (world.stored("index"), world.stored("data"));
    let lost = PruneRequest { permit: Permit::new(|| false), ..request_with(Duration::ZERO) };
    let error = repository.prune(lost, Arc::new(()), CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Cancelled), "{error:?}");
    assert_eq!((world.stored("index"), world.stored("data")), before);
}

#[tokio::test]
async fn a_verification_names_what_is_damaged_and_a_repair_mends_it() {
    for (damage, spoiled) in [
        (Damage::Missing, (|pack: &Path| fs::remove_file(pack).unwrap()) as fn(&Path)),
        (Damage::Size, |pack| File::options().write(true).open(pack).unwrap().set_len(100_000).unwrap()),
        (Damage::Content, |pack| spoil(pack, 5_000_000)),
    ] {
        let world = World::start().await;
        let repository = world.repository().await;
        write_noise(&world, 0, 20);
        let taken = snapshot(&repository, &world.source()).await;
        let sound = verify(&repository).await;
        assert_eq!((&sound.damaged[..], &sound.incomplete[..]), (&[][..], &[][..]));
        assert_eq!(sound.snapshots, std::slice::from_ref(&taken.snapshot));
        assert_eq!(sound.read_packs, world.stored("data").len() as u64);

        let pack = largest(world.stored("data"));
        spoiled(&pack);
        let found = verify(&repository).await;
        assert_eq!(found.damaged, [DamagedFile { kind: DamagedKind::Pack, id: name(&pack), damage }]);
        assert_eq!(found.incomplete, std::slice::from_ref(&taken.snapshot));

        let repaired = repair(&repository, &found.damaged).await;
        match damage {
            // One piece is hit, the others are kept.
            Damage::Content => assert!(repaired.lost == 1 && repaired.rescued > 3, "{repaired:?}"),
            Damage::Missing => assert!(repaired.lost > 3 && repaired.rescued == 0, "{repaired:?}"),
            Damage::Size => assert!(repaired.lost > 3, "{repaired:?}"),
        }
        let between = verify(&repository).await;
        assert_eq!(between.damaged, [], "{damage:?}: what is damaged is forgotten");
        assert_eq!(between.incomplete, std::slice::from_ref(&taken.snapshot));
        let next = snapshot(&repository, &world.source()).await;
        assert_eq!(next.unreadable, []);
        let mended = verify(&repository).await;
        assert_eq!((&mended.damaged[..], &mended.incomplete[..]), (&[][..], &[][..]), "{damage:?}");
        restores(&repository, &taken.snapshot, &world, "old").await;
        restic_finds_no_fault(&world);
    }
}

#[tokio::test]
async fn a_damaged_index_is_made_again_from_the_packs() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 10);
    let taken = snapshot(&repository, &world.source()).await;
    let index = largest(world.stored("index"));
    spoil(&index, 50);
    let found = verify(&repository).await;
    let damaged = DamagedFile { kind: DamagedKind::Index, id: name(&index), damage: Damage::Content };
    assert_eq!(found.damaged, [damaged]);
    assert_eq!(found.incomplete, std::slice::from_ref(&taken.snapshot));
    let error = repository.prune(request_with(Duration::ZERO), Arc::new(()), CancellationToken::new()).await;
    assert!(matches!(error, Err(RepositoryError::Damaged { .. })), "nothing is removed from it: {error:?}");

    repair(&repository, &found.damaged).await;
    let mended = verify(&repository).await;
    assert_eq!((&mended.damaged[..], &mended.incomplete[..]), (&[][..], &[][..]));
    restores(&repository, &taken.snapshot, &world, "after").await;
    restic_finds_no_fault(&world);
}

#[tokio::test]
async fn a_damaged_snapshot_is_told_and_the_others_live_on() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 3);
    let lost = snapshot(&repository, &world.source()).await;
    write_noise(&world, 3, 3);
    let kept = snapshot(&repository, &world.source()).await;
    spoil(&prefix(&world).join("snapshots").join(lost.snapshot.as_str()), 40);
    let found = verify(&repository).await;
    let id = lost.snapshot.as_str().to_owned();
    assert_eq!(found.damaged, [DamagedFile { kind: DamagedKind::Snapshot, id, damage: Damage::Content }]);
    assert_eq!(found.snapshots, std::slice::from_ref(&kept.snapshot));
    repair(&repository, &found.damaged).await;
    assert_eq!(verify(&repository).await.damaged, []);
    restores(&repository, &kept.snapshot, &world, "after").await;
    restic_finds_no_fault(&world);
}

#[tokio::test]
async fn the_parts_are_the_whole() {
    let world = World::start().await;
    let repository = world.repository().await;
    write_noise(&world, 0, 40);
    snapshot(&repository, &world.source()).await;
    let pack = largest(world.stored("data"));
    spoil(&pack, 1000);
    let mut read = 0;
    let mut found = BTreeSet::new();
    for number in 0..3 {
        let part = Part::OneOf { number, of: 3 };
        let report = repository.verify(part, Arc::new(()), CancellationToken::new()).await.unwrap();
        read += report.read_packs;
        found.extend(report.damaged.into_iter().map(|file| file.id));
    }
    assert_eq!(read, world.stored("data").len() as u64);
    assert_eq!(found, BTreeSet::from([name(&pack)]));
}

/// A service that does not answer is no damage.
#[tokio::test]
async fn a_service_that_fails_is_not_taken_for_damage() {
    let world = World::start().await;
    world.repository().await;
    write_noise(&world, 0, 10);
    let proxy = Proxy::start(&world.server.endpoint()).await;
    let repository = Repository::open(repository_config(proxy.endpoint())).await.unwrap();
    snapshot(&repository, &world.source()).await;
    let cancel = CancellationToken::new();
    proxy.faults.cut.store(100, std::sync::atomic::Ordering::SeqCst);
    let error = repository.verify(Part::Whole, Arc::new(()), cancel).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Storage(_)), "{error:?}");
}
