//! What who may write to a directory, or to a bucket, can do to a backup and to a restore.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use engine::{OnConflict, RestoreRequest, SnapshotReport, SnapshotRequest, SnapshotSource, SourceRoots, Unreadable};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use tokio_util::sync::CancellationToken;

use crate::support::{World, files, moto::Moto, repository_config, request, restore, restore_request, snapshot};

/// Swaps two names as fast as it can until it is dropped.
struct Swapping {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Swapping {
    fn start(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let swap = move || {
            while !stopped.load(Ordering::Relaxed) {
                renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        };
        Self { stop, thread: Some(thread::spawn(swap)) }
    }
}

impl Drop for Swapping {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// `root/www/data` is the customer's; `root/link` leads to a folder that also has a `data`.
fn race(at: &Path) -> SourceRoots {
    fs::create_dir_all(at.join("root/www/data")).unwrap();
    fs::create_dir_all(at.join("outside/data")).unwrap();
    fs::write(at.join("root/www/data/mine"), "mine").unwrap();
    fs::write(at.join("outside/data/secret"), "secret").unwrap();
    symlink(at.join("outside"), at.join("root/link")).unwrap();
    SourceRoots::new(vec![at.join("root")])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_appears_while_a_source_is_opened_leads_nowhere() {
    let world = World::start().await;
    let at = world.folder.path().canonicalize().unwrap();
    let roots = race(&at);
    let repository = world.repository().await;
    let swapping = Swapping::start(at.join("root/www"), at.join("root/link"));
    let (mut opened, mut refused) = (0, 0);
    // As many as it takes to have met both, and no fewer than the attack needed.
    while opened < 500 || refused < 500 {
        let Ok(directory) = roots.directory(&at.join("root/www/data")) else {
            refused += 1;
            continue;
        };
        opened += 1;
        if opened % 25 != 0 {
            continue;
        }
        let request = SnapshotRequest { source: SnapshotSource::Directory(directory), ..request(&world.source()) };
        let taken = repository.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        let names = repository.entries(&taken.snapshot, "", 0, 10).await.unwrap().entries;
        let names: Vec<_> = names.into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["mine"], "only what is in the root is ever read");
    }
    drop(swapping);
    println!("{opened} opened, {refused} refused, nothing outside was read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_appears_while_a_restore_begins_leads_nowhere() {
    let world = World::start().await;
    let at = world.folder.path().canonicalize().unwrap();
    let roots = race(&at);
    let repository = world.repository().await;
    fs::write(world.source().join("file"), "restored").unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let swapping = Swapping::start(at.join("root/www"), at.join("root/link"));
    let (mut restored, mut refused) = (0, 0);
    while restored < 25 || refused < 25 {
        let path = at.join("root/www/data").join(format!("new {restored}"));
        let Ok(target) = roots.restore_target(&path) else {
            refused += 1;
            continue;
        };
        let request = RestoreRequest { target, ..restore_request(&taken, &at, OnConflict::Overwrite) };
        repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        restored += 1;
    }
    drop(swapping);
    assert_eq!(fs::read_dir(at.join("outside/data")).unwrap().count(), 1, "nothing outside is ever written");
    println!("{restored} restored, {refused} refused, nothing outside was written");
}

async fn taken_from(world: &World, roots: &SourceRoots, source: &Path) -> SnapshotReport {
    let source = SnapshotSource::Directory(roots.directory(source).unwrap());
    let request = SnapshotRequest { source, ..request(&world.source()) };
    world.repository().await.snapshot(request, Arc::new(()), CancellationToken::new()).await.unwrap()
}

fn paths(listed: &[Unreadable]) -> Vec<&str> {
    listed.iter().map(|one| one.path.as_str()).collect()
}

/// A root that holds what is Holdfast's own and another organization's root.
fn mixed(root: &Path) -> SourceRoots {
    for folder in ["holdfast/cache", "db", "beta/site", "own"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for file in
        ["holdfast/master.key", "db/holdfast.db", "db/holdfast.db-wal", "db/other", "beta/site/page", "own/file"]
    {
        fs::write(root.join(file), file).unwrap();
    }
    fs::hard_link(root.join("holdfast/master.key"), root.join("own/hard link")).unwrap();
    symlink(root.join("holdfast/master.key"), root.join("own/soft link")).unwrap();
    let protected = ["holdfast", "holdfast/master.key", "db/holdfast.db"].map(|path| root.join(path)).to_vec();
    SourceRoots::new(vec![root.into()]).with_protected(protected).with_foreign(vec![root.join("beta")])
}

#[tokio::test]
async fn what_is_protected_or_anothers_is_left_out_and_told() {
    let world = World::start().await;
    let roots = mixed(&world.source());
    let taken = taken_from(&world, &roots, &world.source()).await;
    assert_eq!(taken.unreadable, [], "nothing has failed");
    let told = ["beta", "db/holdfast.db", "db/holdfast.db-wal", "holdfast", "own/hard link"];
    assert_eq!(paths(&taken.left_out), told);
    assert!(taken.left_out[0].cause.contains("another organization"), "{:?}", taken.left_out);
    assert!(taken.left_out[3].cause.contains("Holdfast itself"), "{:?}", taken.left_out);
    let target = world.target("target");
    restore(&world.repository().await, &taken.snapshot, &target, OnConflict::Skip).await;
    let names: Vec<_> = files::look(&target).into_keys().collect();
    assert_eq!(names, ["db", "db/other", "own", "own/file", "own/soft link"].map(PathBuf::from));
}

#[tokio::test]
async fn a_restore_writes_over_nothing_that_is_protected_or_anothers() {
    let world = World::start().await;
    let repository = world.repository().await;
    let target = world.target("target");
    mixed(&world.source());
    fs::write(world.source().join("db/holdfast.db-shm"), "evil").unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let roots = mixed(&target);
    for file in ["holdfast/master.key", "db/holdfast.db", "beta/site/page"] {
        fs::write(target.join(file), "untouched").unwrap();
    }
    for on_conflict in [OnConflict::Overwrite, OnConflict::KeepBoth, OnConflict::Skip] {
        let request = RestoreRequest {
            target: roots.restore_target(&target).unwrap(),
            ..restore_request(&taken, &target, on_conflict)
        };
        let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        let warned: Vec<_> = report.warnings.iter().map(|warning| warning.path.as_str()).collect();
        let left = ["beta", "db/holdfast.db", "db/holdfast.db-shm", "db/holdfast.db-wal", "holdfast", "own/hard link"];
        assert_eq!(warned, left, "{on_conflict:?}");
    }
    for file in ["holdfast/master.key", "db/holdfast.db", "beta/site/page"] {
        assert_eq!(fs::read_to_string(target.join(file)).unwrap(), "untouched", "{file}");
    }
    assert!(!target.join("db/holdfast.db-shm").exists());
}

/// Makes folders inside folders, as an attacker does it: no path is long.
fn nest(root: &Path, name: &str, depth: usize) {
    use rustix::fs::{Mode, OFlags, mkdirat, openat};
    let mut folder = rustix::fs::open(root, OFlags::PATH, Mode::empty()).unwrap();
    for _ in 0..depth {
        mkdirat(&folder, name, Mode::RWXU).unwrap();
        folder = openat(&folder, name, OFlags::PATH, Mode::empty()).unwrap();
    }
    let file = openat(&folder, "bottom", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
    File::from(file).write_all(b"at the bottom").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_depth_holds_for_backups_archives_and_restores() {
    let world = World::start().await;
    let repository = world.repository().await;
    nest(&world.source(), "d", 1000);
    let taken = snapshot(&repository, &world.source()).await;
    assert_eq!((taken.files, taken.unreadable.as_slice()), (1, [].as_slice()), "so deep all is backed up");
    let report = restore(&repository, &taken.snapshot, &world.target("target"), OnConflict::Skip).await;
    assert_eq!((report.files, report.warnings.as_slice()), (1, [].as_slice()), "and restored");
    let differs = Command::new("diff").arg("-r").arg(world.source()).arg(world.target("target")).status().unwrap();
    assert!(differs.success());
    assert_eq!(repository.search(&taken.snapshot, "bottom", 10).await.unwrap().len(), 1, "and found");

    // One folder more, above all that.
    let deeper = world.target("deeper");
    fs::create_dir(&deeper).unwrap();
    fs::write(deeper.join("beside"), "x").unwrap();
    fs::rename(world.source(), deeper.join("top")).unwrap();
    let taken = snapshot(&repository, &deeper).await;
    assert_eq!((taken.files, taken.unreadable.len()), (1, 1), "{:?}", taken.unreadable);
    let told = &taken.unreadable[0];
    assert!(told.path.starts_with("top/d/d/d") && told.path.matches('d').count() == 1000, "{}", told.path);
    assert!(told.cause.contains("too deeply"), "{}", told.cause);
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_cost_no_time_and_come_back() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (source, ours) = (folder.path().join("source"), folder.path().join("ours"));
    fs::create_dir(&source).unwrap();
    let mut file = File::create(source.join("eight tebibytes")).unwrap();
    file.set_len(8 << 40).unwrap();
    // At odd places, so that holes are no multiples of a piece.
    let islands = [0, (1 << 40) + 12_345, (3 << 40) - 1, (8 << 40) - 100];
    for (number, offset) in islands.into_iter().enumerate() {
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(&files::noise(number as u64, 100)).unwrap();
    }
    let (repository, _) = engine::Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    let began = Instant::now();
    let taken = snapshot(&repository, &source).await;
    println!("8 TiB with holes backed up in {:?}, {} bytes added", began.elapsed(), taken.added_bytes);
    assert!(began.elapsed().as_secs() < 60, "holes are read");
    assert_eq!(taken.unreadable, []);
    assert_eq!(taken.bytes, 8 << 40);
    let checked = moto.restic(&["check", "--read-data"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no errors were found"));

    let began = Instant::now();
    let report = restore(&repository, &taken.snapshot, &ours, OnConflict::Skip).await;
    println!("and restored in {:?}", began.elapsed());
    assert_eq!(report.warnings, []);
    let restored = ours.join("eight tebibytes");
    let seen = restored.metadata().unwrap();
    assert_eq!(seen.len(), 8 << 40);
    // All that is not a hole is compared; the holes are as many.
    let data = |path: &Path| {
        use rustix::fs::{SeekFrom::Data, seek};
        use std::os::unix::fs::FileExt;
        let file = File::open(path).unwrap();
        let (mut at, mut found) = (0, Vec::new());
        while let Ok(data) = seek(&file, Data(at)) {
            let mut block = vec![0; 4096];
            let read = file.read_at(&mut block, data).unwrap();
            at = data + read as u64;
            if block.iter().any(|byte| *byte != 0) {
                found.push((data, block));
            }
        }
        found
    };
    assert!(seen.blocks() * 512 < 64 << 20, "holes stay holes");
    assert!(data(&restored) == data(&source.join("eight tebibytes")), "the same data at the same places");
}

#[tokio::test]
async fn a_file_that_says_it_is_endless_is_named() {
    let world = World::start().await;
    // Files of this size are beyond most file systems that lie on disks.
    let source = tempfile::tempdir_in("/dev/shm").unwrap();
    File::create(source.path().join("endless")).unwrap().set_len((64 << 40) + 1).unwrap();
    fs::write(source.path().join("beside"), "x").unwrap();
    let taken = snapshot(&world.repository().await, source.path()).await;
    assert_eq!((taken.files, paths(&taken.unreadable)), (1, vec!["endless"]));
    assert!(taken.unreadable[0].cause.contains("64 TiB"), "{:?}", taken.unreadable);
}

#[tokio::test]
async fn roots_rights_come_back_only_where_it_is_asked_for() {
    let world = World::start().await;
    let repository = world.repository().await;
    let modes = [("program", 0o4755), ("group", 0o2755), ("plain", 0o755)];
    for (name, mode) in modes {
        fs::write(world.source().join(name), "#!/bin/sh\n").unwrap();
        fs::set_permissions(world.source().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::create_dir(world.source().join("folder")).unwrap();
    fs::set_permissions(world.source().join("folder"), fs::Permissions::from_mode(0o2775)).unwrap();
    fs::write(world.source().join("anothers"), "#!/bin/sh\n").unwrap();
    std::os::unix::fs::chown(world.source().join("anothers"), Some(1234), Some(1234)).unwrap();
    fs::set_permissions(world.source().join("anothers"), fs::Permissions::from_mode(0o4755)).unwrap();
    // Groups and accounts of the system are as good as root.
    let of_system = [("disk", (1234, 6), 0o2755), ("service", (5, 1234), 0o4755)];
    for (name, (user, group), mode) in of_system {
        fs::write(world.source().join(name), "#!/bin/sh\n").unwrap();
        std::os::unix::fs::chown(world.source().join(name), Some(user), Some(group)).unwrap();
        fs::set_permissions(world.source().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let modes = modes.into_iter().chain(of_system.map(|(name, _, mode)| (name, mode)));
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    for (lending_bits, warned) in [(false, vec!["disk", "group", "program", "service"]), (true, Vec::new())] {
        let target = world.target(&format!("target {lending_bits}"));
        let request = RestoreRequest { lending_bits, ..restore_request(&taken, &target, OnConflict::Skip) };
        let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        let mut paths: Vec<_> = report.warnings.iter().map(|warning| warning.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, warned, "{:?}", report.warnings);
        let mode = |name: &str| target.join(name).metadata().unwrap().mode() & 0o7777;
        for (name, stored) in modes.clone() {
            assert_eq!(mode(name), if lending_bits { stored } else { stored & 0o777 }, "{name}");
        }
        assert_eq!((mode("folder"), mode("anothers")), (0o2775, 0o4755));
    }
}
