//! A file comes back as it was, whichever of the two programs writes and whichever restores.

use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt},
    path::Path,
    process::Command,
    sync::Arc,
    time::Instant,
};

use engine::{OnConflict, Owners, Property, Repository, RepositoryError, RestoreReport, RestoreRequest, Unset};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::{
    World,
    exact::{self, CAPABILITY, access_list, attributes_of, set_time},
    files,
    moto::Moto,
    mount::Mount,
    repository_config, request, restore, restore_request, snapshot,
};

#[tokio::test(flavor = "multi_thread")]
async fn restic_restores_all_that_we_wrote_and_so_do_we() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    exact::make(&at("source"));
    let (repository, _) = Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    let taken = snapshot(&repository, &at("source")).await;
    assert_eq!((taken.unreadable, taken.changed), (Vec::new(), Vec::new()));
    moto.assert_sound("prefix");

    moto.restic(&["restore", taken.snapshot.as_str(), "--target", at("restic").to_str().unwrap()]);
    exact::assert_same(&at("source"), &at("restic"), false);

    // In a folder whose list would be inherited.
    fs::create_dir(at("ours")).unwrap();
    xattr::set(at("ours"), "system.posix_acl_default", &access_list(7, 7)).unwrap();
    let report = restore(&repository, &taken.snapshot, &at("ours"), OnConflict::Skip).await;
    assert_eq!((report.warnings, report.unset), (Vec::new(), Vec::new()));
    assert_eq!((report.files, report.bytes), (taken.files, taken.bytes));
    exact::assert_same(&at("source"), &at("ours"), true);

    // And once more over it.
    let report = restore(&repository, &taken.snapshot, &at("ours"), OnConflict::Overwrite).await;
    assert_eq!((report.warnings, report.unset), (Vec::new(), Vec::new()));
    exact::assert_same(&at("source"), &at("ours"), true);
    let again = snapshot(&repository, &at("source")).await;
    assert_eq!(again.added_bytes, 0, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn we_restore_all_that_restic_wrote() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
    exact::make(&at("source"));
    moto.restic(&["init", "--repository-version", "2"]);
    moto.restic(&["backup", at("source").to_str().unwrap()]);
    let (repository, _) = Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
    let report = restore(&repository, &snapshot, &at("ours"), OnConflict::Skip).await;
    assert_eq!((report.warnings, report.unset), (Vec::new(), Vec::new()));
    // restic keeps whole paths.
    let inside = at("ours").join(at("source").strip_prefix("/").unwrap());
    exact::assert_same(&at("source"), &inside, true);
}

/// The root folder's nodes, as restic reads them.
fn nodes(moto: &Moto) -> Vec<Value> {
    let parsed = |arguments: &[&str]| -> Value { serde_json::from_slice(&moto.restic(arguments).stdout).unwrap() };
    let snapshots = parsed(&["snapshots", "--json", "latest"]);
    let tree = snapshots[0]["tree"].as_str().unwrap();
    parsed(&["cat", "blob", tree])["nodes"].as_array().unwrap().clone()
}

/// Later versions of restic refuse folders whose names stand in another order.
#[tokio::test(flavor = "multi_thread")]
async fn names_stand_in_the_order_of_their_bytes() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir().unwrap();
    let names = ["B", "Z", "a", "a b", "a-b", "a.b", "a0", "aa", "z", "é", "\u{ffff}", "\u{10000}"];
    for name in names.iter().rev() {
        match *name {
            "a" | "é" => fs::create_dir(folder.path().join(name)).unwrap(),
            _ => fs::write(folder.path().join(name), name).unwrap(),
        }
    }
    let (repository, _) = Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    snapshot(&repository, folder.path()).await;
    let stored: Vec<_> = nodes(&moto).iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(stored, names);
    moto.assert_sound("prefix");
}

