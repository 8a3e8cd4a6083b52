//! Restoring: everything as it was, nothing outside of the target.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, symlink},
    sync::Arc,
};

use engine::{OnConflict, RepositoryError, RestoreRequest};
use tokio_util::sync::CancellationToken;

use crate::support::{Counter, World, files, restore, restore_request, snapshot};

#[tokio::test]
async fn everything_comes_back_as_it_was() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await;
    let target = world.target("new/deep/target");
    let report = restore(&repository, &taken.snapshot, &target, OnConflict::Skip).await;
    assert_eq!(report.warnings, []);
    assert_eq!((report.files, report.bytes, report.skipped), (taken.files, taken.bytes, 0));
    files::assert_same(&world.source(), &target);
    let sparse = target.join("sparse").metadata().unwrap();
    assert!(sparse.blocks() * 512 < 2 << 20, "holes stay holes: {} blocks", sparse.blocks());
}

#[tokio::test]
async fn chosen_paths_come_back_alone() {
    let world = World::start().await;
    let repository = world.repository().await;
    files::odd_files(&world.source());
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let request = |paths: &[&str]| RestoreRequest {
        paths: paths.iter().map(ToString::to_string).collect(),
        ..restore_request(&taken, &world.target("target"), OnConflict::Skip)
    };
    let progress = Arc::new(Counter::default());
    let chosen = request(&["a folder/deeper/still deeper", "/link"]);
    let report = repository.restore(chosen, progress.clone(), CancellationToken::new()).await.unwrap();
    assert_eq!((report.files, report.skipped), (2, 0));
    let seen: Vec<_> = files::look(&world.target("target")).into_keys().collect();
    let names: Vec<_> = seen.iter().map(|path| path.to_str().unwrap()).collect();
    let expected =
        ["a folder", "a folder/deeper", "a folder/deeper/still deeper", "a folder/deeper/still deeper/run.sh", "link"];
    assert_eq!(names, expected);
    let told = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!((told(&progress.total_files), told(&progress.total_bytes)), (2, 10));
    assert_eq!((told(&progress.files), told(&progress.bytes)), (2, 10));

    let missing = repository.restore(request(&["no such"]), Arc::new(()), CancellationToken::new()).await;
    assert!(matches!(missing, Err(RepositoryError::NoSuchPath { .. })));
}

#[tokio::test]
async fn what_is_in_the_way_is_kept_replaced_or_joined() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::create_dir(world.source().join("sub")).unwrap();
    for name in ["same.txt", "sub/inner.txt"] {
        fs::write(world.source().join(name), "from the backup").unwrap();
    }
    symlink("somewhere", world.source().join("link")).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;

    for (policy, name) in
        [(OnConflict::Skip, "skip"), (OnConflict::Overwrite, "overwrite"), (OnConflict::KeepBoth, "both")]
    {
        let target = world.target(name);
        fs::create_dir_all(target.join("sub")).unwrap();
        fs::write(target.join("same.txt"), "was here").unwrap();
        fs::write(target.join("link"), "was here").unwrap();
        fs::write(target.join("sub/other"), "untouched").unwrap();
        let report = restore(&repository, &taken, &target, policy).await;
        let read = |name: &str| fs::read_to_string(target.join(name)).unwrap();
        assert_eq!(report.warnings, [], "{name}");
        assert_eq!(read("sub/other"), "untouched");
        assert_eq!(read("sub/inner.txt"), "from the backup");
        match policy {
            OnConflict::Skip => {
                assert_eq!((report.files, report.skipped), (1, 2));
                assert_eq!((read("same.txt"), read("link")), ("was here".into(), "was here".into()));
            }
            OnConflict::Overwrite => {
                assert_eq!((report.files, report.skipped), (3, 0));
                assert_eq!(read("same.txt"), "from the backup");
                assert_eq!(target.join("link").read_link().unwrap().to_str(), Some("somewhere"));
            }
            OnConflict::KeepBoth => {
                assert_eq!((report.files, report.skipped), (3, 0));
                assert_eq!((read("same.txt"), read("link")), ("was here".into(), "was here".into()));
                assert_eq!(read("same (restored).txt"), "from the backup");
                assert!(target.join("link (restored)").is_symlink());
            }
        }
    }
}