/// A file system in memory has times that none on a disk has.
#[tokio::test(flavor = "multi_thread")]
async fn times_that_nobody_can_write_down_harm_nothing() {
    let moto = Moto::start().await;
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    let (source, target) = (folder.path().join("source"), folder.path().join("target"));
    fs::create_dir(&source).unwrap();
    let years =
        [("before year 0", -100_000_000_000, 1), ("after 9999", 300_000_000_000, 2), ("year 1500", -14_800_000_000, 3)];
    for (name, seconds, nanoseconds) in years {
        fs::write(source.join(name), name).unwrap();
        set_time(&source.join(name), seconds, nanoseconds);
    }
    let (repository, _) = Repository::open_or_create(repository_config(moto.endpoint.clone())).await.unwrap();
    let taken = snapshot(&repository, &source).await;
    let stored: Vec<_> = nodes(&moto).iter().map(|node| node["mtime"].as_str().unwrap().to_owned()).collect();
    assert_eq!(stored, ["9999-12-30T22:00:00.999999999Z", "0000-01-01T00:00:00Z", "1501-01-03T16:53:20.000000003Z"]);
    moto.restic(&["restore", "latest", "--target", target.to_str().unwrap()]);
    assert_eq!(fs::read_to_string(target.join("before year 0")).unwrap(), "before year 0");
    let report = restore(&repository, &taken.snapshot, &folder.path().join("ours"), OnConflict::Skip).await;
    assert_eq!((report.warnings, report.unset), (Vec::new(), Vec::new()));
    let restored = |name: &str| {
        let seen = folder.path().join("ours").join(name).metadata().unwrap();
        (seen.mtime(), seen.mtime_nsec())
    };
    assert_eq!(restored("before year 0"), (-62_167_219_200, 0));
    assert_eq!(restored("after 9999"), (253_402_207_200, 999_999_999));
    assert_eq!(restored("year 1500"), (-14_800_000_000, 3));
}

#[tokio::test]
async fn attributes_that_cannot_be_stored_are_told() {
    let world = World::start().await;
    // Other file systems have less room for attributes.
    let source = tempfile::tempdir_in("/dev/shm").unwrap();
    let (many, odd) = (source.path().join("many"), source.path().join("odd"));
    fs::write(&many, "content").unwrap();
    fs::write(&odd, "content").unwrap();
    for number in 0..20 {
        xattr::set(&many, format!("user.{number:02}"), &vec![7; 60_000]).unwrap();
    }
    let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"user.\xe9");
    xattr::set(&odd, name, b"x").unwrap();
    let repository = world.repository().await;
    let taken = snapshot(&repository, source.path()).await;
    let told: Vec<_> = taken.unreadable.iter().map(|one| (one.path.as_str(), one.cause.as_str())).collect();
    let too_many = "without its extended attributes \"user.17\", \"user.18\", \"user.19\": of one file up to 1 MiB of \
                    attributes are stored";
    let no_text = "without its extended attributes \"user.\\xe9\": their names have to be UTF-8 to be stored";
    assert_eq!(told, [("many", too_many), ("odd", no_text)]);
    assert_eq!(taken.files, 2, "the files are there all the same");
    let target = tempfile::tempdir_in("/dev/shm").unwrap();
    restore(&repository, &taken.snapshot, &target.path().join("target"), OnConflict::Skip).await;
    assert_eq!(attributes_of(&target.path().join("target/many")).len(), 17);
}

fn unset(report: &RestoreReport, property: Property) -> Option<&Unset> {
    report.unset.iter().find(|unset| unset.property == property)
}

/// ramfs keeps no attributes.
#[tokio::test]
async fn what_the_file_system_cannot_keep_is_told_by_kind() {
    let world = World::start().await;
    let repository = world.repository().await;
    exact::make(&world.source());
    for number in 0..30 {
        fs::write(world.source().join(format!("many {number}")), "x").unwrap();
        xattr::set(world.source().join(format!("many {number}")), "user.x", b"x").unwrap();
    }
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let Some(_mounted) = Mount::new("ramfs", "rw", &world.target("mounted")) else { return };
    let report = restore(&repository, &taken, &world.target("mounted/target"), OnConflict::Skip).await;
    assert_eq!(report.warnings, [], "all files are there");
    let of = |property| unset(&report, property).map(|unset| (unset.files, unset.examples.len(), unset.cause.as_str()));
    let none = "the file system has none such";
    assert_eq!(of(Property::ExtendedAttributes), Some((32, 10, none)));
    assert_eq!(of(Property::AccessControlList), Some((2, 2, none)));
    assert_eq!(of(Property::Capabilities), Some((1, 1, none)));
    assert_eq!(report.unset.len(), 3, "{:?}", report.unset);
    assert_eq!(unset(&report, Property::Capabilities).unwrap().examples, ["program"]);
}

#[tokio::test]
async fn capabilities_come_back_only_where_it_is_asked_for() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::write(world.source().join("program"), "#!/bin/sh\n").unwrap();
    xattr::set(world.source().join("program"), "security.capability", &CAPABILITY).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    for (lending_bits, warned) in [(false, 1), (true, 0)] {
        let target = world.target(&format!("target {lending_bits}"));
        let request = RestoreRequest { lending_bits, ..restore_request(&taken, &target, OnConflict::Skip) };
        let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
        assert_eq!((report.warnings.len(), report.unset.len()), (warned, 0), "{report:?}");
        let restored = xattr::get(target.join("program"), "security.capability").unwrap();
        assert_eq!(restored.is_some(), lending_bits);
    }
}

#[tokio::test]
async fn owners_come_back_by_name_where_it_is_asked_for() {
    let world = World::start().await;
    let repository = world.repository().await;
    for (name, owner) in [("of daemon", 1), ("of nobody known", 123_456)] {
        fs::write(world.source().join(name), name).unwrap();
        std::os::unix::fs::chown(world.source().join(name), Some(owner), Some(owner)).unwrap();
    }
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let mut request = restore_request(&taken, &world.target("target"), OnConflict::Skip);
    request.target = request.target.with_owners(Owners::ByName);
    let report = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap();
    assert_eq!((report.warnings, report.unset), (Vec::new(), Vec::new()));
    for (name, owner) in [("of daemon", 1), ("of nobody known", 123_456)] {
        let restored = world.target("target").join(name).metadata().unwrap();
        assert_eq!((restored.uid(), restored.gid()), (owner, owner), "{name}");
    }
}

/// Inodes by name.
fn inode(path: &Path) -> u64 {
    path.symlink_metadata().unwrap().ino()
}