#[tokio::test]
async fn a_folder_is_never_replaced_by_a_file() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("name"), "a file").unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let target = world.target("target");
    fs::create_dir_all(target.join("name/inner")).unwrap();
    let report = restore(&repository, &taken, &target, OnConflict::Overwrite).await;
    assert_eq!(report.warnings.len(), 1);
    assert!(target.join("name/inner").is_dir());
}

#[tokio::test]
async fn links_in_the_target_lead_nowhere() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::create_dir(world.source().join("folder")).unwrap();
    fs::write(world.source().join("folder/file"), "from the backup").unwrap();
    fs::write(world.source().join("file"), "from the backup").unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;

    for (policy, name) in
        [(OnConflict::Skip, "skip"), (OnConflict::Overwrite, "overwrite"), (OnConflict::KeepBoth, "both")]
    {
        let (outside, target) = (world.target(&format!("outside-{name}")), world.target(name));
        fs::create_dir(&outside).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(outside.join("victim"), "precious").unwrap();
        symlink(&outside, target.join("folder")).unwrap();
        symlink(outside.join("victim"), target.join("file")).unwrap();
        restore(&repository, &taken, &target, policy).await;
        let left: Vec<_> = files::look(&outside).into_iter().collect();
        assert_eq!(left.len(), 1, "{name}: {left:?}");
        assert_eq!(fs::read_to_string(outside.join("victim")).unwrap(), "precious");
        let restored = match policy {
            OnConflict::Skip => None,
            OnConflict::Overwrite => Some("folder/file"),
            OnConflict::KeepBoth => Some("folder (restored)/file"),
        };
        if let Some(path) = restored {
            assert_eq!(fs::read_to_string(target.join(path)).unwrap(), "from the backup");
        }
    }
}

#[tokio::test]
async fn a_target_that_became_a_link_is_refused() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("file"), "x").unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    fs::create_dir(world.target("outside")).unwrap();
    let request = restore_request(&taken, &world.target("target"), OnConflict::Overwrite);
    symlink(world.target("outside"), world.target("target")).unwrap();
    let refused = repository.restore(request, Arc::new(()), CancellationToken::new()).await;
    assert!(matches!(refused, Err(RepositoryError::Target(_))));
    assert_eq!(files::look(&world.target("outside")).len(), 0);
}

#[tokio::test]
async fn special_files_are_neither_read_nor_forgotten() {
    let world = World::start().await;
    let repository = world.repository().await;
    let made = std::process::Command::new("mkfifo").arg(world.source().join("fifo")).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(world.source().join("socket")).unwrap();
    // Reading the FIFO would wait for ever.
    let taken = snapshot(&repository, &world.source()).await;
    assert_eq!(taken.unreadable, []);
    let report = restore(&repository, &taken.snapshot, &world.target("target"), OnConflict::Skip).await;
    assert_eq!(report.warnings, []);
    assert!(world.target("target/fifo").symlink_metadata().unwrap().file_type().is_fifo());
    assert!(!world.target("target/socket").exists());
}

#[tokio::test]
async fn a_damaged_file_is_a_warning_and_leaves_no_half() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("big"), files::noise(3, 40 << 20)).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    fs::write(world.source().join("later"), "still fine").unwrap();
    let later = snapshot(&repository, &world.source()).await.snapshot;
    let packs = world.stored("data");
    // Where chunks end differs from one repository to the next, and with it how large the packs are.
    let largest = packs.iter().max_by_key(|pack| pack.metadata().unwrap().len()).unwrap();
    fs::remove_file(largest).unwrap();
    drop(taken);

    let target = world.target("target");
    let report = restore(&repository, &later, &target, OnConflict::Skip).await;
    assert_eq!(report.files, 1);
    assert_eq!(report.warnings.len(), 1);
    assert_eq!(report.warnings[0].path, "big");
    assert!(report.warnings[0].message.contains("damaged"), "{:?}", report.warnings);
    let names: Vec<_> = files::look(&target).into_keys().collect();
    assert_eq!(names, [std::path::PathBuf::from("later")]);
}