#[tokio::test]
async fn further_names_are_given_whatever_is_in_the_way() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::create_dir(world.source().join("folder")).unwrap();
    fs::write(world.source().join("a"), "one file").unwrap();
    for name in ["b", "folder/c"] {
        fs::hard_link(world.source().join("a"), world.source().join(name)).unwrap();
    }
    std::os::unix::fs::symlink("a", world.source().join("link 1")).unwrap();
    fs::hard_link(world.source().join("link 1"), world.source().join("link 2")).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;

    // The first name is taken: the second one is the file, and the third one is one with it.
    let target = world.target("skip");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("a"), "was here").unwrap();
    let report = restore(&repository, &taken, &target, OnConflict::Skip).await;
    assert_eq!((report.files, report.skipped, report.warnings), (4, 1, Vec::new()));
    assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "was here");
    assert_eq!(fs::read_to_string(target.join("b")).unwrap(), "one file");
    assert_eq!(inode(&target.join("b")), inode(&target.join("folder/c")));
    assert_eq!(inode(&target.join("link 1")), inode(&target.join("link 2")));

    // Beside what is there.
    let report = restore(&repository, &taken, &target, OnConflict::KeepBoth).await;
    assert_eq!((report.files, report.warnings), (5, Vec::new()));
    let beside = ["a (restored)", "b (restored)", "folder/c (restored)"].map(|name| inode(&target.join(name)));
    assert!(beside[0] == beside[1] && beside[1] == beside[2] && beside[0] != inode(&target.join("b")));

    // Over what is one file already, with other content.
    fs::write(target.join("b"), "changed").unwrap();
    for _ in 0..2 {
        let report = restore(&repository, &taken, &target, OnConflict::Overwrite).await;
        assert_eq!((report.files, report.warnings), (5, Vec::new()));
        let names = ["a", "b", "folder/c"].map(|name| inode(&target.join(name)));
        assert!(names[0] == names[1] && names[1] == names[2]);
        assert_eq!(fs::read_to_string(target.join("folder/c")).unwrap(), "one file");
    }
    let left: Vec<_> =
        files::look(&target).into_keys().filter(|path| path.to_string_lossy().contains(".part")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_further_name_on_another_file_system_is_a_copy_and_told() {
    let world = World::start().await;
    let repository = world.repository().await;
    fs::create_dir(world.source().join("b")).unwrap();
    let file = File::create(world.source().join("a")).unwrap();
    file.set_len(3 << 20).unwrap();
    file.write_all_at(&files::noise(1, 100_000), 1 << 20).unwrap();
    set_time(&world.source().join("a"), -5, 5);
    fs::hard_link(world.source().join("a"), world.source().join("b/a")).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    let Some(_mounted) = Mount::new("tmpfs", "size=8m", &world.target("target/b")) else { return };
    let report = restore(&repository, &taken, &world.target("target"), OnConflict::Skip).await;
    assert_eq!((report.files, report.warnings.as_slice()), (2, [].as_slice()));
    assert_eq!(unset(&report, Property::HardLink).unwrap().examples, ["b/a"], "{:?}", report.unset);
    files::assert_same(&world.source().join("b"), &world.target("target/b"));
    let taken = world.target("target/b/a").metadata().unwrap().blocks() * 512;
    assert!(taken < 1 << 20, "holes are not copied: {taken}");
}

#[tokio::test]
async fn a_restore_that_does_not_fit_is_refused_and_one_that_fits_is_not() {
    let world = World::start().await;
    let repository = world.repository().await;
    let source = world.source();
    fs::write(source.join("noise"), files::noise(1, 20 << 20)).unwrap();
    let too_much = snapshot(&repository, &source).await.snapshot;
    fs::write(source.join("noise"), files::noise(1, 5 << 20)).unwrap();
    fs::hard_link(source.join("noise"), source.join("noise again")).unwrap();
    File::create(source.join("hole")).unwrap().set_len(1 << 30).unwrap();
    fs::write(source.join("zeros"), vec![0; 4 << 20]).unwrap();
    let fits = snapshot(&repository, &source).await.snapshot;
    let Some(_mounted) = Mount::new("tmpfs", "size=8m", &world.target("small")) else { return };
    let target = world.target("small/new/target");

    let request = restore_request(&too_much, &target, OnConflict::Skip);
    let refused = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap_err();
    let RepositoryError::NoSpace { needed, available, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!((*needed, *available), (20 << 20, 8 << 20));
    println!("{refused}");
    assert!(refused.to_string().contains("20.0 MiB") && refused.to_string().contains("8.0 MiB"), "{refused}");
    assert!(!world.target("small/new").exists(), "nothing was written");

    let report = restore(&repository, &fits, &target, OnConflict::Skip).await;
    assert_eq!((report.files, report.warnings), (4, Vec::new()));
    // What is there already takes no room.
    assert_eq!(restore(&repository, &fits, &target, OnConflict::Skip).await.skipped, 4);
    // A file is replaced when the new one is complete.
    for on_conflict in [OnConflict::KeepBoth, OnConflict::Overwrite] {
        let request = restore_request(&fits, &target, on_conflict);
        let refused = repository.restore(request, Arc::new(()), CancellationToken::new()).await.unwrap_err();
        assert!(matches!(refused, RepositoryError::NoSpace { .. }), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_of_a_terabyte_takes_seconds() {
    let world = World::start().await;
    let repository = world.repository().await;
    let file = File::create(world.source().join("terabyte")).unwrap();
    file.set_len(1 << 40).unwrap();
    file.write_all_at(b"at the end", (1 << 40) - 10).unwrap();
    let began = Instant::now();
    let taken = repository.snapshot(request(&world.source()), Arc::new(()), CancellationToken::new()).await.unwrap();
    println!("backed up in {:?}", began.elapsed());
    assert!(began.elapsed().as_secs() < 30);
    let began = Instant::now();
    let report = restore(&repository, &taken.snapshot, &world.target("target"), OnConflict::Skip).await;
    println!("restored in {:?}", began.elapsed());
    assert!(began.elapsed().as_secs() < 30);
    assert_eq!((report.bytes, report.warnings), (1 << 40, Vec::new()));
    let restored = world.target("target/terabyte").metadata().unwrap();
    assert!(restored.blocks() * 512 < 16 << 20, "{} blocks", restored.blocks());
}

#[tokio::test]
async fn modes_of_fifos_and_folders_do_not_depend_on_the_umask() {
    let world = World::start().await;
    let repository = world.repository().await;
    let fifo = world.source().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::set_permissions(&fifo, fs::Permissions::from_mode(0o666)).unwrap();
    let taken = snapshot(&repository, &world.source()).await.snapshot;
    restore(&repository, &taken, &world.target("target"), OnConflict::Skip).await;
    assert_eq!(world.target("target/fifo").metadata().unwrap().mode() & 0o7777, 0o666);
}

const ENDPOINT: &str = "HOLDFAST_TEST_ENDPOINT";
const TARGET: &str = "HOLDFAST_TEST_TARGET";
/// Neither root nor an owner of what is restored.
const NOBODY: &str = "65534";

/// What only root may set is told by kind, and everything else is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_without_roots_rights_tells_what_it_may_not_set() {
    let world = World::start().await;
    exact::make(&world.source());
    snapshot(&world.repository().await, &world.source()).await;
    let target = world.target("target");
    fs::create_dir(&target).unwrap();
    std::os::unix::fs::chown(&target, Some(65_534), Some(65_534)).unwrap();
    fs::set_permissions(world.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let output = Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "fidelity::role", "--nocapture"])
        .env(ENDPOINT, world.server.endpoint().as_str())
        .env(TARGET, &target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let told: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("unset ")).collect();
    // A file is counted once, whatever names it has.
    let all = exact::look(&world.source()).iter().filter(|(path, seen)| **path == seen.first_name).count();
    let may_not = "permission denied";
    assert_eq!(
        told,
        [
            format!("Owner {all} {may_not}"),
            format!("Capabilities 1 {may_not}"),
            format!("ExtendedAttributes 1 {may_not}"),
        ]
    );
    let restored = exact::look(&target);
    for (path, seen) in exact::look(&world.source()) {
        let other = &restored[&path];
        assert!(seen.content == other.content, "{}", path.display());
        assert_eq!((seen.modified, seen.first_name), (other.modified, other.first_name.clone()), "{}", path.display());
        let given = |(name, _): &(&std::ffi::OsString, &Vec<u8>)| {
            !matches!(name.to_str(), Some("trusted.root" | "security.capability"))
        };
        let expected: Vec<_> = seen.attributes.iter().filter(given).collect();
        assert_eq!(expected, other.attributes.iter().collect::<Vec<_>>(), "{}", path.display());
    }
}

/// Not a test of its own: a restore by another user.
#[tokio::test(flavor = "multi_thread")]
async fn role() {
    let (Ok(endpoint), Ok(target)) = (std::env::var(ENDPOINT), std::env::var(TARGET)) else { return };
    let (repository, _) = Repository::open_or_create(repository_config(endpoint.parse().unwrap())).await.unwrap();
    let snapshot = repository.snapshots().await.unwrap().pop().unwrap().id;
    let report = restore(&repository, &snapshot, Path::new(&target), OnConflict::Skip).await;
    assert_eq!(report.warnings, []);
    for Unset { property, cause, files, .. } in report.unset {
        println!("unset {property:?} {files} {cause}");
    }
}
